//! How many handles a shared value has: both counts in one word.
//!
//! ```text
//! 63            32 31             0
//! ├──── weak ─────┼──── strong ────┤
//! ```
//!
//! `weak` has one more while there are strong handles: the one that all of these have together. The value lives while
//! `strong` is not 0, its chunk while `weak` is not 0, and what becomes 0 stays so.
//!
//! What each step means is as in std's `Rc` and `Arc`. But `Arc` has a word for each count: to see both at once,
//! `get_mut` locks one of them, and `downgrade` waits for that in a loop. Here one load sees both. So there is no
//! lock and nothing to wait for, and a handle that finds itself alone, which is how most values end, needs no locked
//! instruction to go. GNU's `shared_ptr` looks at both of its 32-bit counts like this
//! (`_Sp_counted_base::_M_release`), LLVM's at the weak one (`__release_weak`).
//!
//! The steps are written once, over a [`Word`] that is an atomic or a cell; loom runs them over its own.

use core::cell::Cell;
use core::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};

const STRONG: u64 = 1;
const WEAK: u64 = 1 << 32;
const ALONE: u64 = STRONG + WEAK;

/// As std on 32-bit targets: an abort comes 2^31 handles before one count would run into the other, and so many
/// threads that have passed the check at the same time do not fit into memory.
const MOST: u64 = i32::MAX as u64;

const fn strong_of(counts: u64) -> u64 {
    counts & (WEAK - 1)
}

const fn weak_of(counts: u64) -> u64 {
    counts >> 32
}

/// What the counts are kept in.
#[allow(unreachable_pub, reason = "a part of `Kind`, which the oldest compilers do not see")]
pub trait Word {
    fn load(&self, order: Ordering) -> u64;
    fn fetch_add(&self, n: u64, order: Ordering) -> u64;
    fn fetch_sub(&self, n: u64, order: Ordering) -> u64;
    fn compare_exchange_weak(&self, old: u64, new: u64, success: Ordering, failure: Ordering) -> Result<u64, u64>;
}

/// One thread's: it sees its own steps in order.
impl Word for Cell<u64> {
    #[inline(always)]
    fn load(&self, _: Ordering) -> u64 {
        self.get()
    }

    #[inline(always)]
    fn fetch_add(&self, n: u64, _: Ordering) -> u64 {
        self.replace(self.get().wrapping_add(n))
    }

    #[inline(always)]
    fn fetch_sub(&self, n: u64, _: Ordering) -> u64 {
        self.replace(self.get().wrapping_sub(n))
    }

    #[inline(always)]
    fn compare_exchange_weak(&self, old: u64, new: u64, _: Ordering, _: Ordering) -> Result<u64, u64> {
        let now = self.get();
        if now != old {
            return Err(now);
        }
        self.set(new);
        Ok(old)
    }
}

#[cfg(feature = "std")]
impl Word for core::sync::atomic::AtomicU64 {
    #[inline(always)]
    fn load(&self, order: Ordering) -> u64 {
        self.load(order)
    }

    #[inline(always)]
    fn fetch_add(&self, n: u64, order: Ordering) -> u64 {
        self.fetch_add(n, order)
    }

    #[inline(always)]
    fn fetch_sub(&self, n: u64, order: Ordering) -> u64 {
        self.fetch_sub(n, order)
    }

    #[inline(always)]
    fn compare_exchange_weak(&self, old: u64, new: u64, success: Ordering, failure: Ordering) -> Result<u64, u64> {
        self.compare_exchange_weak(old, new, success, failure)
    }
}

/// What there is to a value besides a strong handle that is given up.
#[derive(Clone, Copy)]
pub(crate) enum Left {
    /// Other strong handles.
    Others,
    /// Weak handles at most. The value is the caller's, to drop or to move out, and after that the weak handle that all
    /// strong ones had.
    Weak,
    /// Nothing. The value is the caller's, and the chunk with it. The counts need not say so: nobody is there to read them.
    Nobody,
}

