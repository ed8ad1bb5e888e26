//! Arenas: objects that are allocated one by one and go all at once. `cargo bench -p goo-pool-benches --bench scopes`.
//!
//! A round fills an arena, reads every object once, and resets or ends the arena. The figures are for one object.

use goo_pool_benches::{
    contest::{Contest, Row, is_smoke},
    objects::Words,
    subject::Subject,
    subjects::{Bumpalo, EndedBump, EndedScope, Harness, Mimalloc, ResetScope, System, Typed, TypedArena},
    workloads::{FillDrain, Order, Workload},
};

/// Objects of one pass, in rounds of each row's size: a multiple of all sizes.
const OBJECTS: u64 = 1_500_000;

fn main() {
    let mut contest = Contest::new("scopes", "64 bytes each");
    for (name, count) in [("10 at a time", 10), ("1,000 at a time", 1_000), ("300,000 at a time", 300_000)] {
        let row = contest.row(name, OBJECTS);
        // All that runs once is cut down to 1,000 objects.
        let count = if is_smoke() { 10 } else { count };
        run::<ResetScope>(row, count);
        run::<Bumpalo>(row, count);
        run::<EndedScope>(row, count);
        run::<EndedBump>(row, count);
        run::<TypedArena>(row, count);
        run::<Typed>(row, count);
        run::<System>(row, count);
        run::<Mimalloc>(row, count);
        run::<Harness>(row, count);
    }
    contest.finish();
}

fn run<S: Subject>(row: &mut Row, count: usize) {
    let mut rounds = FillDrain { count, order: Order::Fifo, read: true }.start::<S, Words<8>>();
    row.run(S::NAME, move |objects| rounds(objects / count as u64));
}
