//! Which clocks change on a day? Four threads go through the rules of the tz database.
//!
//! ```text
//! cargo run --release --example pipeline                       # the embedded rules
//! cargo run --release --example pipeline -- FILE 2025-10-26    # yours: tzdata.zi, or a source file such as `europe`
//! ```
//!
//! One thread reads rules (`rule.rs`), two unroll them into changes, one for each year, and the last writes those of
//! the day (`pipeline.rs`). So every rule and every change is freed on another thread than it was allocated on, which
//! is what allocators find hard. The pipeline is written once and run with `SyncPoolBox` and with `Box`
//! (`box_kind.rs`), to see what the pool buys (`measure.rs`, `heap.rs`).

mod box_kind;
mod heap;
mod measure;
mod pipeline;
mod rule;

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use crate::box_kind::{BoxKind, GlobalBoxes, SyncPoolBoxes};
use crate::measure::{Comparison, Figures};
use crate::pipeline::Pools;
use crate::rule::{BadLine, Change};

/// The tz database in its compact form; `data/README.md` tells where it is from.
const TZDATA: &str = include_str!("../../data/tzdata.zi");
const DATE: &str = "2025-10-26";
const USAGE: &str = "usage: pipeline [FILE YYYY-MM-DD]";

fn main() -> ExitCode {
    match run(env::args_os().skip(1), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has seen enough: `pipeline | head`.
        Err(Failure::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("pipeline: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: impl IntoIterator<Item = OsString>, out: &mut dyn Write) -> Result<(), Failure> {
    let args: Vec<OsString> = args.into_iter().collect();
    let (text, date) = match &args[..] {
        [] => (TZDATA.to_owned(), DATE.to_owned()),
        [help] if help == "-h" || help == "--help" => return Ok(writeln!(out, "{USAGE}")?),
        [path, date] => {
            let text = fs::read_to_string(path).map_err(|error| Failure::Read { path: path.into(), error })?;
            (text, date.to_string_lossy().into_owned())
        }
        _ => return Err(Failure::Usage),
    };
    let day = rule::day(&date).ok_or(Failure::Usage)?;

    writeln!(out, "Clocks that change on {date}:\n  rule    at      ahead   letters")?;
    let pools = Pools::<SyncPoolBoxes>::default();
    let show = |change: &Change<'_>| if change.day() == day { writeln!(out, "  {change}") } else { Ok(()) };
    let changes = pipeline::run(&text, 1, &pools, show)?;
    writeln!(out, "These were found among {changes} changes.")?;
    writeln!(out, "\nThe pool of the rules:\n{}", pools.rules.stats())?;
    writeln!(out, "\nThe pool of the changes:\n{}", pools.changes.stats())?;

    // Who is faster means nothing unless both say the same.
    assert!(list::<SyncPoolBoxes>(&text)? == list::<GlobalBoxes>(&text)?, "the boxes disagree");
    print_comparison(&measure::compare(&text)?, out)
}

fn list<K: BoxKind>(text: &str) -> Result<Vec<u8>, Failure> {
    let mut list = Vec::new();
    pipeline::run(text, 1, &Pools::<K>::default(), |change| writeln!(list, "{} {change}", change.day()))?;
    Ok(list)
}

fn print_comparison(comparison: &Comparison, out: &mut dyn Write) -> Result<(), Failure> {
    let Comparison { rounds, changes, boxed, pooled, capacities } = comparison;
    writeln!(out, "\nThe same with both kinds of box (median of {rounds} rounds of {changes} changes):")?;
    writeln!(out, "{:28}{:>12}{:>12}{:>10}", "", "Box", "SyncPoolBox", "ratio")?;
    let mut row = |what: &str, of: &dyn Fn(&Figures) -> f64| {
        let (boxed, pooled) = (of(boxed), of(pooled));
        writeln!(out, "{what:28}{boxed:>12.0}{pooled:>12.0}{:>9.2}x", boxed / pooled)
    };
    row("ns for each change", &|figures| figures.round.as_secs_f64() * 1e9 / *changes as f64)?;
    row("requests to the heap", &|figures| figures.heap.requests as f64)?;
    row("most bytes held of it", &|figures| figures.heap.most_bytes as f64)?;
    writeln!(out, "The ratio is Box / SyncPoolBox: above 1 the pool is better.\n")?;
    for (rounds, (rules, changes)) in [&1, rounds].iter().zip(capacities) {
        writeln!(out, "Room in the pools after round {rounds}: {rules} rules, {changes} changes")?;
    }
    Ok(())
}

/// Why there is no answer.
#[derive(Debug)]
enum Failure {
    Usage,
    Read { path: PathBuf, error: io::Error },
    Line(BadLine),
    Write(io::Error),
}

impl From<BadLine> for Failure {
    fn from(line: BadLine) -> Self {
        Failure::Line(line)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Write(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage => f.write_str(USAGE),
            Failure::Read { path, error } => write!(f, "cannot read {}: {error}", path.display()),
            Failure::Line(BadLine { line, mistake }) => write!(f, "line {line}: {mistake}"),
            Failure::Write(error) => write!(f, "cannot write the answer: {error}"),
        }
    }
}

impl Error for Failure {}
