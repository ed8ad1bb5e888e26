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
    for name in ["tour", "lists_and_trees", "word_index"] {
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
fn word_index_goes_quietly_when_its_reader_does() {
    let mut child = example("word_index")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("cargo runs, as it runs this test");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it was started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
