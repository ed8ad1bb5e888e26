//! A run of the workloads for threads: what its program leaves in a file, and the README's sections about it.

use std::{error::Error, fs, path::Path, time::SystemTime};

use serde::{Deserialize, Serialize};

use super::{
    digits,
    goals::{self, Bound, Goal},
    results::{Figure, Results},
    table::table,
};
use crate::threads::{
    memory::Held,
    passes::Passes,
    plan::{CURVE, THREADS},
};

/// Who the others are measured against.
const REFERENCE: &str = "SyncPool";
const BYTES: u32 = 64;

/// What was measured in one run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Where.
    pub machine: String,
    /// The table's figures and the curve's.
    pub figures: Vec<Passes>,
    /// What the subjects hold afterwards.
    pub memory: Vec<Held>,
}

impl Measured {
    /// Reads what [`write`](Self::write) wrote.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is something else.
    pub fn read(file: &Path) -> Result<Self, Box<dyn Error>> {
        let name = |error: &dyn Error| format!("{}: {error}", file.display());
        let bytes = fs::read(file).map_err(|error| name(&error))?;
        Ok(serde_json::from_slice(&bytes).map_err(|error| name(&error))?)
    }

    /// Writes all into a file.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write(&self, file: &Path) -> Result<(), Box<dyn Error>> {
        let text = serde_json::to_string(self)?;
        Ok(fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))?)
    }

    /// The table's figures.
    pub fn table(&self) -> Results {
        self.results(|workload| !workload.contains('@'))
    }

    fn results(&self, wanted: impl Fn(&str) -> bool) -> Results {
        let figure = |passes: &Passes| Figure {
            workload: passes.workload.clone(),
            subject: passes.subject.clone(),
            bytes: passes.bytes,
            nanos: passes.nanos.clone(),
            when: SystemTime::UNIX_EPOCH,
        };
        let figures: Vec<Figure> = self.figures.iter().filter(|f| wanted(&f.workload)).map(figure).collect();
        Results::from(figures).against(REFERENCE)
    }

    /// The parts of the README that this run fills. One with nothing measured is left out.
    pub fn sections(&self) -> Vec<(&'static str, String)> {
        let results = self.table();
        let tables: Vec<String> = results.sizes().into_iter().rev().map(|bytes| table(&results, bytes)).collect();
        [
            ("threads", tables.join("\n")),
            ("curve", self.curve()),
            ("threads-memory", self.memory()),
            ("threads-goals", goals::table(&self.goals())),
        ]
        .into_iter()
        .filter(|(_, body)| !body.is_empty())
        .map(|(name, body)| (name, format!("{}.\n\n{body}", self.machine)))
        .collect()
    }

    /// The throughput with more and more threads, a table for each workload.
    pub fn curve(&self) -> String {
        let results = self.results(|workload| workload.contains('@'));
        let mut tables = Vec::new();
        for workload in CURVE {
            let mut text = format!("| `{workload}`, million objects a second |");
            THREADS.iter().for_each(|threads| text += &format!(" {threads} |"));
            text += &format!("\n|---|{}\n", "--:|".repeat(THREADS.len()));
            let mut rows = 0;
            for subject in results.subjects(BYTES) {
                let point = |threads| results.nanos(&at(workload, threads), subject, BYTES);
                if THREADS.into_iter().all(|threads| point(threads).is_none()) {
                    continue;
                }
                text += &format!("| {subject} |");
                for threads in THREADS {
                    text += &format!(" {} |", point(threads).map(|nanos| digits(1e3 / nanos)).unwrap_or_default());
                }
                text += "\n";
                rows += 1;
            }
            if rows > 0 {
                tables.push(text);
            }
        }
        tables.join("\n")
    }

    fn memory(&self) -> String {
        if self.memory.is_empty() {
            return String::new();
        }
        let mut text = String::from(
            "| | most live objects, MB | resident when all are freed, MB | times the most |\n|---|--:|--:|--:|\n",
        );
        for held in &self.memory {
            let (peak, resident) = (held.peak as f64 / 1e6, held.resident as f64 / 1e6);
            text += &format!("| {} | {peak:.1} | {resident:.1} | {:.2} |\n", held.subject, held.times());
        }
        text
    }

    /// What we set out to reach.
    fn goals(&self) -> Vec<Goal> {
        let results = self.table();
        let versus = |workload: &str, above: &str, below: &str, asked| Goal {
            what: format!("`{workload}`: {above} / {below}"),
            asked,
            measured: results.ratio((workload, above), (workload, below), BYTES),
            net: goals::net_ratio(&results, workload, above, below, BYTES),
        };
        let mut goals = vec![
            versus("pair", REFERENCE, "Pool", Bound::AtMost(1.6)),
            versus("pair", "mimalloc", REFERENCE, Bound::AtLeast(2.5)),
            versus("xmalloc", "mimalloc", REFERENCE, Bound::AtLeast(1.5)),
            versus("xmalloc", "snmalloc", REFERENCE, Bound::AtLeast(1.0)),
            versus("larson", "mimalloc", REFERENCE, Bound::AtLeast(1.5)),
        ];
        goals.extend(self.curve_goals());
        goals.push(Goal {
            what: format!("memory after producers and consumers / most live, {REFERENCE}"),
            asked: Bound::AtMost(2.0),
            measured: self.memory.iter().find(|held| held.subject == REFERENCE).map(Held::times),
            net: None,
        });
        goals
    }

    /// What we set out to reach on the curve.
    pub fn curve_goals(&self) -> [Goal; CURVE.len()] {
        CURVE.map(|workload| Goal {
            what: format!("`{workload}`: throughput with more threads / with fewer, the worst two of 1, 2, 4, 8, 16"),
            asked: Bound::AtLeast(STEADY),
            measured: self.worst_step(workload),
            net: None,
        })
    }

    /// The least that any number of threads does beside any smaller one.
    fn worst_step(&self, workload: &str) -> Option<f64> {
        let results = self.results(|name| name.contains('@'));
        let mut worst: Option<f64> = None;
        for (i, &more) in THREADS.iter().enumerate() {
            for &fewer in &THREADS[..i] {
                // Throughput is one by time.
                let (fewer, more) = (at(workload, fewer), at(workload, more));
                let ratio = results.ratio((&fewer, REFERENCE), (&more, REFERENCE), BYTES)?;
                worst = Some(worst.map_or(ratio, |worst| worst.min(ratio)));
            }
        }
        worst
    }
}

