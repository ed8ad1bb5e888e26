//! The C interface from C and C++: programs compiled by the system's compilers, linked with the library as a C program
//! would be, run plain and under Valgrind. And the header, compared with what cbindgen makes of the source.
#![cfg(all(target_os = "linux", not(any(miri, goo_loom, goo_asan, goo_tsan))))]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::mem::{offset_of, size_of};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::{env, fs};

use goo_pool_core::capi::types::{GooAllocOptions, GooAllocStrategy, MAX_RETRIES};
use goo_pool_core::capi::{GooAllocStats, GooAllocator, GooPoolAllocator};

/// Where the crate is.
fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where the programs are put.
fn workshop() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Static,
    Dynamic,
    /// Static, and tells Valgrind of chunks.
    Telling,
}

/// The library, built by the command of `CAPI.md`, with checks or (`release`) without.
fn library(kind: Kind, release: bool) -> PathBuf {
    static BUILT: [OnceLock<PathBuf>; 4] = [const { OnceLock::new() }; 4];
    let (at, name, crate_type) = match kind {
        Kind::Static => (usize::from(release), "libgoo_pool_core.a", "staticlib"),
        Kind::Dynamic => (2, "libgoo_pool_core.so", "cdylib"),
        Kind::Telling => (3, "libgoo_pool_core.a", "staticlib"),
    };
    let features = if kind == Kind::Telling { "capi,valgrind" } else { "capi" };
    let build = || {
        let target = workshop().join(format!("{crate_type}-{features}-{}", if release { "release" } else { "debug" }));
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(home()).args(["rustc", "--quiet", "-p", "goo-pool-core", "--features", features]);
        cargo.args(["--crate-type", crate_type]).arg("--target-dir").arg(&target);
        if release {
            cargo.arg("--release");
        }
        succeed(&mut cargo);
        target.join(if release { "release" } else { "debug" }).join(name)
    };
    BUILT[at].get_or_init(build).clone()
}

/// Runs a command, which must come to a good end.
#[track_caller]
fn succeed(command: &mut Command) -> Output {
    let output = run(command);
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, errors(&output));
    output
}

