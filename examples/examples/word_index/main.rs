//! Which words does a text use, how often, and where?
//!
//! ```text
//! cargo run --release --example word_index                                           # the embedded text
//! cargo run --release --example word_index -- FILE [QUERY...]       # your text
//! cargo run --release --example word_index -- FILE whale 'sea*'     # `sea*`: every word that begins so
//! ```
//!
//! The index is a balanced tree with many small nodes, which is what a pool is for. It is written once
//! (`index.rs`, `postings.rs`) and built twice: with `PoolBox` and with `Box` (`box_kind.rs`), to see what the pool
//! buys (`measure.rs`).

mod box_kind;
mod index;
mod measure;
mod postings;

use std::cmp::Reverse;
use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use goo_pool_examples::heap::Counting;

use crate::box_kind::{GlobalBoxes, PoolBoxes};
use crate::index::{Index, Node};
use crate::measure::{Comparison, Figures};

#[global_allocator]
static GLOBAL: Counting = Counting;

/// Alice's Adventures in Wonderland; `data/README.md` tells where it is from.
const ALICE: &str = include_str!("../../data/alice.txt");
/// What is asked of it; nobody knows what to ask of another text.
const ALICE_QUERIES: [&str; 4] = ["Alice", "gryphon", "curio*", "zebra"];
const USAGE: &str = "usage: word_index [FILE [QUERY...]]";

