//! A program without `std` and without a heap, built as for a small target and run on the host: it links, does its work, and names no
//! allocator.
#![cfg(all(target_os = "linux", not(any(miri, goo_asan, goo_tsan, goo_loom))))]

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{errors}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// The library for one profile.
fn build(profile: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("embedded");
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/embedded/Cargo.toml");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.args(["build", "--quiet", "--offline", "--profile", profile, "--manifest-path", manifest, "--target-dir"]);
    // What this test was built with says nothing about the target.
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
        cargo.env_remove(variable);
    }
    succeed(cargo.arg(&target));
    target.join(if profile == "dev" { "debug" } else { profile }).join("libembedded.a")
}

fn link(library: &Path) -> PathBuf {
    let program = library.with_file_name("embedded");
    let main = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/embedded/main.c");
    let mut cc = Command::new("cc");
    cc.args(["-Wall", "-Wextra", "-Werror", "-Wl,--gc-sections", main]).arg(library).arg("-o").arg(&program);
    succeed(&mut cc);
    program
}

/// All names of functions that a heap has.
const HEAP: [&str; 9] =
    ["malloc", "calloc", "realloc", "free", "aligned_alloc", "posix_memalign", "memalign", "sbrk", "mmap"];

fn assert_no_heap(symbols: &str) {
    assert!(symbols.contains("readings_init"), "these are not the symbols of the program:\n{symbols}");
    for name in symbols.split_whitespace() {
        let name = name.split('@').next().unwrap();
        assert!(!HEAP.contains(&name) && !name.contains("__rust_alloc") && !name.contains("__rdl_"), "{name}");
        assert!(!name.contains("5alloc5alloc"), "{name} is from the crate `alloc`");
    }
}

#[test]
fn a_static_pool_works_without_std_and_names_no_allocator() {
    let library = build("release");
    let program = link(&library);
    succeed(&mut Command::new(&program));
    assert_no_heap(&succeed(Command::new("nm").arg(&library)));
    assert_no_heap(&succeed(Command::new("nm").arg(&program)));
    // Besides its start, the program asks the C library for what a compiler may ask for anywhere.
    for line in succeed(Command::new("nm").arg("--undefined-only").arg(&program)).lines() {
        let weak = line.trim_start().starts_with("w ");
        let name = line.split_whitespace().last().and_then(|name| name.split('@').next()).unwrap();
        assert!(
            weak || ["__libc_start_main", "memcpy", "memset", "memmove", "memcmp", "bcmp"].contains(&name),
            "{line}"
        );
    }
    // Without optimisation it does not link on a host, whose `core` was built to unwind.
    assert_no_heap(&succeed(Command::new("nm").arg(build("dev"))));
}
