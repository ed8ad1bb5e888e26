//! What the books of a tracked pool cost: `cargo bench -p goo-pool-benches --features tracking --bench tracking`.
//!
//! The figures are for one object of 64 bytes, made, read and freed.

use std::alloc::Layout;

use goo_pool_benches::{
    contest::{Contest, Row},
    tracking::{Plain, Raw, System, Value, at_a_time, threads},
};
use goo_pool_core::{RawPool, Tracking};
use goo_pool_typed::{Pool, SyncPool};

const POOL: &str = "untracked";
const COUNTED: &str = "counted";
const SITES: &str = "with call sites";
const PLAIN: &str = "Box";

fn main() {
    let mut contest = Contest::new("tracking", "64 bytes each");
    raw::<1>(contest.row("RawPool, 1 at a time", 1_000_000));
    raw::<1000>(contest.row("RawPool, 1000 at a time", 1_000_000));
    local::<1>(contest.row("Pool, 1 at a time", 1_000_000));
    local::<1000>(contest.row("Pool, 1000 at a time", 1_000_000));
    sync::<1000>(contest.row("SyncPool, 1000 at a time", 1_000_000), 1);
    sync::<1000>(contest.row("SyncPool, 1000 at a time, 2 threads", 1_000_000), 2);
    contest.finish();
}

fn counts() -> Tracking {
    Tracking::new()
}

fn sites() -> Tracking {
    Tracking::new().call_sites()
}

fn raw<const COUNT: usize>(row: &mut Row) {
    let pool = || RawPool::new(Layout::new::<Value>()).expect("a pool");
    row.run(POOL, at_a_time::<_, COUNT>(Raw(pool())))
        .run(COUNTED, at_a_time::<_, COUNT>(Raw(counts().track(pool()))))
        .run(SITES, at_a_time::<_, COUNT>(Raw(sites().track(pool()))))
        .run(PLAIN, at_a_time::<_, COUNT>(Raw(System)));
}

fn local<const COUNT: usize>(row: &mut Row) {
    row.run(POOL, at_a_time::<_, COUNT>(Pool::new()))
        .run(COUNTED, at_a_time::<_, COUNT>(Pool::new().tracked(counts())))
        .run(SITES, at_a_time::<_, COUNT>(Pool::new().tracked(sites())))
        .run(PLAIN, at_a_time::<_, COUNT>(Plain));
}

fn sync<const COUNT: usize>(row: &mut Row, count: usize) {
    row.run(POOL, threads::<_, COUNT>(count, SyncPool::new()))
        .run(COUNTED, threads::<_, COUNT>(count, SyncPool::new().tracked(counts())))
        .run(SITES, threads::<_, COUNT>(count, SyncPool::new().tracked(sites())))
        .run(PLAIN, threads::<_, COUNT>(count, Plain));
}
