//! Trees read by serde into pools, beside `Box`: `cargo bench -p goo-pool-benches --bench serde`.
//!
//! The figures are for one node of 48 bytes. Four columns have the same seed, written by hand; those with derived code have
//! that of `#[derive(Deserialize)]`.

use std::alloc::System;

use goo_pool_benches::contest::{Contest, Row};
use goo_pool_benches::reading::{
    DerivedBox, DerivedPoolBox, DerivedSyncPoolBox, Format, HeapSeed, PoolSeed, Reader, SyncPoolSeed, Timed, rounds,
};
use mimalloc::MiMalloc;

/// Nodes of a tree: one that stays in the second cache, and one that does not.
const FEW: u64 = 1_000;
const MANY: u64 = 300_000;

fn main() {
    let mut contest = Contest::new("serde", "48 bytes");
    let rows = [
        ("read 1,000 nodes of JSON", Format::Json, FEW, Timed::Read),
        ("read 1,000 nodes of postcard", Format::Postcard, FEW, Timed::Read),
        ("read 300,000 nodes of postcard", Format::Postcard, MANY, Timed::Read),
        ("make a pool, read 1,000 nodes of postcard", Format::Postcard, FEW, Timed::FirstRead),
        ("drop 1,000 nodes", Format::Postcard, FEW, Timed::Drop),
        ("drop 300,000 nodes", Format::Postcard, MANY, Timed::Drop),
    ];
    for (name, format, nodes, timed) in rows {
        let row = contest.row(name, 300_000);
        run::<PoolSeed>(row, format, nodes, timed);
        run::<SyncPoolSeed>(row, format, nodes, timed);
        run::<HeapSeed<System>>(row, format, nodes, timed);
        run::<HeapSeed<MiMalloc>>(row, format, nodes, timed);
        // These have no pool at hand that could be made.
        if !matches!(timed, Timed::FirstRead) {
            run::<DerivedPoolBox>(row, format, nodes, timed);
            run::<DerivedSyncPoolBox>(row, format, nodes, timed);
        }
        run::<DerivedBox>(row, format, nodes, timed);
    }
    contest.finish();
}

fn run<R: Reader>(row: &mut Row, format: Format, nodes: u64, timed: Timed) {
    row.run(R::NAME, move |count| rounds::<R>(format, nodes, timed, count));
}
