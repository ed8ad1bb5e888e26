//! A program that was written with `Box`, and the same program with `PoolBox`.
//!
//! ```text
//! cargo run --release --example drop_in               # the embedded text
//! cargo run --release --example drop_in -- FILE       # your text
//! ```
//!
//! Which words are in the most paragraphs of a text? The program (`counts.rs`) is compiled twice, once with std's `Box`
//! (`before.rs`) and once with a pool of its nodes' own (`after.rs`): look there for what has changed.

#![expect(clippy::duplicate_mod, reason = "that is the point")]

mod after;
mod before;

use std::cmp::Reverse;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use goo_pool_examples::{median, time};
use goo_pool_typed::DefaultPool;

/// Alice's Adventures in Wonderland; `data/README.md` tells where it is from.
const ALICE: &str = include_str!("../../data/alice.txt");
const USAGE: &str = "usage: drop_in [FILE]";

/// Rounds are cheap for a small text and dear for a large one: this much time, then no new round.
const BUDGET: Duration = Duration::from_millis(1_000);
const MOST_ROUNDS: usize = 101;

/// What the program finds out.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) occurrences: u32,
    pub(crate) different: u32,
    /// How many different words occur more than once.
    pub(crate) repeated: u32,
    /// The nodes of the trie, when it was largest.
    pub(crate) letters: usize,
    /// The words of more than a tenth of the parts, and of how many.
    pub(crate) common: Vec<(String, u32)>,
}

fn main() -> ExitCode {
    match run(env::args_os().skip(1), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has seen enough: `drop_in | head`.
        Err(Failure::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Failure::Write(error)) => fail(&format!("cannot write the answer: {error}")),
        Err(Failure::Read(message)) => fail(&message),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("drop_in: {message}");
    ExitCode::FAILURE
}

/// Why there is no answer.
enum Failure {
    Read(String),
    Write(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Write(error)
    }
}

fn run(args: impl IntoIterator<Item = OsString>, out: &mut dyn Write) -> Result<(), Failure> {
    let args: Vec<_> = args.into_iter().collect();
    let (name, text) = match args.as_slice() {
        [] => ("Alice's Adventures in Wonderland".to_owned(), ALICE.to_owned()),
        [path] if path != "-h" && path != "--help" => {
            let path = Path::new(path);
            let text = fs::read_to_string(path);
            (
                path.display().to_string(),
                text.map_err(|e| Failure::Read(format!("cannot read {}: {e}", path.display())))?,
            )
        }
        _ => return writeln!(out, "{USAGE}").map_err(Failure::Write),
    };
    let text = text.to_lowercase().replace("\r\n", "\n");
    let parts = paragraphs(&text);

    let answer = after::counts::answer(&parts);
    print(&name, parts.len(), &answer, out)?;
    assert_eq!(answer, before::counts::answer(&parts), "who is faster means nothing unless both say the same");
    assert!(after::counts::Node::default_pool().is_empty());

    writeln!(
        out,
        "\nThe pool that the nodes came from and went back to:\n{}",
        after::counts::Node::default_pool().stats()
    )?;
    compare(&parts, out)
}

fn print(name: &str, parts: usize, answer: &Answer, out: &mut dyn Write) -> io::Result<()> {
    let Answer { occurrences, different, repeated, letters, common } = answer;
    writeln!(
        out,
        "{name}: {occurrences} words in {parts} paragraphs, {different} different ones, {repeated} more than once"
    )?;
    writeln!(
        out,
        "Their trie has {letters} nodes.\n\n{} words are in more than a tenth of the paragraphs:",
        common.len()
    )?;
    let mut words = common.clone();
    words.sort_by_key(|(_, parts)| Reverse(*parts));
    words.iter().take(10).try_for_each(|(word, parts)| writeln!(out, "{parts:>7}  {word}"))
}

/// Both programs in turn, so that a slow moment of the machine meets both.
fn compare(parts: &[&str], out: &mut dyn Write) -> Result<(), Failure> {
    let (mut boxed, mut pooled) = (Vec::new(), Vec::new());
    let begin = Instant::now();
    while boxed.is_empty() || (begin.elapsed() < BUDGET && boxed.len() < MOST_ROUNDS) {
        boxed.push(time(|| before::counts::answer(parts)).1);
        pooled.push(time(|| after::counts::answer(parts)).1);
    }
    let rounds = boxed.len();
    let (boxed, pooled) = (median(boxed).as_secs_f64() * 1e6, median(pooled).as_secs_f64() * 1e6);
    writeln!(out, "\nThe program from start to end (median of {rounds} rounds):")?;
    writeln!(out, "{:>14}{:>14}{:>10}", "Box", "PoolBox", "ratio")?;
    writeln!(out, "{boxed:>11.1} us{pooled:>11.1} us{:>9.2}x", boxed / pooled.max(1e-3))?;
    writeln!(out, "The ratio is Box / PoolBox: above 1 the pool is better.")?;
    Ok(())
}

/// What stands between blank lines.
fn paragraphs(text: &str) -> Vec<&str> {
    text.split("\n\n").filter(|part| !part.trim().is_empty()).collect()
}

/// The typewriter's and the printer's.
const APOSTROPHES: [char; 2] = ['\'', '\u{2019}'];

/// The words of a text in lower case: letters and digits, with apostrophes inside.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && !APOSTROPHES.contains(&c))
        .map(|word| word.trim_matches(APOSTROPHES))
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_programs_say_the_same_and_the_pool_is_empty_again() {
        let end = if cfg!(miri) { 1_500 } else { ALICE.len() };
        let text = ALICE[..end].to_lowercase();
        let parts = paragraphs(&text);
        let answer = after::counts::answer(&parts);
        assert_eq!(answer, before::counts::answer(&parts));
        assert_eq!(answer.occurrences as usize, parts.iter().map(|part| words(part).count()).sum::<usize>());
        assert!(after::counts::Node::default_pool().is_empty());
    }

    #[test]
    fn a_paragraph_ends_at_a_blank_line() {
        assert_eq!(paragraphs("one\n\n\n two\nlines\n\n\n\n"), ["one", "\n two\nlines"]);
        assert_eq!(paragraphs("").len(), 0);
    }
}
