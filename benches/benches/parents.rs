//! Short-lived pools over different parents: `cargo bench -p goo-pool-benches --bench parents`.
//!
//! A pool is built, objects of 64 bytes are allocated and written to, and the pool goes with all of them. The figures are for one object.

use std::{
    alloc::Layout,
    hint::black_box,
    mem::MaybeUninit,
    time::{Duration, Instant},
};

use goo_pool_benches::contest::Contest;
use goo_pool_core::{ChunksOf, FixedMemory, Global, Parent, PoolHandle, RawPool, Segregator};

type Object = [u64; 8];

fn main() {
    let mut contest = Contest::new("parents", "objects in a pool that comes and goes");
    for objects in [10_u64, 1_000, 100_000] {
        contest
            .row(objects.to_string(), 1_000_000)
            .run("pool over a pool", pools(objects, over_pool()))
            .run("pool over fixed memory", pools(objects, over_fixed_memory()))
            .run("pool over the system", pools(objects, || Global))
            .run("no pool: `Box`", boxes(objects));
    }
    contest.finish();
}

/// Segments are chunks of 64 KiB; the children's records come from the system.
fn over_pool() -> impl FnMut() -> Segregator<Global, ChunksOf<PoolHandle>> {
    let chunk = Layout::from_size_align(64 * 1024, 64 * 1024).expect("a power of two");
    let blocks = RawPool::builder(chunk).build_handle().expect("memory");
    move || Segregator::new(4096, Global, ChunksOf::new(blocks.clone()))
}

fn over_fixed_memory() -> impl FnMut() -> &'static FixedMemory {
    // It lives as long as the program.
    let memory = FixedMemory::new(Box::leak(Box::<[u8]>::new_uninit_slice(16 << 20)));
    let memory: &'static FixedMemory = Box::leak(Box::new(memory));
    move || memory
}

fn pools<P: Parent + 'static>(objects: u64, mut parent: impl FnMut() -> P) -> impl FnMut(u64) -> Duration {
    move |operations| {
        let pools = operations.div_ceil(objects);
        let start = Instant::now();
        for _ in 0..pools {
            let pool = RawPool::builder_in(Layout::new::<Object>(), parent()).build().expect("memory");
            for number in 0..objects {
                let object = pool.allocate().expect("memory").cast::<Object>();
                // SAFETY: the chunk is ours, and as large and aligned as an object.
                unsafe { object.write([number; 8]) };
                black_box(object);
            }
            assert_eq!(pool.len() as u64, objects);
        }
        start.elapsed().mul_f64(operations as f64 / (pools * objects) as f64)
    }
}

fn boxes(objects: u64) -> impl FnMut(u64) -> Duration {
    move |operations| {
        let pools = operations.div_ceil(objects);
        let start = Instant::now();
        for _ in 0..pools {
            let all: Vec<Box<MaybeUninit<Object>>> =
                (0..objects).map(|number| Box::new(black_box(MaybeUninit::new([number; 8])))).collect();
            assert_eq!(all.len() as u64, objects);
        }
        start.elapsed().mul_f64(operations as f64 / (pools * objects) as f64)
    }
}
