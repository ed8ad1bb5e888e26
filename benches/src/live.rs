//! A pool and the handles of its live objects: the loops that most workloads are made of.

use fastrand::Rng;

use crate::{
    objects::Object,
    subject::{Reset, Subject, observe},
};

/// A pool and the handles of its live objects.
///
/// Invariant: every handle in `handles` came from `pool`. Handles enter by `fill` and leave by being freed, so
/// each `SAFETY` comment below needs nothing else.
///
/// Vector headers and the like are taken into locals before each loop. `observe` makes the
/// compiler forget what it knows about memory, and reloading them would be a cost of ours in every row.
pub struct Live<S: Subject, T: Object> {
    pool: S::Pool<T>,
    handles: Vec<S::Handle<T>>,
}

impl<S: Subject, T: Object> Live<S, T> {
    /// An empty pool, and room for the handles of `capacity` objects (their vector never grows while a clock runs).
    pub fn new(capacity: usize) -> Self {
        Live { pool: S::pool(), handles: Vec::with_capacity(capacity) }
    }

    /// Allocates, reads and frees one object, `times` times. Gives the sum of the stamps read.
    #[inline(never)]
    pub fn pairs(&mut self, times: u64) -> u64 {
        let pool = &mut self.pool;
        let mut sum = 0_u64;
        for cookie in 0..times {
            let handle = S::alloc(pool, T::new(cookie));
            observe::<S, T>(&handle);
            // SAFETY: the handle came from this pool.
            let object = unsafe { S::get(pool, &handle) };
            sum = sum.wrapping_add(object.stamp());
            // SAFETY: the handle came from this pool.
            unsafe { S::free(pool, handle) };
        }
        sum
    }

    /// Allocates `count` objects, with the cookies from 0 on.
    #[inline(never)]
    pub fn fill(&mut self, count: usize) {
        assert!(self.handles.capacity() - self.handles.len() >= count, "the handles have room");
        let pool = &mut self.pool;
        self.handles.extend((0..count as u64).map(|cookie| {
            let handle = S::alloc(pool, T::new(cookie));
            observe::<S, T>(&handle);
            handle
        }));
    }

    /// Frees all objects but the first `keep`, in the order of their handles. If told to `READ`, reads each before,
    /// and gives the sum of the stamps.
    #[inline(never)]
    pub fn drain<const READ: bool>(&mut self, keep: usize) -> u64 {
        let pool = &mut self.pool;
        let mut sum = 0_u64;
        for handle in self.handles.drain(keep..) {
            if READ {
                // SAFETY: the handle came from this pool.
                let object = unsafe { S::get(pool, &handle) };
                sum = sum.wrapping_add(object.stamp());
            }
            // SAFETY: the handle came from this pool.
            unsafe { S::free(pool, handle) };
        }
        if keep == 0 {
            // SAFETY: the last handle has just been freed.
            unsafe { S::all_freed(pool) };
        }
        sum
    }

    /// For each of `places`: allocates an object, puts it there, and frees the one that was there. The cookies go from
    /// 0 on. If told to `READ`, reads the old object before, and gives the sum of the stamps.
    #[inline(never)]
    pub fn replace<const READ: bool>(&mut self, places: &[u32]) -> u64 {
        let pool = &mut self.pool;
        let handles = self.handles.as_mut_slice();
        let mut sum = 0_u64;
        for (cookie, &place) in (0_u64..).zip(places) {
            let handle = S::alloc(pool, T::new(cookie));
            observe::<S, T>(&handle);
            let old = std::mem::replace(&mut handles[place as usize], handle);
            if READ {
                // SAFETY: the handle came from this pool.
                let object = unsafe { S::get(pool, &old) };
                sum = sum.wrapping_add(object.stamp());
            }
            // SAFETY: the handle came from this pool.
            unsafe { S::free(pool, old) };
        }
        sum
    }

    /// The stamps of all objects, in the order of their handles.
    pub fn stamps(&self) -> impl Iterator<Item = u64> {
        self.handles.iter().map(|handle| {
            // SAFETY: the handle came from this pool.
            unsafe { S::get(&self.pool, handle) }.stamp()
        })
    }

    /// Makes `drain` go from the newest object to the oldest.
    pub fn reverse(&mut self) {
        self.handles.reverse();
    }

    /// Makes `drain` go in random order.
    pub fn shuffle(&mut self, rng: &mut Rng) {
        rng.shuffle(&mut self.handles);
    }
}

impl<S: Reset, T: Object> Live<S, T> {
    /// Frees all objects at once. The handles are gone before (`forget_handles`), as no subject needs them.
    #[inline(never)]
    pub fn reset(&mut self) {
        assert!(self.handles.is_empty(), "a handle would outlive its object");
        // SAFETY: there is no handle left.
        unsafe { S::reset(&mut self.pool) };
    }

    /// Drops the handles and leaves the objects where they are.
    pub fn forget_handles(&mut self) {
        const { assert!(!std::mem::needs_drop::<S::Handle<T>>(), "dropping it would free") };
        self.handles.clear();
    }
}

impl<S: Subject, T: Object> Drop for Live<S, T> {
    fn drop(&mut self) {
        self.drain::<false>(0);
    }
}

impl<S: Subject, T: Object> std::fmt::Debug for Live<S, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} live objects in {}", self.handles.len(), S::NAME)
    }
}
