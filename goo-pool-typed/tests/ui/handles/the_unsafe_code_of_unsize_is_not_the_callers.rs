use std::fmt::Debug;

use goo_pool_typed::{Pool, PoolBox, unsize};

fn main() {
    let pool = Pool::<u32>::new();
    // Needs an `unsafe` block of the caller's own.
    let _: PoolBox<dyn Debug> = unsize!(pool.alloc_uninit().assume_init(), dyn Debug);
}
