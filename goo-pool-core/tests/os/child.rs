//! This program again, as a process of its own: for what ends a process, or concerns all of it.

use std::process::{Command, ExitStatus, Output};

const PART: &str = "GOO_POOL_OS_TEST_PART";

/// What this process was started to play, if it is such a child.
pub(crate) fn part() -> Option<String> {
    std::env::var(PART).ok()
}

/// Runs one test alone in a child process, after some commands of the shell.
pub(crate) fn run_after(commands: &str, test: &str, part: &str) -> ExitStatus {
    let program = std::env::current_exe().unwrap();
    let Output { status, stdout, stderr } = Command::new("sh")
        .arg("-c")
        .arg(format!("{commands}; exec \"$0\" \"$@\""))
        .arg(program)
        .args(["--exact", test, "--test-threads=1", "--nocapture"])
        .env(PART, part)
        // AddressSanitizer leaves the signal to the system.
        .env("ASAN_OPTIONS", "handle_segv=0")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&stdout);
    eprintln!("{part}: {status}\n{said}{}", String::from_utf8_lossy(&stderr));
    assert!(said.contains("running 1 test"), "there is no test of that name");
    status
}

pub(crate) fn run(test: &str, part: &str) -> ExitStatus {
    run_after("ulimit -c 0", test, part)
}
