//! Allocators of many sizes, alone and under containers: `cargo bench -p goo-pool-benches --bench classes`.
//!
//! The figures are for one block or key that comes and goes, or one number pushed. All contestants are called through the same trait, and
//! none is this program's global allocator. Bumpalo frees nothing but what was allocated last: it starts anew when all has been
//! freed, and does not take part where that does not happen in a round.

use bumpalo::Bump;
use goo_pool_benches::{
    classes::{Contestant, Mimalloc, System, fill_drain, map, map_of_vectors, pair, push, replace},
    contest::{Contest, Row},
};
use goo_pool_core::{ClassPool, SyncClassPool};

/// A row with the same loop for all, or for all but bumpalo.
macro_rules! row {
    ($row:expr, $run:ident($size:expr)) => {
        row!($row, $run($size), but Bump).run(Bump::NAME, $run::<Bump>($size))
    };
    ($row:expr, $run:ident($size:expr), but Bump) => {{
        let row: &mut Row = $row;
        row.run(ClassPool::NAME, $run::<ClassPool>($size))
            .run(SyncClassPool::NAME, $run::<SyncClassPool>($size))
            .run(System::NAME, $run::<System>($size))
            .run(Mimalloc::NAME, $run::<Mimalloc>($size))
    }};
}

fn main() {
    let mut contest = Contest::new("classes", "work");
    row!(contest.row("a block of 64 bytes", 2_000_000), pair(64));
    row!(contest.row("a block of 3,000 bytes", 2_000_000), pair(3_000));
    row!(contest.row("1,000 mixed blocks, then freed", 500_000), fill_drain(1_000));
    row!(contest.row("1,000 mixed blocks, one replaced", 500_000), replace(1_000), but Bump);
    row!(contest.row("100,000 mixed blocks, one replaced", 300_000), replace(100_000), but Bump);
    row!(contest.row("HashMap of 4 keys", 400_000), map(4));
    row!(contest.row("HashMap of 1,000 keys", 500_000), map(1_000));
    row!(contest.row("HashMap of 10,000 vectors, one replaced", 300_000), map_of_vectors(10_000), but Bump);
    row!(contest.row("Vec of 16 numbers", 1_000_000), push(16));
    row!(contest.row("Vec of 1,000 numbers", 2_000_000), push(1_000));
    row!(contest.row("Vec of 1,000,000 numbers", 4_000_000), push(1_000_000));
    contest.finish();
}