/// The counts of a value. After a step that gave up a handle, nothing here may be touched but by whom the step told that
/// it was the last.
#[repr(transparent)]
pub(crate) struct Counts<W>(pub(crate) W);

impl<W: Word> Counts<W> {
    /// A value with one handle.
    pub(crate) const ALONE: u64 = ALONE;
    /// A value that is still being made, with one weak handle.
    pub(crate) const UNBORN: u64 = WEAK;

    /// For a strong handle: whether it is the only one of all, weak ones included. Then it stays so for as long as
    /// nobody copies it.
    #[inline(always)]
    pub(crate) fn is_alone(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `give_up` and `drop_weak`: what other handles did with the value
        // and the counts is over. Every step is a read-modify-write, so the last one is enough to see them all.
        self.0.load(Acquire) == ALONE
    }

    #[inline]
    pub(crate) fn add_strong(&self) {
        // ORDERING: Relaxed: whoever copies a handle has one, so nothing ends meanwhile; how the copy gets to another
        // thread is its own matter.
        if strong_of(self.0.fetch_add(STRONG, Relaxed)) > MOST {
            too_many();
        }
    }

    /// For a strong handle, which is given up.
    ///
    /// Looking first saves the handle that is alone a locked instruction. That what one `fetch_sub` returned could decide
    /// alike was tried: in the bench of shared handles `alloc, drop` of a `PoolArc` took 8.7 ns then and takes 7.8, and
    /// `clone, drop` among others 8.2 and 7.9, by four threads at once 5.4 and 5.4 (the least of ten runs each, on two cores).
    #[inline(always)]
    pub(crate) fn give_up(&self) -> Left {
        if self.is_alone() {
            return Left::Nobody;
        }
        // ORDERING: Release pairs with the Acquire below on the thread that comes last, and with the one in `is_alone` and
        // `give_up_last`: our use of the value is over before they change or drop it.
        if strong_of(self.0.fetch_sub(STRONG, Release)) != 1 {
            return Left::Others;
        }
        // ORDERING: Acquire pairs with the Release above on all other threads.
        self.0.load(Acquire);
        Left::Weak
    }

    /// For a strong handle, which is given up unless there are [`Left::Others`].
    #[inline(always)]
    pub(crate) fn give_up_last(&self) -> Left {
        if self.is_alone() {
            return Left::Nobody;
        }
        // ORDERING: Acquire pairs with the Release in `give_up`: what other handles did with the value is over.
        let last = self.step(Acquire, |counts| (strong_of(counts) == 1).then_some(counts - STRONG));
        if last { Left::Weak } else { Left::Others }
    }

    /// For a weak handle: a strong one, unless the value is gone or not made yet.
    #[inline]
    pub(crate) fn upgrade(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `be_born`: we see the value.
        self.step(Acquire, |counts| {
            if strong_of(counts) > MOST {
                too_many();
            }
            (strong_of(counts) != 0).then_some(counts + STRONG)
        })
    }

    /// The value is made: the weak handle that was there before becomes the strong ones', and there is one of these.
    #[inline]
    pub(crate) fn be_born(&self) {
        // ORDERING: Release pairs with the Acquire in `upgrade`: who gets a handle sees the value.
        self.0.fetch_add(STRONG, Release);
    }

    #[inline]
    pub(crate) fn add_weak(&self) {
        // ORDERING: Relaxed: as `add_strong`.
        if weak_of(self.0.fetch_add(WEAK, Relaxed)) > MOST {
            too_many();
        }
    }

    /// Whether it was the last: then the chunk is the caller's.
    #[inline]
    pub(crate) fn drop_weak(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in the next line on other threads. If ours is the only handle, there is
        // nobody to tell.
        if self.0.load(Acquire) == WEAK {
            return true;
        }
        // ORDERING: Release pairs with the Acquire above and below on the thread that comes last, and with the one in
        // `is_alone`: we have touched the chunk for the last time before it is freed.
        if weak_of(self.0.fetch_sub(WEAK, Release)) != 1 {
            return false;
        }
        // ORDERING: Acquire pairs with the Release above on all other threads.
        self.0.load(Acquire);
        true
    }

