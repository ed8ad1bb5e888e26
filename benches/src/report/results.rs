//! The figures: criterion's, read from where it leaves them, and those that are taken in passes.

use std::{
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use serde::Deserialize;

use super::{REFERENCE, WORKLOADS};
use crate::{subjects, threads};

/// One figure: what an operation of one workload costs one subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The workload's name.
    pub workload: String,
    /// The subject's name.
    pub subject: String,
    /// The object's size.
    pub bytes: u32,
    /// Nanoseconds for one operation, pass by pass. Of criterion, which knows no passes, one: the median of its samples. Other
    /// load on the machine makes some samples longer and none shorter; a mean would carry it.
    pub nanos: Vec<f64>,
    /// When it was measured.
    pub when: SystemTime,
}

/// All figures of a run.
#[derive(Clone, Debug)]
pub struct Results {
    figures: Vec<Figure>,
    reference: &'static str,
}

#[derive(Deserialize)]
struct Benchmark {
    group_id: String,
    function_id: String,
    value_str: String,
    throughput: Throughput,
}

#[derive(Deserialize)]
struct Throughput {
    #[serde(rename = "Elements")]
    elements: u64,
}

#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

impl Results {
    /// Reads all figures under `directory`, usually `target/criterion`.
    ///
    /// # Errors
    ///
    /// If there are none, or a file cannot be read as what criterion writes.
    pub fn read(directory: &Path) -> Result<Self, Box<dyn Error>> {
        let mut runs = Vec::new();
        find_runs(directory, &mut runs).map_err(|error| format!("{}: {error}", directory.display()))?;
        let figures: Vec<Figure> = runs
            .iter()
            .map(|run| read_figure(run).map_err(|error| format!("{}: {error}", run.display())))
            .collect::<Result<_, _>>()?;
        if figures.is_empty() {
            return Err(format!("{}: no figures", directory.display()).into());
        }
        Ok(figures.into())
    }

    /// The same figures, seen from another subject.
    pub fn against(self, reference: &'static str) -> Self {
        Results { reference, ..self }
    }

    /// Who the others are measured against.
    pub fn reference(&self) -> &'static str {
        self.reference
    }

    /// Nanoseconds for one operation.
    pub fn nanos(&self, workload: &str, subject: &str, bytes: u32) -> Option<f64> {
        median(self.passes((workload, subject), bytes)?.iter().copied())
    }

    /// How many times as long one takes as the other, each a workload and a subject: the median of the passes' ratios, since what
    /// one pass compares was measured in the same moment.
    pub fn ratio(&self, above: (&str, &str), below: (&str, &str), bytes: u32) -> Option<f64> {
        let (above, below) = (self.passes(above, bytes)?, self.passes(below, bytes)?);
        median(above.iter().zip(below).map(|(above, below)| above / below))
    }

    fn passes(&self, (workload, subject): (&str, &str), bytes: u32) -> Option<&[f64]> {
        let wanted = |f: &&Figure| f.workload == workload && f.subject == subject && f.bytes == bytes;
        self.figures.iter().find(wanted).map(|f| f.nanos.as_slice())
    }

    /// The workloads that have a figure for this size, in the order of [`WORKLOADS`] or of the
    /// [threads' workloads](threads::plan::WORKLOADS).
    pub fn workloads(&self, bytes: u32) -> Vec<&str> {
        let order = [WORKLOADS.as_slice(), &threads::plan::WORKLOADS].concat();
        ordered(self.of_size(bytes).map(|f| f.workload.as_str()), &order)
    }

    /// The subjects that have a figure for this size, in the order of [`subjects::NAMES`].
    pub fn subjects(&self, bytes: u32) -> Vec<&str> {
        ordered(self.of_size(bytes).map(|f| f.subject.as_str()), &subjects::NAMES)
    }

    /// The sizes of objects that have figures.
    pub fn sizes(&self) -> Vec<u32> {
        let mut sizes: Vec<u32> = self.figures.iter().map(|f| f.bytes).collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    /// The time from the first figure to the last. Hours: they come from several runs, and ratios between them
    /// say nothing.
    pub fn span(&self) -> Duration {
        let times = || self.figures.iter().map(|f| f.when);
        match (times().min(), times().max()) {
            (Some(first), Some(last)) => last.duration_since(first).unwrap_or_default(),
            _ => Duration::ZERO,
        }
    }

    fn of_size(&self, bytes: u32) -> impl Iterator<Item = &Figure> {
        self.figures.iter().filter(move |f| f.bytes == bytes)
    }
}

impl From<Vec<Figure>> for Results {
    fn from(figures: Vec<Figure>) -> Self {
        Results { figures, reference: REFERENCE }
    }
}

