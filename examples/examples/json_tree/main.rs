//! Reads a JSON document into a tree of nodes with serde, twice: with `Box` and with `PoolBox`.
//!
//! ```sh
//! cargo run --release --example json_tree                 # the world's countries, in `data/`
//! cargo run --release --example json_tree -- FILE PATH... # your own document
//! ```
//!
//! A path is a JSON Pointer, `/objects/countries`, in which `*` stands for every child. Read in this order: `tree.rs`,
//! `box_kind.rs`, `read.rs`, `query.rs`, `census.rs`, `measure.rs`.

mod box_kind;
mod census;
mod measure;
mod query;
mod read;
mod tree;

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use goo_pool_examples::heap::Counting;
use goo_pool_typed::Pool;
use serde::Serialize;

use crate::box_kind::{GlobalBoxes, PoolBoxes};
use crate::census::Census;
use crate::measure::{Comparison, Figures};
use crate::read::read;
use crate::tree::Node;

#[global_allocator]
static GLOBAL: Counting = Counting;

/// The countries of the world and their borders; `data/README.md` tells where they are from.
const WORLD: &str = include_str!("../../data/countries-110m.json");
/// What is asked of it; nobody knows what to ask of another document.
const WORLD_PATHS: [&str; 4] =
    ["/objects/countries/geometries/*/properties/name", "/arcs/0", "/transform", "/objects/oceans"];
const USAGE: &str = "usage: json_tree [FILE [PATH...]]";
/// Found values that are shown, and characters of each.
const SHOWN: usize = 5;
const WIDTH: usize = 72;

