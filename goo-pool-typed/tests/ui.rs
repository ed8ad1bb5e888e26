//! What must not compile, beside the messages that the user gets; and what must. What compiles because of its
//! types is in bounds.rs.
//!
//! The wording around a message is the compiler's, so the messages are compared with one version only. To
//! write them anew after a change: `TRYBUILD=overwrite cargo test --test ui`.
// The compiler says the same in every kind of build: once is enough.
#![cfg(all(debug_assertions, not(miri), not(goo_asan)))]

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

fn must_not_compile(cases: &str) {
    let compiler = compiler();
    if !compiler.starts_with(COMPILER) {
        println!("not compared: this is {compiler}, and the messages are those of {COMPILER}x");
        return;
    }
    trybuild::TestCases::new().compile_fail(cases);
}

#[test]
fn misuse_of_a_pool_or_a_box_does_not_compile() {
    must_not_compile("tests/ui/handles/*.rs");
}

#[test]
#[cfg(feature = "std")]
fn what_stays_on_its_thread_does_not_leave_it() {
    must_not_compile("tests/ui/threads/*.rs");
}

#[test]
#[cfg(feature = "std")]
fn misuse_of_a_shared_handle_does_not_compile() {
    must_not_compile("tests/ui/rc/*.rs");
}

#[test]
#[cfg(feature = "std")]
fn misuse_of_a_scope_does_not_compile() {
    must_not_compile("tests/ui/scope/*.rs");
}

#[test]
fn misuse_of_a_keyed_pool_does_not_compile() {
    must_not_compile("tests/ui/keyed/*.rs");
}

#[test]
fn misuse_of_a_recycler_does_not_compile() {
    must_not_compile("tests/ui/recycler/*.rs");
}

#[test]
#[cfg(all(feature = "serde", feature = "derive", feature = "std"))]
fn misuse_of_a_seed_or_a_default_pool_does_not_compile() {
    must_not_compile("tests/ui/serde/*.rs");
}

#[test]
#[cfg(feature = "derive")]
fn mistakes_are_reported_on_the_users_tokens() {
    must_not_compile("tests/ui/derive/*.rs");
}

#[test]
#[cfg(all(feature = "derive", feature = "std"))]
fn misuse_of_a_default_pool_does_not_compile() {
    must_not_compile("tests/ui/default_pool/*.rs");
}

#[test]
#[cfg(all(feature = "derive", not(feature = "std")))]
fn what_needs_std_says_so() {
    must_not_compile("tests/ui/without_std/*.rs");
}

#[test]
#[cfg(all(feature = "derive", feature = "std"))]
fn misuse_of_links_does_not_compile() {
    must_not_compile("tests/ui/links/*.rs");
}

#[test]
#[cfg(feature = "derive")]
fn correct_uses_compile_and_run() {
    trybuild::TestCases::new().pass("tests/ui/pass/*.rs");
}
