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

// `lru_cache` and `particles` are run with small sizes below: theirs are for release builds.
#[test]
fn every_program_succeeds_without_arguments() {
    for name in ["tour", "lists_and_trees", "word_index", "pipeline", "drop_in", "json_tree", "packets", "executor"] {
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

/// The figures of a row of a table, without the ratios.
fn figures(stdout: &str, name: &str) -> Vec<f64> {
    let row = stdout.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {stdout}"));
    row.split_whitespace().filter(|word| !word.starts_with('×')).map(|word| word.parse().expect("a figure")).collect()
}

#[test]
fn lru_cache_compares_caches_that_agree() {
    let output = run(example("lru_cache").arg("2000"));
    let stdout = String::from_utf8(output.stdout).expect("the output is UTF-8");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(stdout.contains("With 2000 entries, and 32000 pages"), "{stdout}");
    for name in ["KeyedPool ", "slab ", "slotmap ", "crate lru", "PoolRc<RefCell>", "Rc<RefCell>"] {
        let figures = figures(&stdout, name);
        assert_eq!(figures.len(), 4, "{stdout}");
        assert!(figures.iter().all(|figure| *figure >= 0.0) && figures[3] > 70.0, "{stdout}");
    }
}

#[test]
fn particles_compares_worlds_that_agree() {
    let output = run(example("particles").args(["2000", "5"]));
    let stdout = String::from_utf8(output.stdout).expect("the output is UTF-8");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (without, with) = stdout.split_once("One in four has a target, ").expect("two tables");
    assert_eq!(figures(without, "Vec ").len(), 5, "{stdout}");
    assert_eq!(figures(with, "Vec and HashMap").len(), 6, "{stdout}");
    for name in ["KeyedPool ", "SlotMap ", "DenseSlotMap", "Vec<Option<Box>>"] {
        assert_eq!((figures(without, name).len(), figures(with, name).len()), (5, 6), "{stdout}");
    }
    let lost: u32 = with.split(' ').next().and_then(|number| number.parse().ok()).expect("how many were gone");
    assert!(lost > 0, "{stdout}");
}

#[test]
fn programs_that_compare_want_sizes_that_fit() {
    for sizes in [&["0"][..], &["many"], &["200000000"], &["1", "2"]] {
        assert_fails_with(&run(example("lru_cache").args(sizes)), "usage: lru_cache [ENTRIES]");
    }
    for sizes in [&["0"][..], &["1", "0"], &["-1"], &["20000000"], &["1", "2", "3"]] {
        assert_fails_with(&run(example("particles").args(sizes)), "usage: particles [PARTICLES [FRAMES]]");
    }
}

#[test]
fn drop_in_answers_about_a_file() {
    let text = "The cat, the hat.\r\n\r\nThe dog's\r\nday\r\n\r\n\r\nthe END, the cat\r\n";
    let file = TempFile::new("cat.txt", text.as_bytes());
    let output = run(example("drop_in").arg(&file.0));
    let stdout = String::from_utf8(output.stdout).expect("the output is UTF-8");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(stdout.contains("11 words in 3 paragraphs, 6 different ones, 2 more than once\n"), "{stdout}");
    let common = "6 words are in more than a tenth of the paragraphs:\n      3  the\n      2  cat\n      1  day\n";
    assert!(stdout.contains(common), "{stdout}");
    assert!(stdout.contains("\nThe program from start to end"), "{stdout}");
}

#[test]
fn drop_in_takes_an_empty_file() {
    let file = TempFile::new("nothing.txt", b"");
    let output = run(example("drop_in").arg(&file.0));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("0 words in 0 paragraphs"));
}

#[test]
fn drop_in_names_the_file_that_it_cannot_read() {
    let output = run(example("drop_in").arg("no/such/file.txt"));
    assert_fails_with(&output, "drop_in: cannot read no/such/file.txt: ");
    let file = TempFile::new("latin1_too.txt", b"caf\xe9 au lait");
    let output = run(example("drop_in").arg(&file.0));
    assert_fails_with(&output, "stream did not contain valid UTF-8\n");
}

#[test]
fn json_tree_answers_about_a_document() {
    let text =
        r#"{"ships": [{"name": "Pequod", "crew": 30}, {"name": "Rachel", "sunk": false, "crew": null}], "ships": 2}"#;
    let file = TempFile::new("ships.json", text.as_bytes());
    let output = run(example("json_tree").arg(&file.0).args(["/ships/*/name", "/ships/0/crew", "/whales"]));
    let stdout = String::from_utf8(output.stdout).expect("the output is UTF-8");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(
        stdout.contains("ships.json: 104 bytes, 10 nodes, 4 deep\n        3  objects\n        1  arrays\n"),
        "{stdout}"
    );
    assert!(stdout.contains("\n/ships/*/name: 2 found\n    \"Pequod\"\n    \"Rachel\"\n"), "{stdout}");
    assert!(stdout.contains("\n/ships/0/crew: 1 found\n    30\n"), "{stdout}");
    assert!(stdout.contains("\n/whales: 0 found\n"), "{stdout}");
    assert!(stdout.contains("`serde_json::Value` finds the same"), "{stdout}");
}

#[test]
fn json_tree_tells_where_a_document_is_wrong() {
    let file = TempFile::new("wrong.json", b"{\"a\": [1, 2}\n");
    assert_fails_with(&run(example("json_tree").arg(&file.0)), "wrong.json: expected `,` or `]` at line 1 column 12\n");
    let file = TempFile::new("deep.json", "[".repeat(1_000_000).as_bytes());
    assert_fails_with(
        &run(example("json_tree").arg(&file.0)),
        "deep.json: recursion limit exceeded at line 1 column 128\n",
    );
    let file = TempFile::new("latin1.json", b"\"caf\xe9\"");
    assert_fails_with(&run(example("json_tree").arg(&file.0)), "latin1.json: stream did not contain valid UTF-8\n");
    assert_fails_with(&run(example("json_tree").arg("no/such.json")), "json_tree: cannot read no/such.json: ");
}

#[test]
fn json_tree_wants_a_path_that_begins_with_a_slash() {
    let file = TempFile::new("null.json", b"null");
    let output = run(example("json_tree").arg(&file.0).arg("ships"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("json_tree: ships is no path: one begins with a slash"), "{stderr}");
}

#[test]
fn json_tree_with_a_pool_asks_the_heap_for_little() {
    let stdout = String::from_utf8(run(&mut example("json_tree")).stdout).expect("the output is UTF-8");
    let row = stdout.lines().find_map(|line| line.strip_prefix("heap objects held")).expect("a row");
    let objects: Vec<usize> = row.split_whitespace().map_while(|word| word.parse().ok()).collect();
    assert_eq!(objects[0], 28_280, "one for each node");
    assert!(objects[1] < 30, "{objects:?}");
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

/// Where `text` stands in a program: "line:column".
#[cfg(feature = "tracking")]
fn place_of(source: &str, text: &str) -> String {
    let (line, column) = source
        .lines()
        .enumerate()
        .find_map(|(number, line)| Some((number + 1, line.find(text)? + 1)))
        .expect("the program has it");
    format!("{line}:{column}")
}

#[cfg(feature = "tracking")]
fn leak_report(arguments: &[&str]) -> (String, String) {
    let mut command = Command::new(env!("CARGO"));
    command.args(["run", "--quiet", "--example", "leak_report", "--features", "tracking", "--"]).args(arguments);
    let output = run(command.current_dir(env!("CARGO_MANIFEST_DIR")));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = |bytes| String::from_utf8(bytes).expect("the output is UTF-8");
    (text(output.stdout), text(output.stderr))
}

#[cfg(feature = "tracking")]
#[test]
fn leak_report_names_the_lines_whose_requests_were_lost() {
    let (stdout, stderr) = leak_report(&[]);
    assert_eq!(
        stdout,
        "done: 80, timed out: 20\n20 objects, 10320 bytes; peak: 28 objects, 14448 bytes; \
         allocations: 100, frees: 80, failures: 0\n"
    );
    let source = include_str!("../examples/leak_report.rs");
    let file = "examples/examples/leak_report.rs";
    let (read, write) = (place_of(source, "alloc(Request {"), place_of(source, "alloc_with(|| Request {"));
    assert_eq!(
        stderr,
        format!(
            "requests: 20 objects (10320 bytes) live\n   \
             13 objects      6708 bytes  at {file}:{read}\n    \
             7 objects      3612 bytes  at {file}:{write}\n"
        )
    );
}

#[cfg(feature = "tracking")]
#[test]
fn leak_report_is_quiet_once_the_mistake_is_mended() {
    let (stdout, stderr) = leak_report(&["--fixed"]);
    assert!(stdout.contains("0 objects, 0 bytes; ") && stdout.contains("frees: 100,"), "{stdout}");
    assert_eq!(stderr, "");
}

#[test]
fn program_goes_quietly_when_its_reader_does() {
    for (name, args) in [
        ("word_index", &[][..]),
        ("pipeline", &[]),
        ("drop_in", &[]),
        ("json_tree", &[]),
        ("lru_cache", &["100"]),
        ("particles", &["100", "3"]),
    ] {
        let mut child = example(name)
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("cargo runs, as it runs this test");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it was started");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
