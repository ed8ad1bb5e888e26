//! Where the figures come from.

use std::{fs, path::Path, process::Command};

/// Processor, compiler and commit, one line. What cannot be found out is left out.
pub fn describe(repository: &Path) -> String {
    [processor(), kernel(), output(repository, "rustc", &["--version"]), commit(repository)]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("; ")
}

fn processor() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "))?.1;
    let cores = info.lines().filter(|line| line.starts_with("processor")).count();
    Some(format!("{model}, {cores} cores"))
}

fn kernel() -> Option<String> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").ok()?;
    Some(format!("Linux {}", release.trim()))
}

fn commit(repository: &Path) -> Option<String> {
    let commit = output(repository, "git", &["rev-parse", "--short=12", "HEAD"])?;
    let changes = output(repository, "git", &["status", "--porcelain"]).is_some();
    let note = if changes { " with local changes" } else { "" };
    Some(format!("commit {commit}{note}"))
}

/// What a program says, if it succeeds and says anything.
fn output(directory: &Path, program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).current_dir(directory).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
