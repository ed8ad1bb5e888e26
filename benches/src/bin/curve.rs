//! The throughput with 1, 2, 4, 8 and 16 threads, alone: for a machine with more cores, which needs this program and nothing else.
//!
//! ```text
//! curve FILE     prints the tables, and leaves the figures in FILE
//! ```
//!
//! `curve FILE | report --fill NAME` writes the tables into a section of the README.

use std::{env, error::Error, path::PathBuf, process::ExitCode, time::Duration};

use goo_pool_benches::{
    report::{goals, home, machine, threads::Measured},
    threads::{
        passes::{Effort, measure},
        plan::{self, Scale},
    },
};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("curve: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let file: PathBuf = env::args_os().nth(1).ok_or("usage: curve FILE")?.into();
    let mut entries = plan::curve(Scale::FULL);
    measure(&mut entries, Effort { passes: 10, time: Duration::from_millis(50) });
    let figures = entries.into_iter().map(|entry| entry.figure).collect();
    let measured = Measured { machine: machine::describe(home()), figures, memory: Vec::new() };
    println!("{}.\n\n{}\n{}", measured.machine, measured.curve(), goals::table(&measured.curve_goals()));
    measured.write(&file)
}