fn main() -> ExitCode {
    match run(env::args_os().skip(1), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has seen enough: `word_index | head`.
        Err(Failure::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("word_index: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: impl IntoIterator<Item = OsString>, out: &mut dyn Write) -> Result<(), Failure> {
    let mut args = args.into_iter();
    let (name, text, queries) = match args.next() {
        Some(arg) if arg == "-h" || arg == "--help" => {
            writeln!(out, "{USAGE}")?;
            return Ok(());
        }
        Some(path) => {
            let path = PathBuf::from(path);
            let text = read(&path)?;
            let queries = args.map(|query| query.to_string_lossy().into_owned()).collect();
            (path.display().to_string(), text, queries)
        }
        None => {
            let title = "Alice's Adventures in Wonderland".to_owned();
            (title, ALICE.to_owned(), ALICE_QUERIES.map(str::to_owned).to_vec())
        }
    };
    write!(out, "{name}: {} bytes", text.len())?;

    // One case for all, in one piece, so that the words of the index can be slices of it.
    let text = text.to_lowercase();
    let index = Index::<PoolBoxes>::of(&text);
    writeln!(out, ", {} different words", index.words())?;
    print_most_frequent(&index, out)?;
    for query in &queries {
        answer(&index, query, out)?;
    }
    writeln!(out, "\nThe pool of the nodes (a word each):\n{}", index.nodes().stats())?;
    writeln!(out, "\nThe pool of the pages (six lines each):\n{}", index.pages().stats())?;

    let boxed = Index::<GlobalBoxes>::of(&text);
    assert_same(&index, &boxed);
    drop((index, boxed));
    print_comparison(&measure::compare(&text), out)
}

fn read(path: &Path) -> Result<String, Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::Read { path: path.to_owned(), error })?;
    let text = String::from_utf8(bytes)
        .map_err(|error| Failure::NotUtf8 { path: path.to_owned(), offset: error.utf8_error().valid_up_to() })?;
    // No more bytes, no more lines and no more occurrences than a u32 can count.
    if u32::try_from(text.len()).is_err() {
        return Err(Failure::TooLong { path: path.to_owned() });
    }
    Ok(text)
}

fn print_most_frequent(index: &Index<'_, PoolBoxes>, out: &mut dyn Write) -> io::Result<()> {
    let mut nodes: Vec<_> = index.iter().collect();
    // A stable sort: words of one count stay in order.
    nodes.sort_by_key(|node| Reverse(node.postings().len()));
    writeln!(out, "\nMost frequent:")?;
    for node in nodes.iter().take(10) {
        writeln!(out, "{:>7}  {}", node.postings().len(), node.word())?;
    }
    Ok(())
}

fn answer(index: &Index<'_, PoolBoxes>, query: &str, out: &mut dyn Write) -> io::Result<()> {
    let query = query.to_lowercase();
    if let Some(prefix) = query.strip_suffix('*') {
        let begins_so = |node: &&Node<'_, _>| node.word().starts_with(prefix);
        let words: Vec<_> = index.iter_from(prefix).take_while(begins_so).collect();
        writeln!(out, "\n{query}: {} words", words.len())?;
        for node in words {
            writeln!(out, "{:>7}  {}", node.postings().len(), node.word())?;
        }
        return Ok(());
    }
    let Some(node) = index.get(&query) else {
        return writeln!(out, "\n{query}: not in the text");
    };
    let mut lines = node.postings().to_vec();
    lines.dedup();
    let shown: Vec<String> = lines.iter().take(12).map(u32::to_string).collect();
    let more = if lines.len() > shown.len() { ", ..." } else { "" };
    writeln!(out, "\n{query}: {} times, on lines {}{more}", node.postings().len(), shown.join(", "))
}

/// Who is faster means nothing unless both say the same.
fn assert_same(pooled: &Index<'_, PoolBoxes>, boxed: &Index<'_, GlobalBoxes>) {
    assert_eq!(pooled.words(), boxed.words());
    for (pooled, boxed) in pooled.iter().zip(boxed.iter()) {
        assert_eq!(pooled.word(), boxed.word());
        assert!(pooled.postings().pages().eq(boxed.postings().pages()), "{}", pooled.word());
    }
}

fn print_comparison(comparison: &Comparison, out: &mut dyn Write) -> Result<(), Failure> {
    let Comparison { rounds, words_alone, boxed, pooled } = comparison;
    writeln!(out, "\nThe same index with both kinds of box (median of {rounds} rounds):")?;
    writeln!(out, "{:28}{:>12}{:>12}{:>10}", "", "Box", "PoolBox", "ratio")?;
    let mut times = |what: &str, boxed: Duration, pooled: Duration| {
        let ratio = boxed.as_secs_f64() / pooled.as_secs_f64().max(1e-9);
        let (boxed, pooled) = (micros(boxed), micros(pooled));
        writeln!(out, "{what:28}{boxed:>12}{pooled:>12}{ratio:>9.2}x")
    };
    times("build", boxed.build, pooled.build)?;
    times("  of it, finding the words", *words_alone, *words_alone)?;
    times("walk", boxed.walk, pooled.walk)?;
    times("tear down", boxed.tear_down, pooled.tear_down)?;
    let mut counts = |what: &str, boxed: usize, pooled: usize| {
        let ratio = boxed as f64 / pooled.max(1) as f64;
        writeln!(out, "{what:28}{boxed:>12}{pooled:>12}{ratio:>9.2}x")
    };
    counts("heap bytes held", boxed.heap.bytes, pooled.heap.bytes)?;
    let used = |figures: &Figures| figures.heap.bytes - figures.spare_bytes;
    counts("  of it, in use", used(boxed), used(pooled))?;
    counts("heap objects held", boxed.heap.objects, pooled.heap.objects)?;
    writeln!(out, "The ratio is Box / PoolBox: above 1 the pool is better.")?;
    Ok(())
}

fn micros(time: Duration) -> String {
    format!("{:.1} us", time.as_secs_f64() * 1e6)
}

/// Why there is no answer.
#[derive(Debug)]
enum Failure {
    Read { path: PathBuf, error: io::Error },
    NotUtf8 { path: PathBuf, offset: usize },
    TooLong { path: PathBuf },
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
            Failure::NotUtf8 { path, offset } => {
                write!(f, "{} is not UTF-8: see the byte at offset {offset}", path.display())
            }
            Failure::TooLong { path } => {
                write!(f, "{} is longer than {} bytes", path.display(), u32::MAX)
            }
            Failure::Write(error) => write!(f, "cannot write the answer: {error}"),
        }
    }
}

impl Error for Failure {}
