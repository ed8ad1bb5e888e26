//! Runs the cells: one child process each, and a look at what became of it.

use std::env;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use super::table::{Caught, MODES, Mode, Row, TABLE};

/// The first argument of a child.
pub(crate) const CHILD: &str = "misuse";

/// Tells a child that Valgrind looks on.
pub(crate) const UNDER_VALGRIND: &str = "UNDER_VALGRIND";

/// Tells a child to take memory between guard pages.
pub(crate) const GUARD_PAGES: &str = "GUARD_PAGES";

/// What a child prints when the misuse is done.
const DONE: &str = "done";

/// A child's work.
pub(crate) fn act(misuse: &str, pool: &str) {
    let row = TABLE.iter().find(|row| row.name == misuse).expect("a misuse of the table");
    let act = if pool == "local" { row.local } else { row.shared };
    act.expect("a pool that this can be done to")();
}

/// To be called by a misuse when it has been done.
pub(crate) fn done() {
    println!("{DONE}");
    std::io::stdout().flush().unwrap();
}

/// The columns that this build can check.
fn modes() -> Vec<Mode> {
    let own = if cfg!(goo_asan) {
        Mode::Asan
    } else if cfg!(feature = "hardened") {
        Mode::Hardened
    } else if cfg!(debug_assertions) {
        Mode::Debug
    } else {
        Mode::Release
    };
    let mut modes = vec![own];
    if own == Mode::Hardened && cfg!(all(feature = "os", target_os = "linux")) {
        modes.push(Mode::GuardPages);
    }
    if own == Mode::Release && cfg!(feature = "valgrind") {
        if Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_ok() {
            modes.push(Mode::Valgrind);
        } else {
            eprintln!("SKIPPED: the column of Valgrind, which is not installed");
        }
    }
    modes
}

/// Fails if a cell of these columns is not as the table says, and then says which.
pub(crate) fn assert_all() {
    let mut wrong = Vec::new();
    for mode in modes() {
        let name = MODES[mode as usize].1;
        let mut cells = 0;
        for row in TABLE {
            let expected = row.expected(mode);
            if expected == Caught::Wild {
                continue;
            }
            for (pool, act) in [("local", row.local), ("shared", row.shared)] {
                if act.is_some() {
                    cells += 1;
                    let output = output(mode, row, pool);
                    let found = verdict(&output);
                    if found != expected {
                        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
                        wrong.push(format!("{name}: {} ({pool}): {found:?}, not {expected:?}\n{errors}", row.name));
                    }
                }
            }
        }
        println!("{cells} cells of the column {name}");
    }
    assert!(wrong.is_empty(), "{} cells are not as the table says:\n{}", wrong.len(), wrong.join("\n"));
}

fn output(mode: Mode, row: &Row, pool: &str) -> Output {
    let this = env::current_exe().unwrap();
    let mut command = if mode == Mode::Valgrind {
        let mut command = Command::new("valgrind");
        command.args(["--quiet", "--error-exitcode=9", "--exit-on-first-error=yes", "--leak-check=full"]);
        command.args(["--errors-for-leak-kinds=definite", "--show-leak-kinds=definite"]).arg(this);
        command.env(UNDER_VALGRIND, "1");
        command
    } else {
        Command::new(this)
    };
    command.args([CHILD, row.name, pool]).env("RUST_BACKTRACE", "0");
    if mode == Mode::GuardPages {
        command.env(GUARD_PAGES, "1");
    }
    command.output().unwrap()
}

fn verdict(output: &Output) -> Caught {
    let is_done = String::from_utf8_lossy(&output.stdout).lines().any(|line| line == DONE);
    match (output.status.success(), is_done) {
        (false, false) => Caught::AtOnce,
        (false, true) => Caught::Later,
        (true, true) => Caught::Not,
        (true, false) => panic!("the child did nothing"),
    }
}
