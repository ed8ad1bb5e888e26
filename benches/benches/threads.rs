//! Pools that threads share: `cargo bench -p goo-pool-benches --bench threads`.
//!
//! Takes all figures in passes, prints them, and leaves them in `target/threads.json` for the `report` program. With an argument,
//! measures what has that in its name (`larson/`, `/mimalloc`, `@16/`), prints it, and leaves nothing.

use std::{env, error::Error, process::ExitCode, time::Duration};

use goo_pool_benches::{
    contest::is_smoke,
    report::{home, machine, target, threads::Measured},
    threads::{
        memory,
        passes::{Effort, Entry, measure},
        plan::{self, Scale},
    },
};

/// Runs this program for one subject's memory.
const MEMORY: &str = "--memory";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("threads: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [MEMORY, subject] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        println!("{}", serde_json::to_string(&memory::measure_here(subject)?)?);
        return Ok(());
    }
    let (flags, filters): (Vec<_>, Vec<_>) = arguments.into_iter().partition(|argument| argument.starts_with("--"));
    if let Some(flag) = flags.iter().find(|flag| !["--bench", "--test"].contains(&flag.as_str())) {
        return Err(format!("{flag}: not understood").into());
    }
    let smoke = is_smoke();
    let scale = if smoke { Scale::SMOKE } else { Scale::FULL };

    let wanted = |entry: &Entry| filters.is_empty() || filters.iter().any(|filter| entry.id().contains(filter));
    let mut figures = Vec::new();
    for (mut entries, passes, time) in [(plan::table(scale), 12, 60), (plan::curve(scale), 6, 40)] {
        entries.retain(wanted);
        let effort = Effort { passes, time: Duration::from_millis(time) };
        measure(&mut entries, if smoke { Effort::SMOKE } else { effort });
        figures.extend(entries.into_iter().map(|entry| entry.figure));
    }
    let memory = if smoke || !filters.is_empty() { Vec::new() } else { memory::measure(&[MEMORY])? };

    let measured = Measured { machine: machine::describe(home()), figures, memory };
    for (_, body) in measured.sections() {
        println!("{body}");
    }
    if !smoke && filters.is_empty() {
        measured.write(&target().join("threads.json"))?;
    }
    Ok(())
}
