//! Every workload for every subject, in two sizes: `cargo bench -p goo-pool-benches`.
//!
//! A criterion group is a workload, a function is a subject, its parameter is the object's size in bytes, and the
//! throughput is the number of operations of one round. The `report` program relies on just that.

use std::time::Duration;

use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput, measurement::WallTime};
use goo_pool_benches::{
    contest::is_smoke,
    objects::{Object, Words},
    subject::{Reset, Subject},
    subjects::{
        Bumpalo, Core, Harness, InfinityPool, Mimalloc, Plurality, SharedArena, Slab, SlotMap, Snmalloc, System, Typed,
        TypedArena,
    },
    workloads::{
        self, BinaryTrees, FillDrain, HalfRefill, Order, Pair, Replace, Scale, WalkAfterChurn, Workload, tree_nodes,
    },
};

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn main() {
    let scale = if is_smoke() { Scale::SMOKE } else { Scale::FULL };

    // Short, for there are some 300 figures. Longer on request: `-- --measurement-time 3`.
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(700))
        .sample_size(15)
        .nresamples(2_000)
        .without_plots()
        .configure_from_args();
    run(&mut criterion, scale);
    criterion.final_summary();
}

fn run(c: &mut Criterion, scale: Scale) {
    let Scale { few, many, most, list, depth } = scale;
    let drain = |count, order, read| FillDrain { count, order, read };
    let replace = |count, operations, read| Replace { count, operations, read };
    let refill = |count, read| HalfRefill { count, read };

    contest(c, "pair", 1, Who::FreesOne, Pair);
    contest(c, "fill_drain_fifo", few, Who::FreesAll, drain(few, Order::Fifo, true));
    contest(c, "fill_drain_lifo", few, Who::FreesAll, drain(few, Order::Lifo, true));
    contest(c, "fill_drain_random", few, Who::FreesAll, drain(few, Order::Random, true));
    contest(c, "replace_1k", few * 10, Who::FreesOne, replace(few, few * 10, true));

    // Large sets twice. Where objects are out of the cache, reading one costs more than freeing it, and the same for
    // all: without reading the figures are about the pools, with it about the program around them.
    for (suffix, read) in [("", false), ("_read", true)] {
        let name = |name| format!("{name}{suffix}");
        contest(c, &name("random_free"), many, Who::FreesOne, drain(many, Order::Random, read));
        contest(c, &name("replace_300k"), many, Who::FreesOne, replace(many, many, read));
        contest(c, &name("half_refill"), many / 2, Who::FreesOne, refill(many, read));
    }

    contest(c, "walk_after_churn", list, Who::FreesOne, WalkAfterChurn { count: list, churn: many });
    contest(c, "binary_trees", tree_nodes(depth), Who::Trees, BinaryTrees { depth });
    reset(c, most);
}

/// Who can take part in a workload.
#[derive(Clone, Copy, PartialEq)]
enum Who {
    /// Those that can free one object.
    FreesOne,
    /// Arenas too: in the end all objects are freed.
    FreesAll,
    /// Arenas too, but not the do-nothing subject: it has one place, and a tree needs more.
    Trees,
}

/// One group: the workload for every subject, the contestants for one size neighbours in time.
fn contest<W: Workload>(c: &mut Criterion, name: &str, operations: usize, who: Who, workload: W) {
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(operations as u64));
    round::<W, W::Small>(&mut group, 32, who, workload);
    round::<W, W::Large>(&mut group, 64, who, workload);
    group.finish();
}

fn round<W: Workload, T: Object>(group: &mut Group<'_>, bytes: usize, who: Who, workload: W) {
    if who != Who::Trees {
        figure(group, Harness::NAME, bytes, || workload.start::<Harness, T>());
    }
    figure(group, Core::NAME, bytes, || workload.start::<Core, T>());
    figure(group, Typed::NAME, bytes, || workload.start::<Typed, T>());
    figure(group, System::NAME, bytes, || workload.start::<System, T>());
    figure(group, Mimalloc::NAME, bytes, || workload.start::<Mimalloc, T>());
    figure(group, Snmalloc::NAME, bytes, || workload.start::<Snmalloc, T>());
    figure(group, Plurality::NAME, bytes, || workload.start::<Plurality, T>());
    figure(group, InfinityPool::NAME, bytes, || workload.start::<InfinityPool, T>());
    figure(group, SharedArena::NAME, bytes, || workload.start::<SharedArena, T>());
    figure(group, Slab::NAME, bytes, || workload.start::<Slab, T>());
    figure(group, SlotMap::NAME, bytes, || workload.start::<SlotMap, T>());
    if who != Who::FreesOne {
        figure(group, TypedArena::NAME, bytes, || workload.start::<TypedArena, T>());
        figure(group, Bumpalo::NAME, bytes, || workload.start::<Bumpalo, T>());
    }
}

/// Everything freed at once by those that can, one by one by the general allocators.
fn reset(c: &mut Criterion, count: usize) {
    let mut group = c.benchmark_group("reset");
    group.throughput(Throughput::Elements(count as u64));
    // A reset takes microseconds; filling the pool for it takes milliseconds, outside the clock. So: few rounds.
    group.sampling_mode(SamplingMode::Flat);
    group.warm_up_time(Duration::from_millis(1)).measurement_time(Duration::from_millis(1));

    at_once::<Core>(&mut group, count);
    one_by_one::<System>(&mut group, count);
    one_by_one::<Mimalloc>(&mut group, count);
    one_by_one::<Snmalloc>(&mut group, count);
    at_once::<Slab>(&mut group, count);
    at_once::<Bumpalo>(&mut group, count);
    group.finish();
}

fn at_once<S: Reset>(group: &mut Group<'_>, count: usize) {
    figure(group, S::NAME, 64, || workloads::reset::<S, Words<8>>(count));
}

fn one_by_one<S: Subject>(group: &mut Group<'_>, count: usize) {
    figure(group, S::NAME, 64, || workloads::free_each::<S, Words<8>>(count));
}

/// One figure. The pool is made when criterion first asks, so that a filter on the command line saves the rest,
/// and lives until criterion has all its samples.
fn figure<R>(group: &mut Group<'_>, subject: &str, bytes: usize, start: impl Fn() -> R)
where
    R: FnMut(u64) -> Duration,
{
    let mut routine = None;
    group.bench_function(BenchmarkId::new(subject, bytes), |bencher| {
        bencher.iter_custom(|rounds| routine.get_or_insert_with(&start)(rounds));
    });
}
