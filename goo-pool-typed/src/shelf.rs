//! Where a recycler keeps what came back: on one thread a stack, and for many a stack for each that can run at a time.

use core::cell::RefCell;
use core::fmt;
use core::mem::take;

use alloc::vec::Vec;
use goo_pool_core::PoolHandle;

use crate::generic::Kind;

/// A recycler's numbers, since it was made.
///
/// While other threads use a `SyncRecycler`, they are what was seen in passing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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

/// A kind of pools whose values can be recycled: every kind.
pub trait Recycle: Kind {
    /// Where values of this kind are kept.
    #[doc(hidden)]
    type Shelf<B>: Shelf<B>;
}

/// Where a recycler keeps what came back. No code that is not ours runs while it is borrowed or locked, but for the global
/// allocator.
#[doc(hidden)]
#[allow(unreachable_pub, reason = "it is in a public trait, which older compilers do not look at")]
pub trait Shelf<B> {
    /// For at most so many.
    fn new(keep: usize) -> Self;
    /// The one that came last, for its memory is in the cache.
    fn take(&self) -> Option<B>;
    /// Keeps one, or gives it back.
    fn put(&self, boxed: B) -> Option<B>;
    fn clear(&self);
    fn count_made(&self);
    fn count_dropped(&self);
    fn stats(&self) -> RecyclerStats;
}

/// Values that are kept, and their numbers.
struct Kept<B> {
    boxes: Vec<B>,
    /// At most so many. Invariant: there is never more.
    keep: usize,
    /// But for `kept`, which is how many boxes there are.
    stats: RecyclerStats,
}

impl<B> Kept<B> {
    fn new(keep: usize) -> Self {
        Self { boxes: Vec::new(), keep, stats: RecyclerStats::default() }
    }

    #[inline]
    fn take(&mut self) -> Option<B> {
        let taken = self.boxes.pop();
        self.stats.reused += u64::from(taken.is_some());
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

    fn stats(&self) -> RecyclerStats {
        RecyclerStats { kept: self.boxes.len(), ..self.stats }
    }
}

impl Recycle for PoolHandle {
    type Shelf<B> = LocalShelf<B>;
}

/// For one thread.
#[doc(hidden)]
pub struct LocalShelf<B>(RefCell<Kept<B>>);

impl<B> Shelf<B> for LocalShelf<B> {
    fn new(keep: usize) -> Self {
        Self(RefCell::new(Kept::new(keep)))
    }

    #[inline]
    fn take(&self) -> Option<B> {
        self.0.borrow_mut().take()
    }

    #[inline]
    fn put(&self, boxed: B) -> Option<B> {
        let mut kept = self.0.borrow_mut();
        let refused = kept.put(boxed);
        kept.stats.dropped += u64::from(refused.is_some());
        refused
    }

    fn clear(&self) {
        let boxes = take(&mut self.0.borrow_mut().boxes);
        drop(boxes);
    }

    fn count_made(&self) {
        self.0.borrow_mut().stats.made += 1;
    }

    fn count_dropped(&self) {
        self.0.borrow_mut().stats.dropped += 1;
    }

    fn stats(&self) -> RecyclerStats {
        self.0.borrow().stats()
    }
}

impl<B> fmt::Debug for LocalShelf<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stats().fmt(f)
    }
}

#[cfg(feature = "std")]
mod shared {
    use std::boxed::Box;
    use std::cell::Cell;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::sync::{Mutex, PoisonError};
    use std::{thread, thread_local};

    use goo_pool_core::SyncPoolHandle;

    use super::*;

    impl Recycle for SyncPoolHandle {
        type Shelf<B> = SharedShelf<B>;
    }

    /// For many threads: a board for each that can run at a time.
    #[doc(hidden)]
    ///
    /// Invariant: their number is a power of two.
    pub struct SharedShelf<B>(Box<[Board<B>]>);

    /// On cache lines of its own. Two, since processors fetch pairs.
    #[repr(align(128))]
    struct Board<B> {
        /// How many are kept here, as far as one can tell without the lock: saves looking.
        kept: AtomicUsize,
        keep: usize,
        locked: Mutex<Kept<B>>,
    }