#[track_caller]
fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Compiles a program with the strictest warnings, as errors, and links it with the library.
#[track_caller]
fn compile(source: &Path, kind: Kind, release: bool) -> PathBuf {
    let is_cpp = source.extension().is_some_and(|extension| extension == "cpp");
    let name = source.file_stem().unwrap().to_str().unwrap();
    let program = workshop().join(format!("{name}-{kind:?}-{}", if release { "release" } else { "debug" }));
    let mut compiler = Command::new(if is_cpp { "c++" } else { "cc" });
    compiler.arg(if is_cpp { "-std=c++17" } else { "-std=c11" });
    compiler.args(["-g", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic"]);
    for folder in ["include", "tests/c"] {
        compiler.arg("-I").arg(home().join(folder));
    }
    compiler.arg(source).arg("-o").arg(&program);
    let library = library(kind, release);
    if kind != Kind::Dynamic {
        compiler.arg(&library).args(["-lpthread", "-ldl", "-lm"]);
    } else {
        let folder = library.parent().unwrap();
        compiler.arg("-L").arg(folder).arg("-lgoo_pool_core").arg(format!("-Wl,-rpath,{}", folder.display()));
    }
    succeed(&mut compiler);
    program
}

fn source(name: &str) -> PathBuf {
    home().join("tests/c").join(name)
}

/// The C programs of a page, each by the name in its first line: `/* name.c: what it is. */`.
fn programs_of(page: &Path) -> Vec<(String, PathBuf)> {
    let text = fs::read_to_string(page).unwrap();
    let blocks = text.split("```c\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let named = blocks.map(|program| {
        let name = program.strip_prefix("/* ").and_then(|rest| rest.split_once(": ")).expect("a name").0;
        let file = workshop().join(name);
        fs::write(&file, program).unwrap();
        (name.to_owned(), file)
    });
    named.collect()
}

/// Runs a program plain and under Valgrind: no error, and no leak of any kind. Its standard output.
#[track_caller]
fn run_and_check_memory(program: &Path) -> String {
    let plain = printed(&succeed(&mut Command::new(program)));
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--error-exitcode=9", "--leak-check=full", "--show-leak-kinds=all"]);
    valgrind.args(["--errors-for-leak-kinds=all"]).arg(program);
    let watched = succeed(&mut valgrind);
    assert_eq!((printed(&watched), errors(&watched)), (plain.clone(), String::new()));
    plain
}

#[test]
fn the_pages_programs_do_what_they_say() {
    let expected = [
        ("basic.c", "hello, in place\n1 chunk in use\n"),
        ("objects.c", "cost: 750750.0\n1000 allocated, 1000 freed, at most 24000 bytes\n"),
        ("parent.c", "full: the oldest goes\nmore than 100, 1 failed\n0 pieces left\n"),
    ];
    let programs = programs_of(&home().join("CAPI.md"));
    assert_eq!(programs.len(), expected.len());
    for ((name, file), (expected_name, output)) in programs.iter().zip(expected) {
        assert_eq!(name, expected_name);
        for release in [false, true] {
            assert_eq!(run_and_check_memory(&compile(file, Kind::Static, release)), output, "{name}");
        }
    }
}

#[test]
fn every_clause_of_the_header_holds() {
    for release in [false, true] {
        assert_eq!(run_and_check_memory(&compile(&source("clauses.c"), Kind::Static, release)), "all so\n");
    }
}

#[test]
fn a_larger_program_calculates() {
    for release in [false, true] {
        assert_eq!(run_and_check_memory(&compile(&source("calculator.c"), Kind::Static, release)), "calculated\n");
    }
}

#[test]
fn a_cpp_program_includes_the_header_and_links() {
    run_and_check_memory(&compile(&source("header.cpp"), Kind::Static, false));
}

#[test]
fn the_shared_library_links_and_runs() {
    let program = compile(&source("clauses.c"), Kind::Dynamic, false);
    assert_eq!(printed(&succeed(&mut Command::new(program))), "all so\n");
}

#[test]
fn what_may_not_fail_and_what_panics_ends_the_process_with_a_message() {
    let program = compile(&source("ends.c"), Kind::Static, true);
    let told = "the handler was told\n";
    let retried = told.repeat(MAX_RETRIES);
    for (how, handler, message) in [
        ("pool panics", told, "no 65 bytes aligned to 8"),
        ("pool does not fail", "", "no 64 bytes aligned to 0"),
        ("pool retries and does not fail", &retried, "no 65 bytes aligned to 8"),
        ("system panics", told, "no 9223372036854775807 bytes aligned to 8"),
        ("default panics", "", "no 18446744073709551615 bytes aligned to 8"),
        ("realloc panics", told, "no 18446744073709551615 bytes aligned to 8"),
    ] {
        let output = run(Command::new(&program).arg(how));
        assert_eq!(errors(&output), format!("{handler}goo_allocator: {message}\n"), "{how}");
        assert_eq!(output.status.signal(), Some(6), "{how}: {}, not SIGABRT", output.status);
    }
}

#[test]
fn a_debug_build_reports_and_refuses_what_is_not_its_own() {
    let program = compile(&source("ends.c"), Kind::Static, false);
    for (how, complaints, fault) in
        [("double free", 1, "it is free already"), ("foreign pointer", 2, "is not from this pool")]
    {
        let output = succeed(Command::new(&program).arg(how));
        let lines: Vec<_> = errors(&output).lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), complaints, "{lines:?}");
        assert!(
            lines.iter().all(|line| line.starts_with("goo_allocator: pool 0x") && line.ends_with(fault)),
            "{lines:?}"
        );
    }
}

/// Chunks at hand once passed by the checks of debug builds.
#[test]
fn a_debug_build_ends_the_process_when_a_freed_chunk_was_written_to() {
    let program = compile(&source("ends.c"), Kind::Static, false);
    let output = run(Command::new(&program).arg("write after free"));
    let said = errors(&output);
    assert!(said.contains("write after free: chunk 0x") && said.contains(" at byte 5 "), "{said}");
    assert_eq!(output.status.signal(), Some(6), "{}, not SIGABRT", output.status);
}

/// Valgrind once was not told of the chunks that a C program allocated, and took each use of one for an error.
#[test]
fn valgrind_sees_the_chunks_of_a_pool_in_c_if_it_is_told() {
    let calculator = compile(&source("calculator.c"), Kind::Telling, true);
    assert_eq!(run_and_check_memory(&calculator), "calculated\n");
    let ends = compile(&source("ends.c"), Kind::Telling, true);
    let said = errors(&run(Command::new("valgrind").arg(ends).arg("write after free")));
    assert!(said.contains("Invalid write of size 1"), "{said}");
}

