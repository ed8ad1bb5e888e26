//! Sends a text over UDP, a line in a datagram, and gets all of it: both ends are in this program.
//!
//! ```text
//! cargo run --release --example packets            # the embedded book
//! cargo run --release --example packets -- FILE    # yours
//! ```
//!
//! UDP may lose, double and reorder, so the sender keeps what is not acknowledged yet, and the receiver what came too early
//! (`transfer.rs`). All of these are buffers that live for a moment, and are not copied on their way. The transfer is written
//! once and run with four kinds of buffers (`kinds.rs`); `measure.rs` sees what each asks the heap for when it has been
//! running for a while. With `PoolBytes` that is nothing, or this program fails.

// What bytes are held is not asked here.
#[expect(dead_code)]
#[path = "../pipeline/heap.rs"]
mod heap;
mod kinds;
mod measure;
mod transfer;
mod wire;

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use crate::measure::Comparison;

/// The text of the book; `data/README.md` tells where it is from.
const ALICE: &[u8] = include_bytes!("../../data/alice.txt");
const USAGE: &str = "usage: packets [FILE]";

fn main() -> ExitCode {
    match run(env::args_os().skip(1), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has seen enough: `packets | head`.
        Err(Failure::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("packets: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: impl IntoIterator<Item = OsString>, out: &mut dyn Write) -> Result<(), Failure> {
    let args: Vec<OsString> = args.into_iter().collect();
    let text = match &args[..] {
        [] => ALICE.to_vec(),
        [help] if help == "-h" || help == "--help" => return Ok(writeln!(out, "{USAGE}")?),
        [path] => fs::read(path).map_err(|error| Failure::Read { path: path.into(), error })?,
        _ => return Err(Failure::Usage),
    };
    let comparison = measure::compare(&text).map_err(Failure::Network)?;
    print_comparison(&text, &comparison, out)?;
    let pooled = &comparison.rows[comparison.rows.len() - 1];
    assert_eq!(pooled.requests, 0, "pooled buffers ask the heap for nothing");
    Ok(())
}

fn print_comparison(text: &[u8], comparison: &Comparison, out: &mut dyn Write) -> Result<(), Failure> {
    let Comparison { packets, rows } = comparison;
    writeln!(out, "{} bytes in {packets} packets came over 127.0.0.1, whole and in order, every time.", text.len())?;
    writeln!(out, "\n{} laps with each kind of buffer, after some to warm up:", measure::MEASURED)?;
    writeln!(out, "{:20}{:>16}{:>24}{:>14}", "", "ns for a packet", "requests to the heap", "sent again")?;
    for row in rows {
        let nanoseconds = row.lap().as_secs_f64() * 1e9 / (*packets).max(1) as f64;
        writeln!(out, "{:20}{nanoseconds:>16.0}{:>24}{:>14}", row.name, row.requests, row.resent)?;
    }
    writeln!(out, "The time is of the median lap. Most of it is the system's, which takes each packet twice.")?;
    Ok(())
}

/// Why there is no answer.
#[derive(Debug)]
enum Failure {
    Usage,
    Read { path: PathBuf, error: io::Error },
    Network(io::Error),
    Write(io::Error),
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
            Failure::Network(error) => write!(f, "cannot send or receive: {error}"),
            Failure::Write(error) => write!(f, "cannot write the answer: {error}"),
        }
    }
}

impl Error for Failure {}
