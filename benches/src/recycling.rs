//! Buffers that are used again and again: the loops, and one adapter a contestant.

use std::{
    cell::RefCell,
    hint::black_box,
    thread,
    time::{Duration, Instant},
};

use goo_pool_typed::{Pool, Recycled, Recycler, SyncPool, SyncRecycler};

/// What a buffer is for: so many bytes are written, of so much room.
const USED: usize = 64;
const ROOM: usize = 4096;

/// Enough are kept for every workload.
const KEEP: usize = 64;

fn new_buffer() -> Vec<u8> {
    Vec::with_capacity(ROOM)
}

/// One contestant: gives empty buffers, and takes them back when they are dropped.
pub trait Recycling: Sized + 'static {
    /// The name of its column.
    const NAME: &'static str;
    /// Derefs to the buffer; dropping it gives the buffer back.
    type Guard<'r>: AsMut<Vec<u8>>
    where
        Self: 'r;

    /// Without a buffer yet.
    fn new() -> Self;
    /// An empty buffer.
    fn take(&self) -> Self::Guard<'_>;
}

/// `COUNT` buffers are taken, written to, and given back, until so many were.
pub fn at_a_time<R: Recycling, const COUNT: usize>() -> impl FnMut(u64) -> Duration {
    let recycling = R::new();
    move |buffers| {
        let start = Instant::now();
        for round in 0..buffers / COUNT as u64 {
            let mut guards: [R::Guard<'_>; COUNT] = std::array::from_fn(|_| recycling.take());
            for guard in &mut guards {
                use_buffer(guard, round);
            }
        }
        start.elapsed()
    }
}

/// One buffer at a time, on so many threads, all with the same recycler. The time of the slowest.
pub fn threads<R: Recycling + Sync>(threads: usize) -> impl FnMut(u64) -> Duration {
    let recycling = R::new();
    move |buffers| {
        let run = || {
            let start = Instant::now();
            for round in 0..buffers / threads as u64 {
                use_buffer(&mut recycling.take(), round);
            }
            start.elapsed()
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
            workers.into_iter().map(|worker| worker.join().expect("no panic")).max().unwrap_or_default()
        })
    }
}

#[inline(always)]
fn use_buffer(buffer: &mut impl AsMut<Vec<u8>>, round: u64) {
    let buffer = buffer.as_mut();
    assert!(buffer.is_empty() && buffer.capacity() >= ROOM, "not an empty buffer with room");
    buffer.extend_from_slice(&[round as u8; USED]);
    black_box(buffer);
}

/// A guard that derefs to a buffer, as something with `as_mut`.
#[derive(Debug)]
pub struct ByDeref<G>(G);

impl<G: std::ops::DerefMut<Target = Vec<u8>>> AsMut<Vec<u8>> for ByDeref<G> {
    #[inline(always)]
    fn as_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl Recycling for Recycler<Vec<u8>> {
    const NAME: &'static str = "recycler";
    type Guard<'r> = ByDeref<Recycled<&'r Self>>;

    fn new() -> Self {
        Pool::new().recycler(Vec::clear).keep(KEEP)
    }

    #[inline(always)]
    fn take(&self) -> Self::Guard<'_> {
        ByDeref(self.take_or_else(new_buffer))
    }
}

impl Recycling for SyncRecycler<Vec<u8>> {
    const NAME: &'static str = "sync recycler";
    type Guard<'r> = ByDeref<Recycled<&'r Self>>;

    fn new() -> Self {
        SyncPool::new().recycler(Vec::clear).keep(KEEP)
    }

    #[inline(always)]
    fn take(&self) -> Self::Guard<'_> {
        ByDeref(self.take_or_else(new_buffer))
    }
}

/// `object_pool::Pool`.
impl Recycling for object_pool::Pool<Vec<u8>> {
    const NAME: &'static str = "object-pool";
    type Guard<'r> = Cleared<object_pool::Reusable<'r, Vec<u8>>>;

    fn new() -> Self {
        Self::new(KEEP, new_buffer)
    }

    #[inline(always)]
    fn take(&self) -> Self::Guard<'_> {
        Cleared(self.pull(new_buffer))
    }
}

/// It has no reset, so its user clears what comes back.
#[derive(Debug)]
pub struct Cleared<G: std::ops::DerefMut<Target = Vec<u8>>>(G);

impl<G: std::ops::DerefMut<Target = Vec<u8>>> AsMut<Vec<u8>> for Cleared<G> {
    #[inline(always)]
    fn as_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl<G: std::ops::DerefMut<Target = Vec<u8>>> Drop for Cleared<G> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.clear();
    }
}

/// What one writes by hand: a vector of what came back.
#[derive(Debug)]
pub struct FreeList(RefCell<Vec<Vec<u8>>>);

/// A buffer of a [`FreeList`].
#[derive(Debug)]
pub struct Listed<'r>(Vec<u8>, &'r FreeList);

impl AsMut<Vec<u8>> for Listed<'_> {
    #[inline(always)]
    fn as_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl Drop for Listed<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        let mut buffer = std::mem::take(&mut self.0);
        buffer.clear();
        let mut list = self.1.0.borrow_mut();
        if list.len() < KEEP {
            list.push(buffer);
        }
    }
}

impl Recycling for FreeList {
    const NAME: &'static str = "free list by hand";
    type Guard<'r> = Listed<'r>;

    fn new() -> Self {
        Self(RefCell::new(Vec::new()))
    }

    #[inline(always)]
    fn take(&self) -> Listed<'_> {
        Listed(self.0.borrow_mut().pop().unwrap_or_else(new_buffer), self)
    }
}

/// A new buffer each time.
#[derive(Debug)]
pub struct Plain;

/// A buffer that nobody takes back.
#[derive(Debug)]
pub struct Fresh(Vec<u8>);

impl AsMut<Vec<u8>> for Fresh {
    #[inline(always)]
    fn as_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl Recycling for Plain {
    const NAME: &'static str = "plain Vec";
    type Guard<'r> = Fresh;

    fn new() -> Self {
        Self
    }

    #[inline(always)]
    fn take(&self) -> Fresh {
        Fresh(new_buffer())
    }
}
