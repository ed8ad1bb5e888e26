//! Arenas: objects that are allocated one by one and go all at once. `cargo bench -p goo-pool-benches --bench scopes`.
//!
//! A round fills an arena, reads every object once, and resets or ends the arena. The figures are for one object.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use goo_pool_benches::{
    objects::Words,
    subject::Subject,
    subjects::{Bumpalo, EndedBump, EndedScope, Harness, Mimalloc, ResetScope, System, Typed, TypedArena},
    workloads::{FillDrain, Order, Workload},
};

fn main() {
    // As criterion itself sees it: without `--bench` (`cargo test`) or with `--test`, all runs once.
    let arguments: Vec<String> = std::env::args().collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let smoke = has("--test") || !has("--bench");

    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500))
        .sample_size(15)
        .nresamples(2_000)
        .without_plots()
        .configure_from_args();
    contest(&mut criterion, "scope_10", 10);
    contest(&mut criterion, "scope_1k", if smoke { 100 } else { 1_000 });
    contest(&mut criterion, "scope_300k", if smoke { 2_000 } else { 300_000 });
    criterion.final_summary();
}

fn contest(c: &mut Criterion, name: &str, count: usize) {
    figure::<Harness>(c, name, count);
    figure::<ResetScope>(c, name, count);
    figure::<Bumpalo>(c, name, count);
    figure::<EndedScope>(c, name, count);
    figure::<EndedBump>(c, name, count);
    figure::<TypedArena>(c, name, count);
    figure::<Typed>(c, name, count);
    figure::<System>(c, name, count);
    figure::<Mimalloc>(c, name, count);
}

fn figure<S: Subject>(c: &mut Criterion, name: &str, count: usize) {
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(count as u64));
    let mut routine = FillDrain { count, order: Order::Fifo, read: true }.start::<S, Words<8>>();
    group.bench_function(BenchmarkId::new(S::NAME, 64), |bencher| bencher.iter_custom(&mut routine));
    group.finish();
}
