//! Pools over memory from the operating system: which pages, and when they come.

use std::{
    alloc::Layout,
    hint::black_box,
    time::{Duration, Instant},
};

use goo_pool_core::{
    RawPool,
    os::{HugePages, OsMemory},
};

use crate::{
    live::Live,
    objects::{Object, Words},
    subject::Subject,
    subjects::{Over, Source},
    workloads::Workload,
};

/// Objects of 64 bytes in each workload.
pub const OBJECTS: usize = 1_000_000;

/// `OsMemory`, with huge pages or without any, and pre-faulted or not.
#[derive(Debug)]
pub struct Os<const HUGE: bool, const PREFAULT: bool>;

impl<const HUGE: bool, const PREFAULT: bool> Source for Os<HUGE, PREFAULT> {
    const NAME: &'static str = match (HUGE, PREFAULT) {
        (false, false) => "small pages",
        (false, true) => "small, pre-faulted",
        (true, false) => "huge pages",
        (true, true) => "huge, pre-faulted",
    };

    fn pool(layout: Layout, capacity: usize) -> RawPool {
        let huge_pages = if HUGE { HugePages::On } else { HugePages::Off };
        let memory =
            OsMemory::builder().huge_pages(huge_pages).prefault(PREFAULT).build().expect("a system with mappings");
        let huge = memory.huge_page_size();
        let builder = RawPool::builder(layout).parent(memory).capacity(capacity);
        // Without this the first segments are too small for a huge page; the same for all, so that they grow alike.
        builder.first_segment(huge).build().expect("a pool of a small layout")
    }
}

/// The same with room for all objects from the start.
#[derive(Debug)]
pub struct Reserved<S>(S);

impl<S: Source> Source for Reserved<S> {
    const NAME: &'static str = S::NAME;

    fn pool(layout: Layout, _capacity: usize) -> RawPool {
        S::pool(layout, OBJECTS)
    }
}

/// A workload of the pools' table, of so many operations a round. The pool is made when it is first needed.
pub fn rounds<S: Subject, W: Workload + 'static>(workload: W, operations: usize) -> impl FnMut(u64) -> Duration {
    let mut routine: Option<Box<dyn FnMut(u64) -> Duration>> = None;
    move |wanted| routine.get_or_insert_with(|| Box::new(workload.start::<S, W::Large>()))(wanted / operations as u64)
}

/// So many objects are allocated and written in a new pool. Making the pool, and giving all back, is not timed.
pub fn first_fill<S: Source>() -> impl FnMut(u64) -> Duration {
    |objects| {
        let mut live = Live::<Over<S>, Words<8>>::new(objects as usize);
        let start = Instant::now();
        black_box(&mut live).fill(objects as usize);
        let time = start.elapsed();
        assert!(
            live.stamps().eq((0..objects).map(|cookie| Words::<8>::new(cookie).stamp())),
            "{} lost an object",
            S::NAME
        );
        time
    }
}
