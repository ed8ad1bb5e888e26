//! Buffers of 4 KiB that are used again: `cargo bench -p goo-pool-benches --bench recycling`.
//!
//! The figures are for one buffer taken, written to (64 bytes) and given back.

use goo_pool_benches::{
    contest::{Contest, Row},
    recycling::{FreeList, Plain, Recycling, at_a_time, threads},
};
use goo_pool_typed::{Recycler, SyncRecycler};

type Buffers = Recycler<Vec<u8>>;
type SharedBuffers = SyncRecycler<Vec<u8>>;
type ObjectPool = object_pool::Pool<Vec<u8>>;

fn main() {
    let mut contest = Contest::new("recycling", "4 KiB each");
    one_thread::<1>(contest.row("1 at a time", 1_000_000));
    one_thread::<16>(contest.row("16 at a time", 1_000_000));
    for (name, count) in [("2 threads, 1 at a time", 2), ("4 threads, 1 at a time", 4)] {
        contest
            .row(name, 1_000_000)
            .run(SharedBuffers::NAME, threads::<SharedBuffers>(count))
            .run(ObjectPool::NAME, threads::<ObjectPool>(count))
            .run(Plain::NAME, threads::<Plain>(count));
    }
    contest.finish();
}

fn one_thread<const COUNT: usize>(row: &mut Row) {
    row.run(Buffers::NAME, at_a_time::<Buffers, COUNT>())
        .run(SharedBuffers::NAME, at_a_time::<SharedBuffers, COUNT>())
        .run(FreeList::NAME, at_a_time::<FreeList, COUNT>())
        .run(ObjectPool::NAME, at_a_time::<ObjectPool, COUNT>())
        .run(Plain::NAME, at_a_time::<Plain, COUNT>());
}
