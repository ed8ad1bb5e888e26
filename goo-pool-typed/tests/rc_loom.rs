//! Models of what handles on several threads do with the counts of a value: the steps of `counts.rs` themselves, over loom's
//! atomic, with a `loom::cell::UnsafeCell` for the value and one for the chunk. Loom runs every interleaving.
//!
//! ```text
//! RUSTFLAGS="--cfg goo_loom" cargo test --release -p goo-pool-typed --test rc_loom
//! ```
#![cfg(goo_loom)]

use std::sync::atomic::Ordering;

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::AtomicU64;
use loom::thread;

use crate::counts::{Counts, Left, Word};

#[path = "../src/rc/counts.rs"]
#[allow(dead_code, unreachable_pub, reason = "not all of it is modelled")]
mod counts;

impl Word for AtomicU64 {
    fn load(&self, order: Ordering) -> u64 {
        self.load(order)
    }

    fn fetch_add(&self, n: u64, order: Ordering) -> u64 {
        self.fetch_add(n, order)
    }

    fn fetch_sub(&self, n: u64, order: Ordering) -> u64 {
        self.fetch_sub(n, order)
    }

    fn compare_exchange_weak(&self, old: u64, new: u64, success: Ordering, failure: Ordering) -> Result<u64, u64> {
        self.compare_exchange_weak(old, new, success, failure)
    }
}

/// A chunk with a value; it is there for as long as the model, and notices what comes too late. Its methods are what
/// `strong.rs` and `weak.rs` do for one handle.
struct Chunk {
    counts: Counts<AtomicU64>,
    value: UnsafeCell<Option<u32>>,
    /// Whether the chunk is live: read by every step with the counts, written when it is freed.
    live: UnsafeCell<bool>,
}

impl Chunk {
    /// A value with one strong handle.
    fn new() -> Arc<Self> {
        Self::of(Counts::<AtomicU64>::ALONE, Some(1))
    }

    fn of(counts: u64, value: Option<u32>) -> Arc<Self> {
        Arc::new(Self {
            counts: Counts(AtomicU64::new(counts)),
            value: UnsafeCell::new(value),
            live: UnsafeCell::new(true),
        })
    }

    fn counts(&self) -> &Counts<AtomicU64> {
        // SAFETY: if it is written at the same time, loom says so.
        let live = self.live.with(|live| unsafe { *live });
        assert!(live, "the chunk is free already");
        &self.counts
    }

    fn read(&self) -> u32 {
        // SAFETY: as above.
        self.value.with(|value| unsafe { *value }).expect("the value is gone already")
    }

    fn write(&self, new: Option<u32>) -> Option<u32> {
        // SAFETY: as above.
        self.value.with_mut(|value| unsafe { value.replace(new) })
    }

    /// The value's end: dropped or moved out.
    fn end(&self) {
        assert!(self.write(None).is_some(), "the value is gone already");
    }

    fn free(&self) {
        // SAFETY: as above.
        let live = self.live.with_mut(|live| unsafe { live.replace(false) });
        assert!(live, "the chunk is free already");
    }

    fn drop_strong(&self) {
        let left = self.counts().give_up();
        self.take(left);
    }

    fn drop_weak(&self) {
        if self.counts().drop_weak() {
            self.free();
        }
    }

    /// Whether it got the value; if not, the handle is still there.
    fn try_unwrap(&self) -> bool {
        let left = self.counts().give_up_last();
        self.take(left)
    }

    /// Whether it got the value; the handle is gone in any case.
    fn into_inner(&self) -> bool {
        let left = self.counts().give_up();
        self.take(left)
    }

    /// Ends what is the caller's.
    fn take(&self, left: Left) -> bool {
        match left {
            Left::Others => return false,
            Left::Weak => {
                self.end();
                self.drop_weak();
            }
            Left::Nobody => {
                self.end();
                self.free();
            }
        }
        true
    }

    /// Whether it was alone, and changed the value.
    fn get_mut(&self) -> bool {
        let alone = self.counts().is_alone();
        if alone {
            self.write(Some(2));
        }
        alone
    }

    /// For a weak handle: looks at the value if it is there.
    fn look(&self) -> bool {
        let there = self.counts().upgrade();
        if there {
            self.read();
            self.drop_strong();
        }
        there
    }

    /// All handles are gone.
    fn assert_over(&self) {
        // SAFETY: as above.
        let (live, value) = (self.live.with(|live| unsafe { *live }), self.value.with(|value| unsafe { *value }));
        assert!(!live && value.is_none(), "something was not given back");
    }
}

/// Runs both on threads of their own, and then everything must be over.
fn race(chunk: &Arc<Chunk>, one: impl FnOnce(&Chunk) + 'static, other: impl FnOnce(&Chunk) + 'static) {
    let here = chunk.clone();
    let there = chunk.clone();
    let thread = thread::spawn(move || one(&there));
    other(&here);
    thread.join().unwrap();
    chunk.assert_over();
}

