//! What many threads keep: a board for each that can run at a time.

use std::boxed::Box;
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::{thread, thread_local};

use super::{Kept, Shelf};

/// Invariant: the number of boards is a power of two.
#[derive(Debug)]
pub struct SharedShelf<B>(Box<[Board<B>]>);

/// On cache lines of its own. Two, since processors fetch pairs.
#[derive(Debug)]
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

    fn with<R>(&self, change: impl FnOnce(&mut Kept<B>) -> R) -> R {
        let mut kept = self.locked.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut kept);
        // ORDERING: as in `kept`.
        self.kept.store(kept.boxes.len(), Relaxed);
        result
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
        let boxed = self.with_mine(|kept| kept.put(boxed))?;
        self.put_elsewhere(boxed)
    }

    #[inline]
    fn with_mine<R>(&self, change: impl FnOnce(&mut Kept<B>) -> R) -> R {
        self.mine().with(change)
    }

    fn with_each<R>(&self, mut change: impl FnMut(&mut Kept<B>) -> R) -> impl Iterator<Item = R> {
        self.0.iter().map(move |board| board.with(&mut change))
    }
}
