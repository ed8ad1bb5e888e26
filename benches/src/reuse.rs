//! What a pool reuses first: the same pool with each order.

use std::{alloc::Layout, time::Duration};

use goo_pool_core::{RawPool, Reuse};

use crate::{
    subjects::{Over, Source},
    workloads::Workload,
};

/// The chunk freed last: the default without `hardened`.
#[derive(Debug)]
pub struct MostRecent;

/// The lowest address of the blocks in use.
#[derive(Debug)]
pub struct LowestAddress;

/// Any of a block.
#[derive(Debug)]
pub struct Random;

fn pool(layout: Layout, capacity: usize, reuse: Reuse) -> RawPool {
    RawPool::builder(layout).capacity(capacity).reuse(reuse).build().expect("a pool of a small layout")
}

impl Source for MostRecent {
    const NAME: &'static str = "most recent";

    fn pool(layout: Layout, capacity: usize) -> RawPool {
        pool(layout, capacity, Reuse::MostRecent)
    }
}

impl Source for LowestAddress {
    const NAME: &'static str = "lowest address";

    fn pool(layout: Layout, capacity: usize) -> RawPool {
        pool(layout, capacity, Reuse::LowestAddress)
    }
}

impl Source for Random {
    const NAME: &'static str = "random";

    fn pool(layout: Layout, capacity: usize) -> RawPool {
        pool(layout, capacity, Reuse::Random)
    }
}

/// A workload with objects of 64 bytes, as a contestant of a row: `each` operations a round.
pub fn run<S: Source, W: Workload + 'static>(workload: W, each: usize) -> impl FnMut(u64) -> Duration {
    let mut rounds = workload.start::<Over<S>, W::Large>();
    move |operations| rounds((operations / each as u64).max(1))
}
