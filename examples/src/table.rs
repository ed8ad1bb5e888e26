use std::fmt;

/// Figures of some rivals, one a row, beside those of the first row, which is ours.
///
/// ```
/// use goo_pool_examples::{Better, Column, Table};
///
/// let mut table = Table::new(&[
///     Column { name: "speed", unit: "frames/s", better: Better::More },
///     Column { name: "memory", unit: "bytes", better: Better::Less },
/// ]);
/// table.row("ours", &[100.0, 10.0]);
/// table.row("theirs", &[50.0, 9.0]);
/// let text = table.to_string();
/// assert!(text.contains("theirs") && text.contains("×2.00") && text.contains("×0.90"));
/// assert!(text.ends_with("ours is beaten here: memory by theirs (×0.90).\n"));
/// ```
#[derive(Debug)]
#[must_use = "nothing is shown before it is printed"]
pub struct Table<'a> {
    columns: &'a [Column],
    rows: Vec<(&'a str, Vec<f64>)>,
}

/// What a column is about.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// What stands above it.
    pub name: &'static str,
    /// What it counts.
    pub unit: &'static str,
    /// Which end is the good one.
    pub better: Better,
}

/// Which of two figures is the better one.
#[derive(Clone, Copy, Debug)]
pub enum Better {
    /// The lower, as of times.
    Less,
    /// The higher, as of speeds.
    More,
}

impl<'a> Table<'a> {
    /// A table without rows.
    pub fn new(columns: &'a [Column]) -> Self {
        Table { columns, rows: Vec::new() }
    }

    /// A further row, with a figure for each column.
    ///
    /// # Panics
    ///
    /// If there are more or fewer figures than columns.
    pub fn row(&mut self, name: &'a str, figures: &[f64]) {
        assert_eq!(figures.len(), self.columns.len(), "a figure for each column");
        self.rows.push((name, figures.to_vec()));
    }

    /// How many times worse than the first row this one is.
    fn times_worse(&self, figures: &[f64], column: usize) -> f64 {
        let (own, first) = (figures[column], self.rows[0].1[column]);
        match self.columns[column].better {
            Better::Less => own / first,
            Better::More => first / own,
        }
    }

    /// Whoever is better than the first row, and where.
    fn beaten_by(&self) -> Vec<String> {
        let mut all = Vec::new();
        for (index, column) in self.columns.iter().enumerate() {
            let rivals = self.rows.iter().map(|(name, figures)| (name, self.times_worse(figures, index)));
            // As it is printed: nobody is beaten by ×1.00.
            let winners =
                rivals.filter(|(_, times)| *times < 0.995).map(|(name, times)| format!("{name} (×{times:.2})"));
            let winners: Vec<_> = winners.collect();
            if !winners.is_empty() {
                all.push(format!("{} by {}", column.name, winners.join(", ")));
            }
        }
        all
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for heading in [|column: &Column| column.name, |column: &Column| column.unit] {
            let headings: String =
                self.columns.iter().map(|column| format!("{:>11}       ", heading(column))).collect();
            writeln!(f, "{:width$}{}", "", headings.trim_end())?;
        }
        for (row, (name, figures)) in self.rows.iter().enumerate() {
            let cell = |(index, figure): (usize, &f64)| {
                let times = if row == 0 { String::new() } else { format!("×{:.2}", self.times_worse(figures, index)) };
                format!("{figure:>11.1} {times:<6}")
            };
            let cells: String = figures.iter().enumerate().map(cell).collect();
            writeln!(f, "{name:width$}{}", cells.trim_end())?;
        }
        let Some((first, _)) = self.rows.first() else { return Ok(()) };
        writeln!(f, "× is how many times worse than {first}; below ×1.00 it is better.")?;
        match &self.beaten_by()[..] {
            [] => writeln!(f, "{first} is beaten nowhere."),
            places => writeln!(f, "{first} is beaten here: {}.", places.join("; ")),
        }
    }
}
