//! Misuse of pools and boxes that must not compile, beside the messages that the user gets.
//!
//! The messages are the compiler's, so they are compared with one version only. To write them anew after a
//! change: `TRYBUILD=overwrite cargo test --test ui_handles`. What does compile is in bounds.rs.
#![cfg(not(miri))]

use std::env;
use std::process::Command;

/// The compiler that the `.stderr` files were written with.
const COMPILER: &str = "1.95.";

/// The compiler that trybuild is going to use.
fn compiler() -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().expect("the compiler that built this test");
    let version = String::from_utf8(output.stdout).expect("a version in UTF-8");
    version.split_whitespace().nth(1).expect("`rustc VERSION`").to_owned()
}

#[test]
fn misuse_does_not_compile() {
    let compiler = compiler();
    if !compiler.starts_with(COMPILER) {
        println!("not compared: this is {compiler}, and the messages are those of {COMPILER}x");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/ui_handles/*.rs");
}