/// The one in the middle, or the mean of the two.
fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let upper = values.len() / 2;
    let lower = values.len().checked_sub(1)? / 2;
    Some((values[lower] + values[upper]) / 2.0)
}

/// Each name once: first those in `order`, then the others by the alphabet.
fn ordered<'a>(names: impl Iterator<Item = &'a str>, order: &[&str]) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.collect();
    names.sort_by_key(|name| (order.iter().position(|o| o == name).unwrap_or(order.len()), *name));
    names.dedup();
    names
}

/// Finds the folders named `new`: criterion keeps its last run in them, and the one before in `base`.
fn find_runs(directory: &Path, runs: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        if path.file_name().is_some_and(|name| name == "new") {
            runs.push(path);
        } else {
            find_runs(&path, runs)?;
        }
    }
    Ok(())
}

fn read_figure(run: &Path) -> Result<Figure, Box<dyn Error>> {
    let estimates_path = run.join("estimates.json");
    let benchmark: Benchmark = serde_json::from_slice(&fs::read(run.join("benchmark.json"))?)?;
    let estimates: Estimates = serde_json::from_slice(&fs::read(&estimates_path)?)?;
    Ok(Figure {
        workload: benchmark.group_id,
        subject: benchmark.function_id,
        bytes: benchmark.value_str.parse()?,
        nanos: vec![estimates.median.point_estimate / benchmark.throughput.elements as f64],
        when: fs::metadata(estimates_path)?.modified()?,
    })
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf, time::SystemTime};

    use super::{Figure, Results};

    /// A folder as criterion leaves it, gone with the value.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("goo-pool-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Folder(path)
        }

        fn add(&self, workload: &str, subject: &str, bytes: u32, operations: u64, median: f64) {
            for (run, median) in [("new", median), ("base", 1e9)] {
                let run = self.0.join(workload).join(subject).join(bytes.to_string()).join(run);
                fs::create_dir_all(&run).unwrap();
                let benchmark = format!(
                    r#"{{"group_id":"{workload}","function_id":"{subject}","value_str":"{bytes}",
                        "throughput":{{"Elements":{operations}}},"title":"not read"}}"#
                );
                let estimates =
                    format!(r#"{{"mean":{{"point_estimate":0.0}},"median":{{"point_estimate":{median}}}}}"#);
                fs::write(run.join("benchmark.json"), benchmark).unwrap();
                fs::write(run.join("estimates.json"), estimates).unwrap();
            }
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn figures_are_the_last_run_s_medians_for_one_operation() {
        let folder = Folder::new("figures");
        folder.add("random_free", "mimalloc", 64, 300_000, 6_000_000.0);
        folder.add("pair", "core", 64, 1, 1.5);
        folder.add("a_new_one", "core", 64, 1, 1.0);
        let results = Results::read(&folder.0).unwrap();

        assert_eq!(results.nanos("random_free", "mimalloc", 64), Some(20.0));
        assert_eq!(results.nanos("random_free", "mimalloc", 32), None);
        assert_eq!(results.workloads(64), ["pair", "random_free", "a_new_one"]);
        assert_eq!(results.subjects(64), ["core", "mimalloc"]);
        assert_eq!(results.sizes(), [64]);
        assert!(results.span().as_secs() < 60);
    }

    #[test]
    fn a_folder_without_figures_is_an_error() {
        let folder = Folder::new("empty");
        let error = Results::read(&folder.0).unwrap_err().to_string();
        assert!(error.ends_with("no figures"), "{error}");
        let error = Results::read(&folder.0.join("none")).unwrap_err().to_string();
        assert!(error.contains("none"), "{error}");
    }

    #[test]
    fn a_ratio_is_the_median_of_the_passes_not_the_ratio_of_the_medians() {
        let figure = |subject: &str, nanos: &[f64]| Figure {
            workload: "pair".into(),
            subject: subject.into(),
            bytes: 64,
            nanos: nanos.to_vec(),
            when: SystemTime::UNIX_EPOCH,
        };
        // The machine is half as fast in the second pass, and somebody disturbs one contestant in the third.
        let results = Results::from(vec![
            figure("core", &[2.0, 4.0, 2.0, 2.0]),
            figure("mimalloc", &[6.0, 12.0, 60.0, 6.0]),
            figure("no passes", &[]),
        ]);
        assert_eq!(results.ratio(("pair", "mimalloc"), ("pair", "core"), 64), Some(3.0));
        assert_eq!(results.nanos("pair", "mimalloc", 64), Some(9.0));
        assert_eq!(results.nanos("pair", "no passes", 64), None);
    }
}
