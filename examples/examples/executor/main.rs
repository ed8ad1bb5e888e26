//! A small executor whose tasks live in pools.
//!
//! ```text
//! cargo run --release --example executor
//! ```
//!
//! Every line of a book becomes a task: it sleeps for a while, counts its words and sends them to another task, which adds
//! up (`service.rs`). So thousands of futures are made, wait and end, on two threads (`executor.rs`). A task is two objects, as
//! in most executors: the future, which is pinned and behind `dyn`, and what its wakers share. Both come from pools, or from
//! the heap by `Box` and `Arc` (`kinds.rs`); the rest is the same code, and `measure.rs` compares.

mod channel;
mod executor;
// What bytes are held is not asked here.
#[expect(dead_code)]
#[path = "../pipeline/heap.rs"]
mod heap;
mod kinds;
mod measure;
mod service;
mod timers;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::measure::{Comparison, LAPS, Row};

/// The text of the book; `data/README.md` tells where it is from.
const ALICE: &str = include_str!("../../data/alice.txt");
const USAGE: &str = "usage: executor";

fn main() -> ExitCode {
    if env::args_os().len() > 1 {
        eprintln!("executor: {USAGE}");
        return ExitCode::FAILURE;
    }
    match print_comparison(&measure::compare(ALICE), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has seen enough: `executor | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("executor: cannot write the answer: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print_comparison(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let Comparison { words, tasks, polls, rows } = comparison;
    writeln!(out, "{words} words were counted by {tasks} tasks, which were polled {polls} times.")?;
    writeln!(out, "\n{LAPS} laps with each kind of tasks, after some to warm up:")?;
    writeln!(out, "{:18}{:>14}{:>24}", "", "ns for a task", "requests to the heap")?;
    for Row { name, lap, requests } in rows {
        let nanoseconds = lap.as_secs_f64() * 1e9 / *tasks as f64;
        writeln!(out, "{name:18}{nanoseconds:>14.0}{requests:>24}")?;
    }
    let [boxed, pooled] = rows;
    writeln!(out, "By the time of the median lap, pools are {:.2}x as fast.", boxed.lap.div_duration_f64(pooled.lap))?;
    assert_eq!(pooled.requests, 0, "pooled tasks ask the heap for nothing");
    Ok(())
}
