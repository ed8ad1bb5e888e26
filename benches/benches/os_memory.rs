//! Where a pool's memory comes from, and on which pages it lies: `cargo bench -p goo-pool-benches --bench os_memory`.
//!
//! One million objects of 64 bytes, and the figures are for one of them. `random_free`, `replace` and `walk` are the workloads of
//! `pools.rs`. `core` is the pool over the global allocator, which keeps some of the memory of a pool that is gone: so its first fill finds
//! pages that the system has given before, and the others do not.

use goo_pool_benches::{
    contest::{Contest, is_smoke},
    os_memory::{OBJECTS, Os, Reserved, first_fill, rounds},
    subject::Subject,
    subjects::{Core, Over, Source, System},
    workloads::{FillDrain, Order, Replace, WalkAfterChurn, Workload},
};
use goo_pool_core::Global;

type Small = Os<false, false>;
type Huge = Os<true, false>;
type SmallNow = Os<false, true>;
type HugeNow = Os<true, true>;

fn main() {
    let count = if is_smoke() { 1_000 } else { OBJECTS };
    let mut contest = Contest::new("os_memory", "one million objects");
    steady(&mut contest, "`random_free`", count, FillDrain { count, order: Order::Random, read: false });
    steady(&mut contest, "`random_free`, read", count, FillDrain { count, order: Order::Random, read: true });
    steady(&mut contest, "`replace`", count, Replace { count, operations: count, read: true });
    steady(&mut contest, "`walk` after churn", count, WalkAfterChurn { count, churn: 2 * count });
    contest
        .row("first fill", count as u64)
        .run(Core::NAME, first_fill::<Global>())
        .run(Small::NAME, first_fill::<Small>())
        .run(Huge::NAME, first_fill::<Huge>())
        .run(SmallNow::NAME, first_fill::<SmallNow>())
        .run(HugeNow::NAME, first_fill::<HugeNow>());
    contest
        .row("first fill, reserved before", count as u64)
        .run(Core::NAME, first_fill::<Reserved<Global>>())
        .run(Small::NAME, first_fill::<Reserved<Small>>())
        .run(Huge::NAME, first_fill::<Reserved<Huge>>())
        .run(SmallNow::NAME, first_fill::<Reserved<SmallNow>>())
        .run(HugeNow::NAME, first_fill::<Reserved<HugeNow>>());
    contest.finish();
}

fn steady<W: Workload + 'static>(contest: &mut Contest, name: &str, count: usize, workload: W) {
    contest
        .row(name, count as u64)
        .run(Core::NAME, rounds::<Core, W>(workload, count))
        .run(Small::NAME, rounds::<Over<Small>, W>(workload, count))
        .run(Huge::NAME, rounds::<Over<Huge>, W>(workload, count))
        .run(System::NAME, rounds::<System, W>(workload, count));
}
