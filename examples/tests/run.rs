//! The programs as a user runs them: what they print where, and how they exit.
// Miri starts no processes, and flags for a sanitizer are not for what `cargo run` would build.
#![cfg(not(any(miri, goo_asan)))]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn example(name: &str) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(["run", "--quiet", "--example", name]).current_dir(env!("CARGO_MANIFEST_DIR"));
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    command.arg("--");
    command
}

fn run(command: &mut Command) -> Output {
    command.output().expect("cargo runs, as it runs this test")
}

fn assert_fails_with(output: &Output, message: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains(message), "{stderr}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
}

/// A file of this test, removed when dropped.
struct TempFile(PathBuf);

impl TempFile {
    fn new(name: &str, contents: &[u8]) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::write(&path, contents).expect("the target folder can be written to");
        TempFile(path)
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        // A file left behind harms nobody, and a drop must not panic.
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn every_program_succeeds_without_arguments() {
    for name in ["tour", "lists_and_trees", "word_index", "pipeline", "packets", "executor"] {
        let output = run(&mut example(name));
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(!output.stdout.is_empty(), "{name}");
    }
}

#[test]
fn word_index_answers_about_a_file() {
    let file = TempFile::new("whale.txt", "Whales,\nwhale's and\n\na WHALE; whale!\n".as_bytes());
    let output = run(example("word_index").arg(&file.0).args(["Whale", "wh*", "ship"]));
    let stdout = String::from_utf8(output.stdout).expect("the output is UTF-8");
    assert!(output.status.success());
    assert!(stdout.contains("5 different words"), "{stdout}");
    assert!(stdout.contains("whale: 2 times, on lines 4\n"), "{stdout}");
    assert!(stdout.contains("wh*: 3 words\n      2  whale\n      1  whale's\n      1  whales\n"), "{stdout}");
    assert!(stdout.contains("ship: not in the text\n"), "{stdout}");
}

#[test]
fn word_index_takes_an_empty_file() {
    let file = TempFile::new("empty.txt", b"");
    let output = run(example("word_index").arg(&file.0));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("0 different words"));
}

#[test]
fn word_index_names_the_file_that_it_cannot_read() {
    let output = run(example("word_index").arg("no/such/file.txt"));
    assert_fails_with(&output, "word_index: cannot read no/such/file.txt: ");
}

#[test]
fn word_index_tells_where_a_file_is_not_utf_8() {
    let file = TempFile::new("latin1.txt", b"caf\xe9 au lait");
    let output = run(example("word_index").arg(&file.0));
    assert_fails_with(&output, "latin1.txt is not UTF-8: see the byte at offset 3\n");
}

#[test]
fn pipeline_finds_the_changes_of_a_day() {
    let rules = "Rule\tEU\t1996\tmax\t-\tOct\tlastSun\t 1:00u\t0\t-\t# the last of October\n\
                 R US 2007 ma - N Su>=1 2 0 S\nR Once 2025 o - O 26 3 0:30 -\nL US Us\n";
    let file = TempFile::new("rules.zi", rules.as_bytes());
    let output = run(example("pipeline").arg(&file.0).arg("2025-10-26"));
    let stdout = String::from_utf8(output.stdout).expect("the output is UTF-8");
    assert!(output.status.success());
    let expected = "\n  EU      1:00u   0       -\n  Once    3       0:30    -\nThese were found among 200 changes.\n";
    assert!(stdout.contains(expected), "{stdout}");
}

#[test]
fn pipeline_with_pools_asks_the_heap_for_little() {
    let stdout = String::from_utf8(run(&mut example("pipeline")).stdout).expect("the output is UTF-8");
    let row = stdout.lines().find_map(|line| line.strip_prefix("requests to the heap")).expect("a row");
    let requests: Vec<usize> = row.split_whitespace().map_while(|word| word.parse().ok()).collect();
    // With `Box` it is one request for each change at least; with pools, those for batches are left.
    assert!(requests[0] > 20 * 10_000 && requests[1] * 10 < requests[0], "{requests:?}");
}

#[test]
fn pipeline_takes_a_file_without_rules() {
    let file = TempFile::new("no_rules.zi", b"# nothing yet\n");
    let output = run(example("pipeline").arg(&file.0).arg("2025-10-26"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("found among 0 changes"));
}

#[test]
fn pipeline_names_the_line_that_is_wrong() {
    let file = TempFile::new("wrong.zi", b"R a 2000 o - Ja 1 0 0 -\nR a 2000 o - F 30 0 0 -\n");
    let output = run(example("pipeline").arg(&file.0).arg("2025-10-26"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("pipeline: line 2: no such day in this month\n"), "{stderr}");
}

#[test]
fn pipeline_names_the_file_that_it_cannot_read() {
    let output = run(example("pipeline").args(["no/such/file.zi", "2025-10-26"]));
    assert_fails_with(&output, "pipeline: cannot read no/such/file.zi: ");
    let file = TempFile::new("latin1.zi", b"# S\xe3o Paulo\n");
    let output = run(example("pipeline").arg(&file.0).arg("2025-10-26"));
    assert_fails_with(&output, "latin1.zi: stream did not contain valid UTF-8\n");
}

#[test]
fn pipeline_wants_a_date_that_exists() {
    let file = TempFile::new("empty.zi", b"");
    for dates in [&["2025-02-29"][..], &["today"], &["2025-10-26", "2025-10-27"], &[]] {
        let output = run(example("pipeline").arg(&file.0).args(dates));
        assert_fails_with(&output, "usage: pipeline [FILE YYYY-MM-DD]\n");
    }
}

#[test]
fn packets_come_whole_and_pooled_ones_ask_the_heap_for_nothing() {
    let file =
        TempFile::new("lines.txt", &[&b"short\n\nlonger "[..], &[b'x'; 5_000], b"\n\0\xff\n"].concat().repeat(100));
    let output = run(example("packets").arg(&file.0));
    let stdout = String::from_utf8(output.stdout).expect("the output is UTF-8");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(stdout.contains("501800 bytes in 700 packets"), "{stdout}");
    let requests = |name| -> usize {
        let row = stdout.lines().find_map(|line| line.strip_prefix(name)).expect("a row");
        row.split_whitespace().rev().nth(1).expect("the last but one").parse().expect("a number")
    };
    // Both ends ask for each packet, and a few were on their way when it began to count.
    assert!(requests("Vec ") > 12 * 2 * 700 - 1_000, "{stdout}");
    assert_eq!(requests("PoolBytes  "), 0, "{stdout}");
}

#[test]
fn executor_with_pools_asks_the_heap_for_nothing() {
    let stdout = String::from_utf8(run(&mut example("executor")).stdout).expect("the output is UTF-8");
    let requests = |name| -> usize {
        let row = stdout.lines().find_map(|line| line.strip_prefix(name)).expect("a row");
        row.split_whitespace().last().expect("a number").parse().expect("a number")
    };
    // With `Box` and `Arc` it is two for each task, which there is one of for each line.
    assert!(stdout.contains("26457 words") && requests("Box and Arc") >= 20 * 2 * 3_608, "{stdout}");
    assert_eq!(requests("pools"), 0, "{stdout}");
}

#[test]
fn packets_name_the_file_that_they_cannot_read() {
    let output = run(example("packets").arg("no/such/file.txt"));
    assert_fails_with(&output, "packets: cannot read no/such/file.txt: ");
}

#[test]
fn program_goes_quietly_when_its_reader_does() {
    for name in ["word_index", "pipeline"] {
        let mut child = example(name)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("cargo runs, as it runs this test");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it was started");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