/// What counts as "does not fall": with more threads than cores nothing is gained, and two equal throughputs differ by a few
/// hundredths from run to run.
const STEADY: f64 = 0.95;

fn at(workload: &str, threads: usize) -> String {
    format!("{workload}@{threads}")
}

#[cfg(test)]
mod tests {
    use super::{Measured, REFERENCE};
    use crate::threads::{
        memory::Held,
        passes::Passes,
        plan::{CURVE, THREADS},
    };

    fn passes(workload: &str, subject: &str, nanos: &[f64]) -> Passes {
        Passes { workload: workload.into(), subject: subject.into(), bytes: 64, nanos: nanos.to_vec() }
    }

    fn measured(figures: Vec<Passes>) -> Measured {
        Measured { machine: "an abacus".into(), figures, memory: Vec::new() }
    }

    #[test]
    fn the_curve_is_throughput_and_its_worst_fall_is_judged() {
        let nanos = [4.0, 2.0, 2.5, 2.0, 2.0];
        let figures = THREADS.iter().zip(nanos).map(|(n, nanos)| passes(&format!("larson@{n}"), REFERENCE, &[nanos]));
        let run = measured(figures.collect());
        let curve = run.curve();
        assert!(curve.contains(&format!("| {REFERENCE} | 250 | 500 | 400 | 500 | 500 |")), "{curve}");
        assert!(!curve.contains("`pair`"), "a table without a row: {curve}");

        let goals = run.goals();
        let goal = |workload: &str| goals.iter().find(|goal| goal.what.starts_with(workload)).unwrap();
        assert_eq!(goal("`larson`: throughput").measured, Some(0.8));
        assert_eq!(goal("`larson`: throughput").reached(), Some(false));
        assert_eq!(goal("`pair`: throughput").measured, None);
        assert_eq!(goals.iter().filter(|goal| goal.what.contains("throughput")).count(), CURVE.len());
    }

    #[test]
    fn goals_compare_within_a_pass() {
        let run = measured(vec![
            passes("pair", "Pool", &[1.0, 2.0, 1.0]),
            passes("pair", REFERENCE, &[1.5, 3.0, 9.0]),
            passes("pair", "mimalloc", &[6.0, 12.0, 6.0]),
        ]);
        let measured: Vec<_> = run.goals().into_iter().filter_map(|goal| goal.measured).collect();
        assert_eq!(measured, [1.5, 4.0]);
    }

    #[test]
    fn a_file_holds_the_run_and_only_what_was_measured_has_a_section() {
        let mut run = measured(vec![passes("pair", REFERENCE, &[1.0])]);
        run.memory.push(Held { subject: REFERENCE.into(), peak: 2_000_000, resident: 3_000_000 });
        let file = std::env::temp_dir().join(format!("goo-pool-threads-{}.json", std::process::id()));
        run.write(&file).unwrap();
        let sections = Measured::read(&file).unwrap().sections();
        std::fs::remove_file(&file).unwrap();

        let names: Vec<_> = sections.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["threads", "threads-memory", "threads-goals"]);
        assert!(sections[1].1.contains("| SyncPool | 2.0 | 3.0 | 1.50 |"), "{}", sections[1].1);
        assert!(sections.iter().all(|(_, body)| body.starts_with("an abacus.\n\n")));
        assert!(Measured::read(&file).unwrap_err().to_string().contains("goo-pool-threads"));
    }
}
