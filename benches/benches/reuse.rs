//! What a pool reuses first, and what that costs: `cargo bench -p goo-pool-benches --bench reuse`.
//!
//! `RawPool` with each order of reuse; objects of 64 bytes. The figures are for one operation as in `pools`, and for one node
//! of the walks.

use goo_pool_benches::{
    contest::{Contest, is_smoke},
    reuse::{LowestAddress, MostRecent, Random, run},
    workloads::{FillDrain, HalfRefill, Order, Pair, Replace, Scale, WalkAfterChurn, Workload},
};

fn main() {
    let Scale { few, many, list, .. } = if is_smoke() { Scale::SMOKE } else { Scale::FULL };
    let mut contest = Contest::new("reuse", "64 bytes");
    row(&mut contest, "pair", Pair, 1, 2_000_000);
    let few_drained = FillDrain { count: few, order: Order::Random, read: false };
    row(&mut contest, "fill_drain_random", few_drained, few, 1_000_000);
    row(&mut contest, "random_free", FillDrain { count: many, ..few_drained }, many, many);
    row(&mut contest, "replace_1k", Replace { count: few, operations: few, read: false }, few, 1_000_000);
    row(&mut contest, "replace_300k", Replace { count: many, operations: few, read: false }, few, 200_000);
    row(&mut contest, "half_refill", HalfRefill { count: many, read: false }, many / 2, many / 2);
    row(&mut contest, "walk_after_churn", WalkAfterChurn { count: list, churn: many }, list, 10 * list);
    contest.finish();
}

fn row(contest: &mut Contest, name: &str, workload: impl Workload + 'static, each: usize, operations: usize) {
    contest
        .row(name, operations as u64)
        .run("most recent", run::<MostRecent, _>(workload, each))
        .run("lowest address", run::<LowestAddress, _>(workload, each))
        .run("random", run::<Random, _>(workload, each));
}
