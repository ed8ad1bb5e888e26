//! Every two operations at once: two threads, started together, do one thing each with a pool that is so small that each
//! thing comes to its rare cases. Made for Miri with many seeds, which finds more interleavings than any machine, and for
//! the sanitizers: plain atomics and spawn/join, no test harness (see sync_stress.rs for the commands).
//!
//! ```text
//! cargo test --release --test sync_pairs                    (arguments: iterations of each pair, first seed)
//! MIRIFLAGS=-Zmiri-many-seeds=0..64 cargo +nightly miri test --test sync_pairs
//! ```

#[path = "common/sync.rs"]
mod common;

use std::alloc::Layout;
use std::hint::spin_loop;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed};
use std::thread;

use common::{Counted, PIECES, Rng, Sent};
use goo_pool_core::{Handle as _, SyncPoolHandle, SyncRawPool};

const LAYOUT: Layout = Layout::new::<[u64; 125]>();
/// About as many chunks a segment has, and with it a hand.
const FEW: usize = 4;

/// What one of the threads does.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// More than the hand has: takes what others freed, and what ended threads left, and grows.
    Allocate,
    AllocateLocal,
    /// All of its own chunks, so that blocks become empty.
    FreeOwn,
    /// The other thread's.
    FreeOthers,
    /// Neighbours of what the other thread may free, in a third thread's block.
    FreeThirds,
    Shrink,
    Stats,
    Reserve,
    Clone,
    /// Its handle; the last one if the other thread does something that needs none.
    DropHandle,
    /// A handle from a live chunk alone; of the successor if the pool has closed.
    Of,
    /// Another thread begins, allocates, frees and ends.
    Another,
    /// The thread ends.
    End,
}

use Step::*;

const STEPS: [Step; 13] = [
    Allocate,
    AllocateLocal,
    FreeOwn,
    FreeOthers,
    FreeThirds,
    Shrink,
    Stats,
    Reserve,
    Clone,
    DropHandle,
    Of,
    Another,
    End,
];

/// Lets two threads go on when both have come. Usable once.
#[derive(Default)]
struct Meeting(AtomicUsize);

impl Meeting {
    fn wait(&self) {
        // ORDERING: Release and Acquire: what each did before, both know afterwards.
        self.0.fetch_add(1, AcqRel);
        while self.0.load(Acquire) < 2 {
            thread::yield_now();
        }
    }
}

/// What one thread has.
struct Side {
    handle: Option<SyncPoolHandle>,
    own: Vec<Sent>,
    others: Vec<Sent>,
    thirds: Vec<Sent>,
}

fn allocate(pool: &SyncRawPool, count: usize) -> Vec<Sent> {
    let chunks: Vec<_> = (0..count).map(|_| Sent(pool.allocate().unwrap())).collect();
    chunks.iter().for_each(|chunk| chunk.stamp(LAYOUT.size()));
    chunks
}

fn free(chunks: &mut Vec<Sent>) {
    for chunk in chunks.drain(..) {
        chunk.check(LAYOUT.size());
        // SAFETY: the chunk is live and nobody else has it.
        unsafe { SyncPoolHandle::deallocate_dyn(chunk.0, LAYOUT) };
    }
}

impl Step {
    fn needs_handle(self) -> bool {
        !matches!(self, FreeOwn | FreeOthers | FreeThirds | Of | End)
    }

