//! What the books of a tracked pool cost: the loops, and the adapters.

use std::{
    alloc::{Layout, alloc, dealloc},
    array,
    hint::black_box,
    ptr::NonNull,
    thread,
    time::{Duration, Instant},
};

use goo_pool_core::{RawPool, Tracked};
use goo_pool_typed::generic::{Pool, PoolBox, Source};

/// A value of 64 bytes.
pub type Value = [u64; 8];

/// One contestant: makes boxes, whatever kind they are.
pub trait Maker: 'static {
    /// Dropping it frees.
    type Boxed<'m>: AsRef<Value>
    where
        Self: 'm;

    /// A box of a value.
    fn make(&self, value: Value) -> Self::Boxed<'_>;
    /// How many are live, if it knows.
    fn live(&self) -> usize;
}

/// `COUNT` boxes are made and dropped in order, until so many were.
pub fn at_a_time<M: Maker, const COUNT: usize>(maker: M) -> impl FnMut(u64) -> Duration {
    move |boxes| {
        let start = Instant::now();
        run::<M, COUNT>(&maker, boxes);
        let time = start.elapsed();
        assert_eq!(maker.live(), 0);
        time
    }
}

/// The same on so many threads, all with the same maker. The time of the slowest.
pub fn threads<M: Maker + Sync, const COUNT: usize>(threads: usize, maker: M) -> impl FnMut(u64) -> Duration {
    move |boxes| {
        let run = || {
            let start = Instant::now();
            run::<M, COUNT>(&maker, boxes / threads as u64);
            start.elapsed()
        };
        let slowest = thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
            workers.into_iter().map(|worker| worker.join().expect("no panic")).max().unwrap_or_default()
        });
        assert_eq!(maker.live(), 0);
        slowest
    }
}

#[inline(always)]
fn run<M: Maker, const COUNT: usize>(maker: &M, boxes: u64) {
    for round in 0..boxes / COUNT as u64 {
        let made: [M::Boxed<'_>; COUNT] = array::from_fn(|_| maker.make([round; 8]));
        for boxed in &made {
            assert_eq!(black_box(boxed.as_ref())[7], round, "somebody else wrote into the value");
        }
    }
}

/// Pools of every kind, tracked or not.
impl<S: Source + 'static> Maker for Pool<Value, S> {
    type Boxed<'m> = PoolBox<Value, S::Handle>;

    #[inline(always)]
    fn make(&self, value: Value) -> Self::Boxed<'_> {
        self.alloc(value)
    }

    fn live(&self) -> usize {
        self.len()
    }
}

/// `Box`.
#[derive(Debug)]
pub struct Plain;

impl Maker for Plain {
    type Boxed<'m> = Box<Value>;

    #[inline(always)]
    fn make(&self, value: Value) -> Box<Value> {
        Box::new(value)
    }

    fn live(&self) -> usize {
        0
    }
}

/// A raw pool with its guards, so that the loop is the same.
#[derive(Debug)]
pub struct Raw<P>(pub P);

/// A chunk of a [`Raw`], with a value in it.
#[derive(Debug)]
pub struct Chunk<'p, P: Chunks> {
    value: NonNull<Value>,
    pool: &'p P,
}

/// Untyped pools, tracked or not.
pub trait Chunks: 'static {
    /// A chunk for a [`Value`].
    fn take(&self) -> NonNull<Value>;
    /// Gives it back.
    ///
    /// # Safety
    ///
    /// 1. `chunk` came from [`take`](Self::take) of the same pool, and is not used any more.
    unsafe fn give(&self, chunk: NonNull<Value>);
    /// How many are live.
    fn live(&self) -> usize;
}

impl<P: Chunks> Maker for Raw<P> {
    type Boxed<'m> = Chunk<'m, P>;

    #[inline(always)]
    fn make(&self, value: Value) -> Chunk<'_, P> {
        let chunk = Chunk { value: self.0.take(), pool: &self.0 };
        // SAFETY: it is ours and has room.
        unsafe { chunk.value.write(value) };
        chunk
    }

    fn live(&self) -> usize {
        self.0.live()
    }
}

impl<P: Chunks> AsRef<Value> for Chunk<'_, P> {
    #[inline(always)]
    fn as_ref(&self) -> &Value {
        // SAFETY: written when it was made.
        unsafe { self.value.as_ref() }
    }
}

impl<P: Chunks> Drop for Chunk<'_, P> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: it came from there and ends here.
        unsafe { self.pool.give(self.value) };
    }
}

impl Chunks for RawPool {
    #[inline(always)]
    fn take(&self) -> NonNull<Value> {
        self.allocate().expect("memory").cast()
    }

    #[inline(always)]
    unsafe fn give(&self, chunk: NonNull<Value>) {
        // SAFETY: (1).
        unsafe { self.deallocate(chunk.cast()) };
    }

    fn live(&self) -> usize {
        self.len()
    }
}

impl Chunks for Tracked<RawPool> {
    #[inline(always)]
    fn take(&self) -> NonNull<Value> {
        self.allocate().expect("memory").cast()
    }

    #[inline(always)]
    unsafe fn give(&self, chunk: NonNull<Value>) {
        // SAFETY: (1).
        unsafe { self.deallocate(chunk.cast()) };
    }

    fn live(&self) -> usize {
        let usage = self.usage();
        assert_eq!(usage.allocations - usage.frees, usage.objects as u64);
        usage.objects
    }
}

/// The global allocator.
#[derive(Debug)]
pub struct System;

impl Chunks for System {
    #[inline(always)]
    fn take(&self) -> NonNull<Value> {
        // SAFETY: a value has a size.
        NonNull::new(unsafe { alloc(Layout::new::<Value>()) }.cast()).expect("memory")
    }

    #[inline(always)]
    unsafe fn give(&self, chunk: NonNull<Value>) {
        // SAFETY: it came from there with this layout (1).
        unsafe { dealloc(chunk.as_ptr().cast(), Layout::new::<Value>()) };
    }

    fn live(&self) -> usize {
        0
    }
}