/// Facts of the Rust types, claimed by a C program that is compiled against the header.
#[test]
fn the_layouts_are_the_headers() {
    let mut text = String::from("#include \"goo_allocator.h\"\n");
    let mut claim = |claim: String| writeln!(text, "_Static_assert({claim}, \"\");").unwrap();
    macro_rules! same {
        ($type:ident: $($field:ident),*) => {
            claim(format!("sizeof({0}) == {1}", stringify!($type), size_of::<$type>()));
            $(claim(format!(
                "offsetof({0}, {1}) == {2}", stringify!($type), stringify!($field), offset_of!($type, $field)
            ));)*
        };
    }
    same!(GooAllocator: alloc, realloc, free, destroy, strategy, out_of_mem_fn, context, track_stats, stats);
    same!(GooAllocStats: bytes_allocated, bytes_reserved, max_bytes_allocated, allocation_count, total_allocations, total_frees, failed_allocations);
    same!(GooPoolAllocator: allocator, parent, chunk_size, alignment);
    same!(GooAllocOptions:);
    same!(GooAllocStrategy:);
    for (name, value) in [
        ("GOO_ALLOC_DEFAULT", GooAllocOptions::DEFAULT),
        ("GOO_ALLOC_ZERO", GooAllocOptions::ZERO),
        ("GOO_ALLOC_ALIGNED", GooAllocOptions::ALIGNED),
        ("GOO_ALLOC_EXACT", GooAllocOptions::EXACT),
        ("GOO_ALLOC_PERSISTENT", GooAllocOptions::PERSISTENT),
        ("GOO_ALLOC_PAGE", GooAllocOptions::PAGE),
        ("GOO_ALLOC_NO_FAIL", GooAllocOptions::NO_FAIL),
    ] {
        claim(format!("{name} == {}", value.0));
    }
    for (name, value) in [
        ("GOO_ALLOC_STRATEGY_PANIC", GooAllocStrategy::PANIC),
        ("GOO_ALLOC_STRATEGY_NULL", GooAllocStrategy::NULL),
        ("GOO_ALLOC_STRATEGY_RETRY", GooAllocStrategy::RETRY),
        ("GOO_ALLOC_STRATEGY_GC", GooAllocStrategy::GC),
    ] {
        claim(format!("{name} == {}", value.0));
    }
    claim(format!("GOO_ALLOC_MAX_RETRIES == {MAX_RETRIES}"));
    text += "int main(void) { return 0; }\n";
    let file = workshop().join("layouts.c");
    fs::write(&file, text).unwrap();
    compile(&file, Kind::Static, false);
}

/// The header says in C what the source says in Rust, declaration by declaration. The enums are numbers there; the test
/// above compares them.
#[test]
fn the_header_declares_what_cbindgen_finds() {
    let config = cbindgen::Config {
        language: cbindgen::Language::C,
        usize_is_size_t: true,
        export: cbindgen::ExportConfig {
            exclude: ["GooAllocOptions", "GooAllocStrategy", "MAX_RETRIES", "PAGE_BYTES"].map(str::to_owned).to_vec(),
            ..Default::default()
        },
        ..Default::default()
    };
    let sources = ["types", "stats", "system", "pool", "default", "scope"];
    let builder = sources.iter().fold(cbindgen::Builder::new().with_config(config), |builder, file| {
        builder.with_src(home().join("src/capi").join(file).with_extension("rs"))
    });
    let mut generated = Vec::new();
    builder.generate().unwrap().write(&mut generated);
    let generated = declarations(&String::from_utf8(generated).unwrap());
    let mut kept = declarations(&fs::read_to_string(home().join("include/goo_allocator.h")).unwrap());
    kept.retain(|declaration| !declaration.starts_with("typedef enum"));
    let only =
        |these: &BTreeSet<String>, those: &BTreeSet<String>| these.difference(those).cloned().collect::<Vec<_>>();
    assert_eq!(only(&kept, &generated), [""; 0], "only in the header");
    assert_eq!(only(&generated, &kept), [""; 0], "only in the source");
    assert!(kept.len() >= 20, "{kept:?}");
}

/// A header's declarations, one spelling for each: no comments, no directives, no names of types twice.
fn declarations(header: &str) -> BTreeSet<String> {
    let header = header.split("#ifdef __cplusplus\n} ").next().unwrap();
    let mut text = String::new();
    for (at, part) in header.split("/*").enumerate() {
        text += if at == 0 { part } else { part.split_once("*/").expect("the comment's end").1 };
    }
    let lines = text.lines().map(|line| line.split("//").next().unwrap());
    let text =
        lines.filter(|line| !line.trim_start().starts_with('#') && !line.contains("extern \"C\"")).collect::<Vec<_>>();
    let mut text = text.join(" ");
    for sign in ["*", "(", ")", "{", "}", ",", ";"] {
        text = text.split(sign).map(str::trim).collect::<Vec<_>>().join(sign);
    }
    let words: Vec<_> = text.split_whitespace().collect();
    let text = words.join(" ").replace("struct ", "").replace("GooAllocator*this", "GooAllocator*self");
    // A struct's own semicolons are inside of braces.
    let mut found = BTreeSet::new();
    let (mut depth, mut start) = (0, 0);
    for (at, sign) in text.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' => depth -= 1,
            ';' if depth == 0 => {
                found.insert(text[start..at].trim().to_owned());
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}
