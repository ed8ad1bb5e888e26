//! Prints figures as tables, and writes them into this folder's README.
//!
//! ```text
//! report                   tables of criterion's last run, on the standard output
//! report --write           and into README.md, and the chart into chart.svg
//! report --from FOLDER     criterion's folder, if it is not target/criterion
//! report threads           tables of the threads' last run
//! report threads --write   and into README.md, and the chart into threads.svg
//! report threads --from FILE    if it is not target/threads.json
//! report contests         what the other benches left in target/contests
//! report contests --write  and into README.md, each between the lines of its name
//! report --fill NAME       the standard input into README.md, between `<!-- NAME -->` and `<!-- /NAME -->`
//! ```

use std::{
    env,
    error::Error,
    fs,
    io::{self, Read},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use goo_pool_benches::report::{
    chart::chart, goals, home, machine, readme, results::Results, table::table, target, threads::Measured,
};

fn main() -> ExitCode {
    match Task::parse(env::args().skip(1)).and_then(Task::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("report: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What the command line asks for.
enum Task {
    Report { from: PathBuf, write: bool },
    Threads { from: PathBuf, write: bool },
    Contests { from: PathBuf, write: bool },
    Fill { section: String },
}

impl Task {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Task, Box<dyn Error>> {
        let (mut from, mut write, mut of) = (None, false, String::new());
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "threads" | "contests" => of = argument,
                "--write" => write = true,
                "--from" => from = Some(arguments.next().ok_or("--from needs a path")?.into()),
                "--fill" => {
                    let section = arguments.next().ok_or("--fill needs a section's name")?;
                    return Ok(Task::Fill { section });
                }
                other => return Err(format!("{other}: not understood").into()),
            }
        }
        let from = |usual| from.unwrap_or_else(|| target().join(usual));
        Ok(match of.as_str() {
            "threads" => Task::Threads { from: from("threads.json"), write },
            "contests" => Task::Contests { from: from("contests"), write },
            _ => Task::Report { from: from("criterion"), write },
        })
    }

    fn run(self) -> Result<(), Box<dyn Error>> {
        match self {
            Task::Fill { section } => {
                let mut body = String::new();
                io::stdin().read_to_string(&mut body)?;
                write_sections(&[(&section, body)])
            }
            Task::Report { from, write } => {
                let results = Results::read(&from)?;
                if results.span() > Duration::from_secs(3600) {
                    eprintln!(
                        "report: warning: the figures come from several runs; for one, remove {} and run again",
                        from.display()
                    );
                }
                publish(&sections(&results), "chart.svg", &results, write)
            }
            Task::Contests { from, write } => {
                let mut sections = Vec::new();
                for file in fs::read_dir(&from).map_err(|error| format!("{}: {error}", from.display()))? {
                    let file = file?.path();
                    let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
                    sections.push((name.to_owned(), fs::read_to_string(&file)?));
                }
                sections.sort();
                for (name, table) in &sections {
                    println!("{name}: {table}");
                }
                let sections: Vec<_> = sections.iter().map(|(name, table)| (name.as_str(), table.clone())).collect();
                if write { write_sections(&sections) } else { Ok(()) }
            }
            Task::Threads { from, write } => {
                let measured = Measured::read(&from)?;
                publish(&measured.sections(), "threads.svg", &measured.table(), write)
            }
        }
    }
}

/// Prints, and writes if asked to.
fn publish(
    sections: &[(&str, String)],
    chart_file: &str,
    results: &Results,
    write: bool,
) -> Result<(), Box<dyn Error>> {
    for (_, body) in sections {
        println!("{body}");
    }
    if write {
        fs::write(home().join(chart_file), chart(results, 64))?;
        write_sections(sections)?;
    }
    Ok(())
}

fn sections(results: &Results) -> [(&'static str, String); 3] {
    // The larger objects first: the goals are set for them.
    let tables: Vec<String> = results.sizes().into_iter().rev().map(|bytes| table(results, bytes)).collect();
    [
        ("machine", format!("{}.\n", machine::describe(home()))),
        ("table", tables.join("\n")),
        ("goals", goals::table(&goals::goals(results))),
    ]
}

fn write_sections(sections: &[(&str, String)]) -> Result<(), Box<dyn Error>> {
    let path = home().join("README.md");
    let mut text = fs::read_to_string(&path)?;
    for (name, body) in sections {
        text = readme::fill(&text, name, body)?;
    }
    fs::write(path, text)?;
    Ok(())
}
