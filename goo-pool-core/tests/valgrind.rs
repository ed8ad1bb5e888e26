//! The numbers of Valgrind's client requests, against its own headers; and, with the feature, pools of each kind under it.
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

/// Valgrind once knew nothing of the chunks of pools of many sizes, and took what is read of a segment on its way back for
/// uninitialised.
#[test]
#[cfg(feature = "valgrind")]
fn pools_that_are_used_as_they_should_be_are_no_alarm() {
    const NAME: &str = "pools_that_are_used_as_they_should_be_are_no_alarm";
    const WATCHED: &str = "GOO_POOL_UNDER_VALGRIND";
    if std::env::var_os(WATCHED).is_some() {
        return use_pools();
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        eprintln!("SKIPPED: Valgrind is not installed");
        return;
    }
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--error-exitcode=9"]).arg(std::env::current_exe().unwrap());
    let output = valgrind.args(["--exact", NAME, "--test-threads=1"]).env(WATCHED, "1").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

#[cfg(feature = "valgrind")]
fn use_pools() {
    use goo_pool_core::{ClassPool, Global, RawPool, Segregator, SyncClassPool};
    use std::alloc::Layout;
    use std::ptr::NonNull;

    fn check(layout: Layout, allocate: impl Fn() -> NonNull<u8>, free: impl Fn(NonNull<u8>)) {
        for _ in 0..2 {
            let chunks: Vec<_> = (0..300).map(|_| allocate()).collect();
            for (number, chunk) in chunks.iter().enumerate() {
                // SAFETY: live, and so long.
                unsafe { chunk.write_bytes(number as u8, layout.size()) };
            }
            for (number, chunk) in chunks.into_iter().enumerate() {
                // SAFETY: within the chunk.
                let last = unsafe { chunk.byte_add(layout.size() - 1) };
                // SAFETY: live, and written.
                assert_eq!(unsafe { last.read() }, number as u8);
                free(chunk);
            }
        }
    }

    for size in [8, 100, 3000] {
        let layout = Layout::from_size_align(size, 8).unwrap();
        // A parent that looks at the layouts.
        let builder = || RawPool::builder(layout).parent(Segregator::new(4096, Global, Global));
        let (local, shared) = (builder().build().unwrap(), builder().build_sync().unwrap());
        let (classes, shared_classes) = (ClassPool::new(), SyncClassPool::new());
        // SAFETY: each came from there, and is not used any more.
        check(layout, || local.allocate().unwrap(), |chunk| unsafe { local.deallocate(chunk) });
        // SAFETY: the same.
        check(layout, || shared.allocate().unwrap(), |chunk| unsafe { shared.deallocate(chunk) });
        // SAFETY: the same.
        check(
            layout,
            || classes.allocate(layout).unwrap().cast(),
            |chunk| unsafe { classes.deallocate(chunk, layout) },
        );
        let allocate = || shared_classes.allocate(layout).unwrap().cast();
        // SAFETY: the same.
        check(layout, allocate, |chunk| unsafe { shared_classes.deallocate(chunk, layout) });
    }
}
