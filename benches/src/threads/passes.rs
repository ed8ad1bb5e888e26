//! How a figure is taken: in passes.
//!
//! A machine shared with others changes its speed by half for seconds at a time. So no contestant is measured once for long: in
//! each pass all are, one after the other, for a few hundredths of a second each. What is compared was measured within
//! the same moment, and a ratio is the median of the passes' ratios.

use std::{
    sync::atomic::Ordering::Relaxed,
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use crate::classics::Run;

/// A contestant in a workload: runs it, with its pool, and says how many objects were allocated and freed.
pub struct Entry {
    /// What it measures.
    pub figure: Passes,
    run: Box<dyn FnMut(&Run) -> u64>,
}

/// One figure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Passes {
    /// The workload's name. `larson@4` is larson with four threads, where their number varies.
    pub workload: String,
    /// The subject's name.
    pub subject: String,
    /// The object's size.
    pub bytes: u32,
    /// Nanoseconds for one object, all threads together, pass by pass.
    pub nanos: Vec<f64>,
}

impl Entry {
    /// A contestant that has not run yet.
    pub fn new(workload: String, subject: &str, bytes: usize, run: impl FnMut(&Run) -> u64 + 'static) -> Self {
        let figure = Passes { workload, subject: subject.to_owned(), bytes: bytes as u32, nanos: Vec::new() };
        Entry { figure, run: Box::new(run) }
    }

    /// What a filter on the command line is looked for in.
    pub fn id(&self) -> String {
        format!("{}/{}/{}", self.figure.workload, self.figure.subject, self.figure.bytes)
    }

    fn measure(&mut self, time: Duration) -> f64 {
        let run = Run::of(u64::MAX);
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(time);
                run.stop.store(true, Relaxed);
            });
            let start = Instant::now();
            let objects = (self.run)(&run);
            start.elapsed().as_nanos() as f64 / objects as f64
        })
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.figure.fmt(f)
    }
}

/// How often and how long.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Passes that count. One more comes first, in which pools grow and threads start for the first time.
    pub passes: usize,
    /// For each contestant in each pass.
    pub time: Duration,
}

impl Effort {
    /// As little as shows that everything runs.
    pub const SMOKE: Effort = Effort { passes: 1, time: Duration::from_millis(1) };
}

/// Runs all entries in all passes.
pub fn measure(entries: &mut [Entry], effort: Effort) {
    for pass in 0..=effort.passes {
        // There and back, so that nobody always runs right after the same neighbour.
        if pass > 0 {
            entries.reverse();
        }
        for entry in &mut *entries {
            let nanos = entry.measure(effort.time);
            if pass > 0 {
                entry.figure.nanos.push(nanos);
            }
        }
    }
}
