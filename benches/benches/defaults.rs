//! `PoolBox::new`, which finds the pool by itself, beside a pool at hand and `Box::new`:
//! `cargo bench -p goo-pool-benches --bench defaults`.
//!
//! The figures are for one value of 64 bytes boxed, read and dropped.

use std::{alloc::System, time::Duration};

use goo_pool_benches::contest::Contest;
use goo_pool_benches::defaults::{
    Boxes, HeapBox, OurPool, OurSyncPool, Static, ThreadLocal, alloc_drop, fill_drain, replace,
};
use mimalloc::MiMalloc;

/// Live values of the rows: a set that stays in the second cache, and one that does not.
const FEW: usize = 1_000;
const MANY: usize = 300_000;

/// A row, for each kind of boxes in turn.
macro_rules! row {
    ($contest:ident, $name:expr, $operations:expr, $run:ident) => {{
        let row = $contest.row($name, $operations);
        row.run(ThreadLocal::NAME, $run::<ThreadLocal>);
        row.run(OurPool::NAME, $run::<OurPool>);
        row.run(Static::NAME, $run::<Static>);
        row.run(OurSyncPool::NAME, $run::<OurSyncPool>);
        row.run(HeapBox::<System>::NAME, $run::<HeapBox<System>>);
        row.run(HeapBox::<MiMalloc>::NAME, $run::<HeapBox<MiMalloc>>);
    }};
}

fn fill_few<B: Boxes>(count: u64) -> Duration {
    fill_drain::<B>(FEW, count)
}

fn replace_few<B: Boxes>(count: u64) -> Duration {
    replace::<B>(FEW, count)
}

fn replace_many<B: Boxes>(count: u64) -> Duration {
    replace::<B>(MANY, count)
}

fn main() {
    let mut contest = Contest::new("defaults", "64 bytes");
    row!(contest, "box, drop", 3_000_000, alloc_drop);
    row!(contest, "box 1,000, drop them", 3_000_000, fill_few);
    row!(contest, "replace a random one of 1,000", 1_000_000, replace_few);
    row!(contest, "replace a random one of 300,000", 300_000, replace_many);
    contest.finish();
}