/// `give_up` with itself and with `add_strong`.
#[test]
fn the_last_of_two_strong_handles_drops_the_value() {
    loom::model(|| {
        let chunk = Chunk::new();
        chunk.counts().add_strong();
        let use_it = |chunk: &Chunk| {
            chunk.read();
            chunk.counts().add_strong();
            chunk.drop_strong();
            chunk.read();
            chunk.drop_strong();
        };
        race(&chunk, use_it, |chunk| {
            chunk.read();
            chunk.drop_strong();
        });
    });
}

/// `upgrade` with `give_up`, and `drop_weak` with itself.
#[test]
fn a_weak_handle_finds_the_value_or_nothing() {
    loom::model(|| {
        let chunk = Chunk::new();
        chunk.counts().add_weak();
        let look = |chunk: &Chunk| {
            chunk.look();
            chunk.drop_weak();
        };
        race(&chunk, look, |chunk| {
            chunk.read();
            chunk.drop_strong();
        });
    });
}

/// `is_alone` with `give_up`.
#[test]
fn whoever_is_alone_after_a_strong_handle_sees_what_that_one_did() {
    loom::model(|| {
        let chunk = Chunk::new();
        chunk.counts().add_strong();
        let use_it = |chunk: &Chunk| {
            chunk.read();
            chunk.drop_strong();
        };
        race(&chunk, use_it, |chunk| {
            chunk.get_mut();
            chunk.drop_strong();
        });
    });
}

/// `is_alone` with `drop_weak`.
#[test]
fn whoever_is_alone_after_a_weak_handle_sees_what_that_one_did() {
    loom::model(|| {
        let chunk = Chunk::new();
        chunk.counts().add_weak();
        let look = |chunk: &Chunk| {
            chunk.look();
            chunk.drop_weak();
        };
        race(&chunk, look, |chunk| {
            chunk.get_mut();
            chunk.drop_strong();
        });
    });
}

/// `give_up_last` with `upgrade` and `give_up`.
#[test]
fn what_is_moved_out_is_seen_by_nobody_else() {
    loom::model(|| {
        let chunk = Chunk::new();
        chunk.counts().add_weak();
        let look = |chunk: &Chunk| {
            chunk.look();
            chunk.drop_weak();
        };
        race(&chunk, look, |chunk| {
            if !chunk.try_unwrap() {
                chunk.drop_strong();
            }
        });
    });
}

#[test]
fn exactly_one_of_two_gets_the_value() {
    use std::sync::Arc as Shared;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    for weak in [false, true] {
        loom::model(move || {
            let chunk = Chunk::new();
            chunk.counts().add_strong();
            if weak {
                chunk.counts().add_weak();
            }
            // Not loom's: nothing is to be learned from it.
            let won = Shared::new(AtomicUsize::new(0));
            let there = won.clone();
            let one = move |chunk: &Chunk| {
                there.fetch_add(usize::from(chunk.into_inner()), Relaxed);
            };
            let here = won.clone();
            race(&chunk, one, move |chunk| {
                here.fetch_add(usize::from(chunk.into_inner()), Relaxed);
                if weak {
                    chunk.drop_weak();
                }
            });
            assert_eq!(won.load(Relaxed), 1);
        });
    }
}

/// `drop_weak` with itself and with `add_weak`, after the value is gone.
#[test]
fn the_last_of_two_weak_handles_frees_the_chunk() {
    loom::model(|| {
        let chunk = Chunk::new();
        chunk.counts().add_weak();
        chunk.counts().add_weak();
        chunk.drop_strong();
        let use_it = |chunk: &Chunk| {
            chunk.counts().add_weak();
            chunk.drop_weak();
            assert!(!chunk.look());
            chunk.drop_weak();
        };
        race(&chunk, use_it, Chunk::drop_weak);
    });
}

/// `add_weak` with `is_alone`: both handles are strong, so neither is alone.
#[test]
fn a_handle_that_is_downgraded_leaves_the_other_its_value() {
    loom::model(|| {
        let chunk = Chunk::new();
        chunk.counts().add_strong();
        let downgrade = |chunk: &Chunk| {
            chunk.counts().add_weak();
            chunk.drop_strong();
            chunk.look();
            chunk.drop_weak();
        };
        race(&chunk, downgrade, |chunk| {
            chunk.get_mut();
            chunk.drop_strong();
        });
    });
}

/// `be_born` with `upgrade`.
#[test]
fn whoever_finds_a_value_that_is_just_made_sees_it() {
    loom::model(|| {
        let chunk = Chunk::of(Counts::<AtomicU64>::UNBORN, None);
        chunk.counts().add_weak();
        let look = |chunk: &Chunk| {
            chunk.look();
            chunk.drop_weak();
        };
        race(&chunk, look, |chunk| {
            chunk.write(Some(1));
            chunk.counts().be_born();
            chunk.drop_strong();
        });
    });
}