fn main() -> ExitCode {
    match run(env::args_os().skip(1), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has seen enough: `json_tree | head`.
        Err(Failure::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("json_tree: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: impl IntoIterator<Item = OsString>, out: &mut dyn Write) -> Result<(), Failure> {
    let mut args = args.into_iter();
    let (name, text, paths) = match args.next() {
        Some(arg) if arg == "-h" || arg == "--help" => {
            writeln!(out, "{USAGE}")?;
            return Ok(());
        }
        Some(path) => {
            let path = PathBuf::from(path);
            let text = fs::read_to_string(&path).map_err(|error| Failure::Read { path: path.clone(), error })?;
            let paths = args.map(|path| path.to_string_lossy().into_owned()).collect();
            (path.display().to_string(), text, paths)
        }
        None => {
            let title = "The countries of the world".to_owned();
            (title, WORLD.to_owned(), WORLD_PATHS.map(str::to_owned).to_vec())
        }
    };
    let in_file = |error| Failure::Json { name: name.clone(), error };
    let nodes = Pool::new();
    let root = read::<PoolBoxes>(&text, &nodes).map_err(in_file)?;

    let census = Census::of(&*root);
    writeln!(out, "{name}: {} bytes, {} nodes, {} deep", text.len(), census.nodes(), census.depth)?;
    let Census { nulls, bools, numbers, texts, arrays, objects, .. } = census;
    let kinds = [("objects", objects), ("arrays", arrays), ("texts", texts), ("numbers", numbers)];
    for (what, count) in kinds.into_iter().chain([("bools", bools), ("nulls", nulls)]) {
        writeln!(out, "{count:>9}  {what}")?;
    }
    for path in &paths {
        answer(&root, path, out)?;
    }
    writeln!(out, "\nThe pool of the nodes ({} bytes each):", size_of::<Node<'_, PoolBoxes>>())?;
    writeln!(out, "{}", nodes.stats())?;

    let boxed = read::<GlobalBoxes>(&text, &()).map_err(in_file)?;
    assert_eq!(Census::of(&*boxed), census);
    let written = assert_same(&text, &root);
    assert_eq!(written, assert_same(&text, &boxed));
    writeln!(out, "\nWritten back: {} bytes, and `serde_json::Value` finds the same in them.", written.len())?;

    drop(root);
    assert!(nodes.is_empty(), "every node was dropped");
    drop((boxed, nodes));
    print_comparison(&measure::compare(&text).map_err(in_file)?, out)
}

fn answer(root: &Node<'_, PoolBoxes>, path: &str, out: &mut dyn Write) -> Result<(), Failure> {
    let Some(found) = query::find(root, path) else {
        return Err(Failure::Path { path: path.to_owned() });
    };
    writeln!(out, "\n{path}: {} found", found.len())?;
    for node in found.iter().take(SHOWN) {
        let text = serde_json::to_string(node).expect("a tree of JSON can be written as JSON");
        let more = if text.chars().nth(WIDTH).is_some() { "..." } else { "" };
        writeln!(out, "    {}{more}", text.chars().take(WIDTH).collect::<String>())?;
    }
    if found.len() > SHOWN {
        writeln!(out, "    ...")?;
    }
    Ok(())
}

/// Who is faster means nothing unless the tree holds the whole document: written back, it is the same to `serde_json`.
fn assert_same(text: &str, root: &impl Serialize) -> String {
    let value = |text| serde_json::from_str::<serde_json::Value>(text).expect("it was read before");
    let written = serde_json::to_string(root).expect("a tree of JSON can be written as JSON");
    assert!(value(&written) == value(text), "what is written is not what was read");
    written
}

fn print_comparison(comparison: &Comparison, out: &mut dyn Write) -> Result<(), Failure> {
    let Comparison { rounds, text_alone, boxed, pooled, value } = comparison;
    writeln!(out, "\nThe same document with both kinds of box (median of {rounds} rounds):")?;
    writeln!(out, "{:28}{:>12}{:>12}{:>10}{:>20}", "", "Box", "PoolBox", "ratio", "serde_json::Value")?;
    let mut times = |what: &str, [boxed, pooled, value]: [Duration; 3]| {
        let ratio = boxed.as_secs_f64() / pooled.as_secs_f64().max(1e-9);
        let [boxed, pooled, value] = [boxed, pooled, value].map(micros);
        writeln!(out, "{what:28}{boxed:>12}{pooled:>12}{ratio:>9.2}x{value:>20}")
    };
    times("read into a new pool", [boxed.first_read, pooled.first_read, value.first_read])?;
    times("read into a used pool", [boxed.read, pooled.read, value.read])?;
    times("  of each, the text alone", [*text_alone; 3])?;
    times("walk", [boxed.walk, pooled.walk, value.walk])?;
    times("tear down", [boxed.tear_down, pooled.tear_down, value.tear_down])?;
    let mut counts = |what: &str, [boxed, pooled, value]: [usize; 3]| {
        let ratio = boxed as f64 / pooled.max(1) as f64;
        writeln!(out, "{what:28}{boxed:>12}{pooled:>12}{ratio:>9.2}x{value:>20}")
    };
    let all = [boxed, pooled, value];
    counts("heap bytes held", all.map(|figures| figures.heap.bytes))?;
    counts("  of it, in use", all.map(|figures: &Figures| figures.heap.bytes - figures.spare_bytes))?;
    counts("heap objects held", all.map(|figures| figures.heap.objects))?;
    writeln!(
        out,
        "The ratio is Box / PoolBox: above 1 the pool is better. A new pool's memory comes fresh from the system, page by page;"
    )?;
    writeln!(out, "what `Box` and `Value` use was used before, in each row. `Value` has vectors, not nodes.")?;
    Ok(())
}

fn micros(time: Duration) -> String {
    format!("{:.1} us", time.as_secs_f64() * 1e6)
}

/// Why there is no answer.
#[derive(Debug)]
enum Failure {
    Read { path: PathBuf, error: io::Error },
    Json { name: String, error: serde_json::Error },
    Path { path: String },
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
            Failure::Read { path, error } => write!(f, "cannot read {}: {error}", path.display()),
            Failure::Json { name, error } => write!(f, "{name}: {error}"),
            Failure::Path { path } => write!(f, "{path} is no path: one begins with a slash, as in /objects/*/type"),
            Failure::Write(error) => write!(f, "cannot write the answer: {error}"),
        }
    }
}

impl Error for Failure {}
