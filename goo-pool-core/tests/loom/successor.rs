//! The open pool that stands in for a closed one (closing.rs).

use loom::cell::UnsafeCell;
use loom::sync::atomic::AtomicUsize;
use loom::sync::atomic::Ordering::{AcqRel, Relaxed};
use loom::sync::{Arc, Mutex};
use loom::thread;

use crate::explore::explore;
use crate::weakening::order;

/// A closed pool with two outstanding chunks, and a candidate for its successor from each thread that has one.
struct Closed {
    outstanding: AtomicUsize,
    /// Under the graveyard's lock.
    successor: Mutex<Option<usize>>,
    candidates: [Candidate; 2],
}

struct Candidate {
    handles: AtomicUsize,
    memory: UnsafeCell<()>,
    ended: AtomicUsize,
}

impl Closed {
    fn new() -> Arc<Self> {
        let candidate =
            || Candidate { handles: AtomicUsize::new(0), memory: UnsafeCell::new(()), ended: AtomicUsize::new(0) };
        Arc::new(Self {
            outstanding: AtomicUsize::new(2),
            successor: Mutex::new(None),
            candidates: [candidate(), candidate()],
        })
    }

    /// `closing::successor`, in which `me` is the pool that this thread would make.
    fn successor(&self, me: usize) -> usize {
        if let Some(existing) = self.existing() {
            return existing;
        }
        let new = &self.candidates[me];
        new.memory.with_mut(|_| ());
        new.handles.store(1, Relaxed);
        {
            let mut successor = self.successor.lock().unwrap();
            if successor.is_none() {
                new.handles.fetch_add(1, Relaxed);
                *successor = Some(me);
                return me;
            }
        }
        self.release_handle(me);
        self.existing().expect("a successor stays as long as a chunk of its pool is live")
    }

    fn existing(&self) -> Option<usize> {
        let successor = self.successor.lock().unwrap();
        let existing = (*successor)?;
        self.candidates[existing].handles.fetch_add(1, Relaxed);
        Some(existing)
    }

    fn release_handle(&self, of: usize) {
        let pool = &self.candidates[of];
        pool.memory.with(|_| ());
        if pool.handles.fetch_sub(1, order("shared.rs release_handle", AcqRel)) == 1 {
            pool.memory.with_mut(|_| ());
            pool.ended.fetch_add(1, Relaxed);
        }
    }

    /// `free_outstanding`, and `Destroyed::drop` for the last.
    fn free(&self) {
        if self.outstanding.fetch_sub(1, order("closing.rs count_off", AcqRel)) == 1 {
            let successor = self.successor.lock().unwrap().take();
            successor.into_iter().for_each(|of| self.release_handle(of));
        }
    }
}

#[test]
fn all_chunks_have_one_successor_and_it_ends_once() {
    // Whose it is, and whether the other made one too.
    explore([0b00, 0b01, 0b10, 0b11], || {
        let closed = Closed::new();
        let threads = [0, 1].map(|me| {
            let closed = closed.clone();
            thread::spawn(move || {
                let successor = closed.successor(me);
                closed.candidates[successor].memory.with(|_| ());
                closed.free();
                closed.release_handle(successor);
                successor
            })
        });
        let [one, other] = threads.map(|thread| thread.join().unwrap());
        assert_eq!(one, other);
        assert_eq!(closed.candidates[one].ended.load(Relaxed), 1);
        assert_eq!(closed.candidates.iter().map(|pool| pool.handles.load(Relaxed)).sum::<usize>(), 0);
        (one as u64) << 1 | closed.candidates[1 - one].ended.load(Relaxed) as u64
    });
}