    /// How many strong handles there are.
    pub(crate) fn strong(&self) -> usize {
        // ORDERING: Relaxed: a number in passing.
        strong_of(self.0.load(Relaxed)) as usize
    }

    /// How many weak handles there are besides the strong ones'; 0 if there are no strong ones.
    pub(crate) fn weak(&self) -> usize {
        // ORDERING: Relaxed: a number in passing.
        let counts = self.0.load(Relaxed);
        if strong_of(counts) == 0 { 0 } else { weak_of(counts) as usize - 1 }
    }

    /// From one state of the counts to the next, if there is one.
    #[inline(always)]
    fn step(&self, success: Ordering, next: impl Fn(u64) -> Option<u64>) -> bool {
        // ORDERING: Relaxed: only what is exchanged counts.
        let mut now = self.0.load(Relaxed);
        while let Some(next) = next(now) {
            // ORDERING: Relaxed on failure: we look again.
            match self.0.compare_exchange_weak(now, next, success, Relaxed) {
                Ok(_) => return true,
                Err(other) => now = other,
            }
        }
        false
    }
}

/// Ends the program: a count that went round would free what is in use. A function that cannot unwind makes an abort of a
/// panic, without std too. A panic hook still runs before that, with 2^31 handles left until the count goes round.
#[cold]
#[inline(never)]
extern "C" fn too_many() -> ! {
    panic!("more than 2^31 handles to one value");
}

#[cfg(all(test, feature = "std", not(miri), not(goo_loom)))]
mod tests {
    use std::env;
    use std::process::Command;
    use std::string::{String, ToString};
    use std::sync::atomic::AtomicU64;
    use std::vec::Vec;

    use super::{ALONE, Cell, Counts, MOST, STRONG, WEAK, Word};

    type Step<W> = fn(&Counts<W>);

    /// The first count at which a step aborts, and the step.
    fn aborting<W: Word + From<u64>>() -> Vec<(u64, Step<W>)> {
        [
            (ALONE + MOST * STRONG, (|counts| counts.add_strong()) as Step<W>),
            (ALONE + MOST * STRONG, |counts| _ = counts.upgrade()),
            (ALONE + MOST * WEAK, |counts| counts.add_weak()),
        ]
        .into()
    }

    fn step<W: Word + From<u64>>(number: usize, below: u64) {
        let (counts, step) = aborting::<W>()[number];
        let counts = Counts(W::from(counts - below * if number == 2 { WEAK } else { STRONG }));
        step(&counts);
    }

    /// What the child of the next test does. It is no test of its own.
    #[test]
    #[ignore = "aborts"]
    fn one_handle_too_many() {
        let number: usize = env::var("GOO_POOL_STEP").expect("set by the parent").parse().expect("a number");
        if number < 3 { step::<Cell<u64>>(number, 0) } else { step::<AtomicU64>(number - 3, 0) }
    }

    /// So many handles take minutes and gigabytes, so the counts are set.
    #[test]
    fn one_handle_too_many_aborts_and_one_less_does_not() {
        for number in 0..3 {
            step::<Cell<u64>>(number, 1);
            step::<AtomicU64>(number, 1);
        }
        for number in 0..6_usize {
            let child = Command::new(env::current_exe().unwrap())
                .args(["--ignored", "--exact", "rc::counts::tests::one_handle_too_many", "--nocapture"])
                .env("GOO_POOL_STEP", number.to_string())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&child.stderr);
            assert!(said.contains("more than 2^31 handles to one value"), "step {number}: {said}");
            assert!(!child.status.success() && said.contains("cannot unwind"), "step {number}: {said}");
        }
    }
}