    fn act(self, side: &mut Side) {
        match (self, &side.handle) {
            (Allocate, Some(pool)) => side.own.extend(allocate(pool, 2 * FEW)),
            (AllocateLocal, Some(pool)) => {
                let local = pool.local();
                for _ in 0..2 * FEW {
                    let chunk = Sent(local.allocate().unwrap());
                    chunk.stamp(LAYOUT.size());
                    side.own.push(chunk);
                }
            }
            (FreeOwn, _) => free(&mut side.own),
            (FreeOthers, _) => free(&mut side.others),
            (FreeThirds, _) => free(&mut side.thirds),
            (Shrink, Some(pool)) => pool.shrink_to_fit(),
            (Stats, Some(pool)) => {
                let stats = pool.stats();
                assert!(stats.live_chunks <= stats.total_chunks);
                assert!(pool.owns(side.own[0].0.as_ptr()));
            }
            (Reserve, Some(pool)) => {
                pool.reserve(FEW + 1).unwrap();
                side.own.extend(allocate(pool, FEW + 1));
            }
            (Clone, Some(pool)) => drop(pool.clone()),
            (DropHandle, _) => side.handle = None,
            (Of, _) => {
                // SAFETY: the chunk is live, of a pool for `LAYOUT`.
                let pool = unsafe { SyncPoolHandle::of(side.own[0].0, LAYOUT) }.unwrap();
                side.own.extend(allocate(&pool, 1));
            }
            (Another, Some(pool)) => {
                let chunks = thread::scope(|scope| {
                    let work = || {
                        let mut chunks = allocate(pool, FEW);
                        let rest = chunks.split_off(FEW / 2);
                        free(&mut chunks);
                        rest
                    };
                    scope.spawn(work).join().unwrap()
                });
                side.own.extend(chunks);
            }
            (End, _) => {}
            (step, None) => unreachable!("{step:?} needs a handle"),
        }
    }
}

/// Both at once, in a pool with something of everything: two threads' chunks, a third's, and an ended thread's.
fn pair(steps: [Step; 2], rng: &mut Rng) {
    let pool = SyncRawPool::builder(LAYOUT).first_segment(6000).max_segment(6000).parent(Counted);
    let pool = pool.build_sync_handle().unwrap();
    let mut left = thread::scope(|scope| {
        let work = || {
            let mut chunks = allocate(&pool, 2 * FEW);
            let rest = chunks.split_off(FEW + 1);
            free(&mut chunks);
            rest
        };
        scope.spawn(work).join().unwrap()
    });
    let mut thirds = allocate(&pool, FEW);
    let [ready, start] = [Meeting::default(), Meeting::default()];
    let mail: [[AtomicPtr<u8>; FEW]; 2] = Default::default();
    let mut sides: Vec<Side> = thread::scope(|scope| {
        let threads = [0, 1].map(|number| {
            let (handle, thirds) = (pool.clone(), thirds.split_off(thirds.len() - FEW / 2));
            let (ready, start, mail, delay) = (&ready, &start, &mail, rng.below(300));
            scope.spawn(move || {
                let own = allocate(&handle, FEW);
                for (slot, chunk) in mail[number].iter().zip(allocate(&handle, FEW)) {
                    slot.store(chunk.0.as_ptr(), Relaxed);
                }
                let handle = steps[number].needs_handle().then_some(handle);
                ready.wait();
                let others = mail[1 - number].iter().map(|slot| slot.swap(ptr::null_mut(), Relaxed));
                let others = others.map(|chunk| Sent(NonNull::new(chunk).unwrap())).collect();
                let mut side = Side { handle, own, others, thirds };
                start.wait();
                (0..if cfg!(miri) { 0 } else { delay }).for_each(|_| spin_loop());
                steps[number].act(&mut side);
                side
            })
        });
        // Theirs are the last handles.
        drop(pool);
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let close_first = rng.below(2) == 0;
    for side in sides.iter_mut().filter(|_| close_first) {
        side.handle = None;
    }
    for side in &mut sides {
        [&mut side.own, &mut side.others, &mut side.thirds].into_iter().for_each(free);
    }
    free(&mut left);
    for pool in sides.iter().filter_map(|side| side.handle.as_ref()) {
        assert_eq!(pool.len(), 0);
        // SAFETY: the threads are joined.
        unsafe { pool.assert_valid() };
    }
    drop(sides);
    // A local free that was under way when its pool closed is found by the next cold step: here at the latest.
    drop(SyncRawPool::builder(LAYOUT).parent(Counted).build_sync_handle().unwrap());
    assert_eq!(PIECES.load(Relaxed), 0, "memory that did not go back");
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let iterations: u64 = arguments.next().unwrap_or(if cfg!(miri) { 1 } else { 40 });
    let seed: u64 = arguments.next().unwrap_or(1);
    let mut rng = Rng::new(seed);
    for (index, &first) in STEPS.iter().enumerate() {
        for &second in &STEPS[index..] {
            for iteration in 0..iterations {
                let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| pair([first, second], &mut rng)));
                assert!(result.is_ok(), "{first:?} and {second:?}, iteration {iteration} from seed {seed}");
            }
        }
    }
    println!("{iterations} iterations of each pair from seed {seed}: ok");
}
