//! Measures resident memory: a million objects, and pools of ten.
//!
//! Allocators keep what they once had, so each figure is taken in a process of its own: this program
//! starts itself again for each subject.

use std::{
    env,
    error::Error,
    fs, mem,
    process::{Command, ExitCode},
};

use goo_pool_benches::{
    objects::{Object, Words},
    resident::resident,
    subject::{Subject, observe},
    subjects::{
        Bumpalo, Core, InfinityPool, Mimalloc, Plurality, SharedArena, Slab, SlotMap, Snmalloc, System, Typed,
        TypedArena,
    },
};

/// One pool with many objects.
type Large = Words<8>;
const LARGE_COUNT: usize = 1_000_000;

/// Many pools with few objects. Many, so that what one costs can be told from the noise of single pages.
type Small = Words<4>;
const SMALL_COUNT: usize = 10;
const SMALL_POOLS: usize = 10_000;

const PAGE: usize = 4096;

/// A measurement of this process, started for one subject.
type Measure = fn() -> Result<usize, Box<dyn Error>>;

const SUBJECTS: [(&str, Measure, Measure); 12] = [
    entry::<Core>(),
    entry::<Typed>(),
    entry::<System>(),
    entry::<Mimalloc>(),
    entry::<Snmalloc>(),
    entry::<Plurality>(),
    entry::<InfinityPool>(),
    entry::<SharedArena>(),
    entry::<Slab>(),
    entry::<SlotMap>(),
    entry::<TypedArena>(),
    entry::<Bumpalo>(),
];

const fn entry<S: Subject>() -> (&'static str, Measure, Measure) {
    (S::NAME, one_large_pool::<S>, many_small_pools::<S>)
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("memory: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => table(),
        [which @ ("large" | "small"), subject] => {
            let (_, large, small) = SUBJECTS
                .iter()
                .find(|(name, ..)| *name == subject)
                .ok_or_else(|| format!("{subject}: no such subject"))?;
            let bytes = if which == "large" { large()? } else { small()? };
            println!("{bytes}");
            Ok(())
        }
        _ => Err("usage: memory [large|small SUBJECT]".into()),
    }
}

fn table() -> Result<(), Box<dyn Error>> {
    let own = LARGE_COUNT * size_of::<Large>();
    println!(
        "| | {LARGE_COUNT} objects of {} bytes: resident | over the objects' own bytes | \
         a pool of {SMALL_COUNT} objects of {} bytes: resident | pages |",
        size_of::<Large>(),
        size_of::<Small>()
    );
    println!("|---|--:|--:|--:|--:|");
    for (name, ..) in SUBJECTS {
        let large = measured("large", name)?;
        let small = measured("small", name)?;
        println!(
            "| {name} | {:.2} MB | {:+.2} % | {small} bytes | {:.2} |",
            large as f64 / 1e6,
            (large as f64 / own as f64 - 1.0) * 100.0,
            small as f64 / PAGE as f64
        );
    }
    let huge_pages = fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled")?;
    println!("\nTransparent huge pages: `{}`.", huge_pages.trim());
    Ok(())
}

/// Runs one measurement in a new process.
fn measured(which: &str, subject: &str) -> Result<usize, Box<dyn Error>> {
    let output = Command::new(env::current_exe()?).args([which, subject]).output()?;
    if !output.status.success() {
        return Err(format!("{which} {subject}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// What a million live objects make resident, their pool included.
fn one_large_pool<S: Subject>() -> Result<usize, Box<dyn Error>> {
    let before = resident()?;
    let mut pool = S::pool::<Large>();
    fill::<S, Large>(&mut pool, LARGE_COUNT);
    let bytes = resident()?.saturating_sub(before);
    mem::forget(pool);
    Ok(bytes)
}

/// What one of many pools makes resident, its objects included.
fn many_small_pools<S: Subject>() -> Result<usize, Box<dyn Error>> {
    // The first pool of a process also pays for what all share: an allocator's own tables, say.
    let mut first = S::pool::<Small>();
    fill::<S, Small>(&mut first, SMALL_COUNT);
    mem::forget(first);

    let before = resident()?;
    for _ in 0..SMALL_POOLS {
        let mut pool = Box::new(S::pool::<Small>());
        fill::<S, Small>(&mut pool, SMALL_COUNT);
        mem::forget(pool);
    }
    Ok(resident()?.saturating_sub(before) / SMALL_POOLS)
}

/// Allocates objects and forgets their handles, which would be memory too.
fn fill<S: Subject, T: Object>(pool: &mut S::Pool<T>, count: usize) {
    for cookie in 0..count as u64 {
        let handle = S::alloc(pool, T::new(cookie));
        observe::<S, T>(&handle);
        mem::forget(handle);
    }
}
