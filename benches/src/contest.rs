//! A table of contestants who take turns: how the benches of what stands on top of the pools are measured.
//!
//! Each figure comes from a dozen short passes. In a pass every contestant of a row runs once, so that they meet the
//! machine in the same moods; a ratio is the median of the passes' ratios.
//!
//! ```no_run
//! use std::time::Instant;
//! use goo_pool_benches::contest::Contest;
//!
//! let mut contest = Contest::new("hashes", "what a key is");
//! contest.row("8 bytes", 1_000_000).run("ours", |operations| {
//!     let start = Instant::now();
//!     for _ in 0..operations { /* one operation */ }
//!     start.elapsed()
//! });
//! contest.finish(); // prints the table, and leaves it where `--bin report -- contests --write` finds it
//! ```

use std::{env, fs, time::Duration};

use crate::report::{digits, home, machine, target, times};

/// Passes that count. One more comes first, in which pools grow and caches fill.
const PASSES: usize = 15;
/// What one operation of a row is cut down to when all runs only once, to see that it does.
const SMOKE: u64 = 1_000;

/// Times so many operations, however it likes to prepare for them.
type Run = Box<dyn FnMut(u64) -> Duration>;

/// A table: a workload a row, a contestant a column.
#[must_use = "nothing is measured before `finish`"]
pub struct Contest {
    name: &'static str,
    /// What the first column is about.
    corner: &'static str,
    /// In the order of the columns. The first is whom the others are measured against.
    contestants: Vec<&'static str>,
    rows: Vec<Row>,
}

/// A workload.
pub struct Row {
    name: String,
    operations: u64,
    runs: Vec<(&'static str, Run)>,
}

impl Row {
    /// A contestant: `run` takes how many operations are to be done, and returns how long they took. It checks its results.
    pub fn run(&mut self, contestant: &'static str, run: impl FnMut(u64) -> Duration + 'static) -> &mut Self {
        self.runs.push((contestant, Box::new(run)));
        self
    }
}

/// Whether all runs only once: as criterion sees it, without `--bench` (`cargo test`) or with `--test`.
#[must_use]
pub fn is_smoke() -> bool {
    let has = |flag: &str| env::args().any(|argument| argument == flag);
    has("--test") || !has("--bench")
}

impl Contest {
    /// A contest, by the name of its bench; `corner` stands above its rows' names.
    pub fn new(name: &'static str, corner: &'static str) -> Self {
        Contest { name, corner, contestants: Vec::new(), rows: Vec::new() }
    }

    /// A further workload; a pass of it is so many operations of each contestant.
    pub fn row(&mut self, name: impl Into<String>, operations: u64) -> &mut Row {
        self.rows.push(Row { name: name.into(), operations, runs: Vec::new() });
        self.rows.last_mut().expect("the row just pushed")
    }

    /// Measures all, prints the table, and keeps it for the report. An argument that is no option names the rows that are wanted,
    /// by a part of their name; the table is not kept then.
    ///
    /// # Panics
    ///
    /// If the table cannot be written.
    pub fn finish(mut self) {
        let smoke = is_smoke();
        let filter = env::args().skip(1).find(|argument| !argument.starts_with('-'));
        self.rows.retain(|row| filter.as_ref().is_none_or(|filter| row.name.contains(filter)));
        for (name, _) in self.rows.iter().flat_map(|row| &row.runs) {
            if !self.contestants.contains(name) {
                self.contestants.push(name);
            }
        }
        let table = self.table(if smoke { 0 } else { PASSES });
        println!("{table}");
        if !smoke && filter.is_none() {
            let folder = target().join("contests");
            fs::create_dir_all(&folder).expect("a folder for the tables");
            let text = format!("{}.\n\n{table}", machine::describe(home()));
            fs::write(folder.join(self.name).with_extension("md"), text).expect("a file for the table");
        }
    }

    fn table(&mut self, passes: usize) -> String {
        let columns: String = self.contestants.iter().map(|name| format!(" {name} |")).collect();
        let mut text = format!("| {} |{columns}\n|---|{}\n", self.corner, "--:|".repeat(self.contestants.len()));
        for row in &mut self.rows {
            let nanos = row.measure(passes);
            let cells = self.contestants.iter().map(|name| cell(&nanos, name)).collect::<Vec<_>>();
            text += &format!("| {} | {} |\n", row.name, cells.join(" | "));
        }
        text
    }
}

impl Row {
    /// Nanoseconds for one operation, pass by pass.
    fn measure(&mut self, passes: usize) -> Vec<(&'static str, Vec<f64>)> {
        let operations = if passes == 0 { self.operations.min(SMOKE) } else { self.operations };
        // They go with their row, and their memory with them.
        let mut runs = std::mem::take(&mut self.runs);
        let mut nanos: Vec<_> = runs.iter().map(|(name, _)| (*name, Vec::new())).collect();
        for pass in 0..=passes {
            for ((_, run), (_, nanos)) in runs.iter_mut().zip(&mut nanos) {
                let time = run(operations).as_nanos() as f64 / operations as f64;
                if pass > 0 {
                    nanos.push(time);
                }
            }
        }
        nanos
    }
}

/// The median, and how many times the first contestant's it is. Empty for who takes no part.
fn cell(nanos: &[(&str, Vec<f64>)], contestant: &str) -> String {
    let Some((_, own)) = nanos.iter().find(|(name, _)| *name == contestant) else { return String::new() };
    let Some(figure) = median(own.clone()) else { return "ran".into() };
    let (first, reference) = &nanos[0];
    if *first == contestant {
        return format!("**{}**", digits(figure));
    }
    let ratios = own.iter().zip(reference).map(|(own, reference)| own / reference).collect();
    format!("{} {}", digits(figure), times(median(ratios).unwrap_or(f64::NAN)))
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

impl std::fmt::Debug for Contest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contest").field("name", &self.name).field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let contestants: Vec<_> = self.runs.iter().map(|(name, _)| name).collect();
        f.debug_struct("Row").field("name", &self.name).field("contestants", &contestants).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Contest, cell};

    #[test]
    fn ratios_are_taken_pass_by_pass() {
        let nanos = [("ours", vec![1.0, 10.0, 2.0]), ("theirs", vec![3.0, 20.0, 6.0])];
        assert_eq!(cell(&nanos, "ours"), "**2.00**");
        assert_eq!(cell(&nanos, "theirs"), "6.00 ×3.0");
        assert_eq!(cell(&nanos, "absent"), "");
    }

    #[test]
    fn everybody_has_a_column_and_a_turn_in_every_pass() {
        let mut contest = Contest::new("test", "work");
        contest.row("a", 10).run("ours", Duration::from_nanos).run("theirs", |n| Duration::from_nanos(2 * n));
        contest.row("b", 10).run("theirs", |n| Duration::from_nanos(5 * n));
        contest.contestants = vec!["ours", "theirs"];
        assert_eq!(
            contest.table(3),
            "| work | ours | theirs |\n|---|--:|--:|\n| a | **1.00** | 2.00 ×2.0 |\n| b |  | **5.00** |\n"
        );
    }
}
