//! What must not compile, beside the messages that the user gets; and what must.
//!
//! The wording around a message is the compiler's, so the messages are compared with one version only. To
//! write them anew after a change: `TRYBUILD=overwrite cargo test --test ui`.
#![cfg(all(feature = "derive", not(miri)))]

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
fn mistakes_are_reported_on_the_users_tokens() {
    let compiler = compiler();
    if !compiler.starts_with(COMPILER) {
        println!("not compared: this is {compiler}, and the messages are those of {COMPILER}x");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/ui/derive/*.rs");
}

#[test]
fn correct_uses_compile_and_run() {
    trybuild::TestCases::new().pass("tests/ui/pass/*.rs");
}
