//! Shared handles beside std's and triomphe's: `cargo bench -p goo-pool-benches --bench shared`.
//!
//! Prints a table of nanoseconds for one operation. The contestants take turns in passes, so that they meet the machine in
//! the same moods; a figure is the median of its passes.

use std::time::Duration;

use goo_pool_benches::shared::{
    OurArc, OurRc, Shared, StdArc, StdRc, Triomphe, alloc_drop, clone_drop, downgrade_upgrade, replace,
};

/// A workload for one contestant: so many operations, and the time they took.
type Run = fn(u64) -> Duration;

/// A row: its name, a run for each contestant that takes part, operations of one pass.
type Row = (&'static str, [Option<Run>; 5], u64);

const NAMES: [&str; 5] = [OurRc::NAME, StdRc::NAME, OurArc::NAME, StdArc::NAME, Triomphe::NAME];

/// Live values of the rows `replace_*`: a set that stays in the second cache, and one that does not.
const FEW: usize = 1_000;
const MANY: usize = 300_000;

fn everybody(rc: [Run; 2], arc: [Run; 3]) -> [Option<Run>; 5] {
    [rc[0], rc[1], arc[0], arc[1], arc[2]].map(Some)
}

fn rows() -> [Row; 5] {
    let watched: [Option<Run>; 5] = [
        Some(downgrade_upgrade::<OurRc>),
        Some(downgrade_upgrade::<StdRc>),
        Some(downgrade_upgrade::<OurArc>),
        Some(downgrade_upgrade::<StdArc>),
        None,
    ];
    fn few<S: Shared>(count: u64) -> Duration {
        replace::<S>(FEW, count)
    }
    fn many<S: Shared>(count: u64) -> Duration {
        replace::<S>(MANY, count)
    }
    [
        (
            "alloc, drop",
            everybody(
                [alloc_drop::<OurRc>, alloc_drop::<StdRc>],
                [alloc_drop::<OurArc>, alloc_drop::<StdArc>, alloc_drop::<Triomphe>],
            ),
            3_000_000,
        ),
        (
            "clone, drop",
            everybody(
                [clone_drop::<OurRc>, clone_drop::<StdRc>],
                [clone_drop::<OurArc>, clone_drop::<StdArc>, clone_drop::<Triomphe>],
            ),
            3_000_000,
        ),
        ("downgrade, upgrade, drop both", watched, 3_000_000),
        (
            "replace a random one of 1,000",
            everybody([few::<OurRc>, few::<StdRc>], [few::<OurArc>, few::<StdArc>, few::<Triomphe>]),
            1_000_000,
        ),
        (
            "replace a random one of 300,000",
            everybody([many::<OurRc>, many::<StdRc>], [many::<OurArc>, many::<StdArc>, many::<Triomphe>]),
            300_000,
        ),
    ]
}

fn main() {
    // As criterion sees it: without `--bench` (`cargo test`) or with `--test`, all runs once.
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    let smoke = has("--test") || !has("--bench");
    let passes = if smoke { 1 } else { 15 };

    println!("| 64 bytes | {} |\n|---|{}", NAMES.join(" | "), "--:|".repeat(NAMES.len()));
    for (name, runs, operations) in rows() {
        let operations = if smoke { 1_000 } else { operations };
        let mut times = [(); 5].map(|()| Vec::new());
        for _ in 0..passes {
            for (times, run) in times.iter_mut().zip(&runs) {
                times.extend(run.map(|run| run(operations)));
            }
        }
        let figures = times.map(|mut times| {
            times.sort_unstable();
            let median = times.get(times.len() / 2);
            median.map_or_else(String::new, |time| format!("{:.2}", time.as_nanos() as f64 / operations as f64))
        });
        println!("| {name} | {} |", figures.join(" | "));
    }
}
