//! The numbers of Valgrind's client requests, against its own headers.
#![cfg(all(not(miri), unix))]

use std::path::Path;
use std::process::Command;

/// What `src/watch/valgrind.rs` says, read from there: `NAME` and its value in C.
fn ours() -> Vec<(String, usize)> {
    let source = include_str!("../src/watch/valgrind.rs");
    let numbers = source.lines().filter_map(|line| line.strip_prefix("const ")?.split_once(": usize = "));
    let no_access = usize::from(b'M') << 24 | usize::from(b'C') << 16;
    numbers
        .map(|(name, value)| {
            let value = value.trim_end_matches(';');
            let value = match value {
                "(b'M' as usize) << 24 | (b'C' as usize) << 16" => no_access,
                "MAKE_MEM_NOACCESS + 1" => no_access + 1,
                hex => usize::from_str_radix(hex.trim_start_matches("0x"), 16).unwrap(),
            };
            (name.to_owned(), value)
        })
        .collect()
}

#[test]
fn the_requests_have_the_numbers_of_the_headers() {
    if !Path::new("/usr/include/valgrind/memcheck.h").exists() {
        eprintln!("SKIPPED: Valgrind's headers are not installed");
        return;
    }
    let ours = ours();
    assert_eq!(ours.len(), 7, "{ours:?}");
    let asserts: String = ours
        .iter()
        .map(|(name, value)| format!("_Static_assert(VG_USERREQ__{name} == {value}, \"{name}\");\n"))
        .collect();
    let source = std::env::temp_dir().join(format!("goo_pool_valgrind_{}.c", std::process::id()));
    std::fs::write(&source, format!("#include <valgrind/valgrind.h>\n#include <valgrind/memcheck.h>\n{asserts}"))
        .unwrap();
    let output = Command::new("cc").arg("-fsyntax-only").arg(&source).output().unwrap();
    std::fs::remove_file(&source).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
