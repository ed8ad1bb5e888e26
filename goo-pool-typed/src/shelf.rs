//! Where a recycler keeps what came back: on one thread a stack, and for many a stack for each that can run at a time.

#[cfg(feature = "std")]
mod shared;

use core::cell::RefCell;
use core::iter;

use alloc::vec::Vec;

#[cfg(feature = "std")]
pub(crate) use shared::SharedShelf;

/// A recycler's numbers, since it was made.
///
/// While other threads use a `SyncRecycler`, they are what was seen in passing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecyclerStats {
    /// Values that wait now for the next one who asks.
    pub kept: usize,
    /// Values that were made because none was kept.
    pub made: u64,
    /// Times that a kept value was taken.
    pub reused: u64,
    /// Values that came back and were dropped: because enough were kept, or because `reset` panicked.
    pub dropped: u64,
}

impl RecyclerStats {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            kept: self.kept + other.kept,
            made: self.made + other.made,
            reused: self.reused + other.reused,
            dropped: self.dropped + other.dropped,
        }
    }
}

/// One stack, or some. No code that is not ours runs while one is borrowed or locked, but for the global allocator.
#[allow(unreachable_pub, reason = "it is in a public trait, which older compilers do not look at")]
pub trait Shelf<B> {
    /// For at most so many.
    fn new(keep: usize) -> Self;
    /// The one that came last, for its memory is in the cache.
    fn take(&self) -> Option<B>;
    /// Keeps one, or gives it back.
    fn put(&self, boxed: B) -> Option<B>;
    /// Does something to this thread's stack that does not panic.
    fn with_mine<R>(&self, change: impl FnOnce(&mut Kept<B>) -> R) -> R;
    /// Does something to each stack that does not panic, as the result is iterated. None is borrowed or locked between.
    fn with_each<R>(&self, change: impl FnMut(&mut Kept<B>) -> R) -> impl Iterator<Item = R>;
}

/// Values that are kept, and their numbers.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "as `Shelf`")]
pub struct Kept<B> {
    pub(crate) boxes: Vec<B>,
    /// At most so many. Invariant: there is never more.
    keep: usize,
    /// But for `kept`, which is how many boxes there are.
    pub(crate) counted: RecyclerStats,
}

impl<B> Kept<B> {
    fn new(keep: usize) -> Self {
        Self { boxes: Vec::new(), keep, counted: RecyclerStats::default() }
    }

    #[inline]
    fn take(&mut self) -> Option<B> {
        let taken = self.boxes.pop();
        self.counted.reused += u64::from(taken.is_some());
        taken
    }

    #[inline]
    fn put(&mut self, boxed: B) -> Option<B> {
        // Without memory for one more address, the value is not kept.
        if self.boxes.len() == self.keep || self.boxes.try_reserve(1).is_err() {
            return Some(boxed);
        }
        self.boxes.push(boxed);
        None
    }

    pub(crate) fn stats(&self) -> RecyclerStats {
        RecyclerStats { kept: self.boxes.len(), ..self.counted }
    }
}

/// For one thread.
#[derive(Debug)]
pub struct LocalShelf<B>(RefCell<Kept<B>>);

impl<B> Shelf<B> for LocalShelf<B> {
    fn new(keep: usize) -> Self {
        Self(RefCell::new(Kept::new(keep)))
    }

    #[inline]
    fn take(&self) -> Option<B> {
        self.with_mine(Kept::take)
    }

    #[inline]
    fn put(&self, boxed: B) -> Option<B> {
        self.with_mine(|kept| kept.put(boxed))
    }

    #[inline]
    fn with_mine<R>(&self, change: impl FnOnce(&mut Kept<B>) -> R) -> R {
        change(&mut self.0.borrow_mut())
    }

    fn with_each<R>(&self, change: impl FnMut(&mut Kept<B>) -> R) -> impl Iterator<Item = R> {
        iter::once(self.with_mine(change))
    }
}