    impl<B> Board<B> {
        fn new(keep: usize) -> Self {
            Self { kept: AtomicUsize::new(0), keep, locked: Mutex::new(Kept::new(keep)) }
        }

        fn kept(&self) -> usize {
            // ORDERING: Relaxed: a hint. What there is, is seen under the lock.
            self.kept.load(Relaxed)
        }

        /// Does something to what is kept that does not panic.
        fn with<R>(&self, change: impl FnOnce(&mut Kept<B>) -> R) -> R {
            let mut kept = self.locked.lock().unwrap_or_else(PoisonError::into_inner);
            let result = change(&mut kept);
            // ORDERING: as in `kept`.
            self.kept.store(kept.boxes.len(), Relaxed);
            result
        }
    }

    impl<B> fmt::Debug for SharedShelf<B> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.stats().fmt(f)
        }
    }

    impl<B> SharedShelf<B> {
        /// This thread's board.
        #[inline]
        fn mine(&self) -> &Board<B> {
            &self.0[thread_number() & (self.0.len() - 1)]
        }

        /// All boards but this thread's, the next one first.
        fn others(&self) -> impl Iterator<Item = &Board<B>> {
            let (before, rest) = self.0.split_at(thread_number() & (self.0.len() - 1));
            rest[1..].iter().chain(before)
        }

        /// For when there is none on the thread's own board.
        #[inline(never)]
        fn take_elsewhere(&self) -> Option<B> {
            self.others().filter(|board| board.kept() != 0).find_map(|board| board.with(Kept::take))
        }

        /// For when there is no room on the thread's own board.
        #[inline(never)]
        fn put_elsewhere(&self, mut boxed: B) -> Option<B> {
            for board in self.others().filter(|board| board.kept() < board.keep) {
                boxed = board.with(|kept| kept.put(boxed))?;
            }
            self.count_dropped();
            Some(boxed)
        }
    }

    /// Counts the threads that use a recycler, in the order of their first use.
    #[inline]
    fn thread_number() -> usize {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        thread_local!(static NUMBER: Cell<usize> = const { Cell::new(usize::MAX) });
        // Without a destructor it is there also while the thread ends.
        NUMBER.with(|number| {
            if number.get() == usize::MAX {
                // ORDERING: Relaxed: only that it is another number each time counts.
                number.set(THREADS.fetch_add(1, Relaxed));
            }
            number.get()
        })
    }

    impl<B> Shelf<B> for SharedShelf<B> {
        fn new(keep: usize) -> Self {
            let threads = thread::available_parallelism().map_or(4, usize::from);
            // Not more than there is to be kept, so that each has room.
            let boards = threads.next_power_of_two().min(1 << keep.checked_ilog2().unwrap_or(0));
            Self((0..boards).map(|board| Board::new(keep / boards + usize::from(board < keep % boards))).collect())
        }

        #[inline]
        fn take(&self) -> Option<B> {
            let mine = self.mine();
            let taken = if mine.kept() != 0 { mine.with(Kept::take) } else { None };
            taken.or_else(|| self.take_elsewhere())
        }

        #[inline]
        fn put(&self, boxed: B) -> Option<B> {
            let boxed = self.mine().with(|kept| kept.put(boxed))?;
            self.put_elsewhere(boxed)
        }

        fn clear(&self) {
            for board in &self.0 {
                let boxes = board.with(|kept| take(&mut kept.boxes));
                drop(boxes);
            }
        }

        fn count_made(&self) {
            self.mine().with(|kept| kept.stats.made += 1);
        }

        fn count_dropped(&self) {
            self.mine().with(|kept| kept.stats.dropped += 1);
        }

        fn stats(&self) -> RecyclerStats {
            self.0.iter().fold(RecyclerStats::default(), |sum, board| {
                let RecyclerStats { kept, made, reused, dropped } = board.with(|kept| kept.stats());
                RecyclerStats {
                    kept: sum.kept + kept,
                    made: sum.made + made,
                    reused: sum.reused + reused,
                    dropped: sum.dropped + dropped,
                }
            })
        }
    }
}
