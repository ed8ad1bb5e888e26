//! Threads that allocate, exchange chunks through a table, free what others allocated, end and start again, while
//! their pools close under them. Plain atomics and spawn/join, no test harness, so that ThreadSanitizer, which does not
//! know the standard library's own synchronisation unless that is built anew, sees all there is:
//!
//! ```text
//! cargo test --release --test sync_stress                   (arguments: rounds, first seed)
//! RUSTFLAGS=-Zsanitizer=address cargo +nightly test --target x86_64-unknown-linux-gnu --test sync_stress
//! RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer --cfg goo_tsan" TSAN_OPTIONS=suppressions=goo-pool-core/tests/tsan.txt \
//!     cargo +nightly test --target x86_64-unknown-linux-gnu --test sync_stress
//! ```

#[path = "common/sync.rs"]
mod common;

use std::alloc::Layout;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering::AcqRel, Ordering::Relaxed};
use std::thread;

use common::{Counted, PIECES, Rng, Sent};
use goo_pool_core::{Handle as _, SyncPoolHandle, SyncRawPool};

/// Chunks that wait for whoever comes by.
struct Table(Vec<AtomicPtr<u8>>);

impl Table {
    fn new(slots: usize) -> Self {
        Self((0..slots).map(|_| AtomicPtr::new(ptr::null_mut())).collect())
    }

    /// Leaves a chunk, or nothing, and takes what is there.
    fn exchange(&self, slot: usize, chunk: Option<Sent>) -> Option<Sent> {
        let new = chunk.map_or(ptr::null_mut(), |Sent(chunk)| chunk.as_ptr());
        // ORDERING: Release and Acquire: the chunk's bytes go with it.
        NonNull::new(self.0[slot].swap(new, AcqRel)).map(Sent)
    }
}

fn free(layout: Layout, chunk: Sent) {
    chunk.check(layout.size());
    // SAFETY: the chunk is live and nobody else has it.
    unsafe { SyncPoolHandle::deallocate_dyn(chunk.0, layout) };
}

/// What one thread does with one pool; its handle goes somewhere in the middle.
fn work(pool: SyncPoolHandle, table: &Table, layout: Layout, seed: u64, steps: usize) {
    let mut rng = Rng::new(seed);
    let mut pool = Some(pool);
    let mut live: Vec<Sent> = Vec::new();
    let close_at = rng.below(steps * 2);
    for step in 0..steps {
        if step == close_at {
            pool = None;
        }
        match (rng.below(16), &pool) {
            (0..6, Some(pool)) => {
                let chunk = Sent(pool.allocate().unwrap());
                chunk.stamp(layout.size());
                live.push(chunk);
            }
            (6, Some(pool)) => {
                let local = pool.local();
                for _ in 0..rng.below(90) {
                    let chunk = Sent(local.allocate().unwrap());
                    chunk.stamp(layout.size());
                    live.push(chunk);
                }
            }
            (7..10, _) if !live.is_empty() => free(layout, live.swap_remove(rng.below(live.len()))),
            (10..14, _) => {
                let chunk = if live.is_empty() { None } else { Some(live.swap_remove(rng.below(live.len()))) };
                if let Some(other) = table.exchange(rng.below(table.0.len()), chunk) {
                    if rng.below(2) == 0 { free(layout, other) } else { live.push(other) }
                }
            }
            (14, Some(pool)) if rng.below(40) == 0 => {
                let stats = pool.stats();
                assert!(stats.live_chunks <= stats.total_chunks);
                pool.shrink_to_fit();
            }
            (15, _) if rng.below(20) == 0 => {
                let keep = rng.below(live.len() + 1);
                live.drain(keep..).for_each(|chunk| free(layout, chunk));
            }
            (15, None) if !live.is_empty() && rng.below(30) == 0 => {
                // SAFETY: the chunk is live, of a pool for this layout.
                pool = Some(unsafe { SyncPoolHandle::of(live[0].0, layout) }.unwrap());
            }
            _ => {}
        }
    }
    drop(pool);
    // The rest is freed by whoever empties the table, or here.
    for chunk in live {
        if let Some(other) = table.exchange(rng.below(table.0.len()), Some(chunk)) {
            free(layout, other);
        }
    }
}

fn round(seed: u64) {
    let mut rng = Rng::new(seed);
    let size = [16, 24, 64, 200, 3000][rng.below(5)];
    let layout = Layout::from_size_align(size, 8).unwrap();
    let table = Table::new([1, 8, 100, 1000][rng.below(4)]);
    let pool = SyncRawPool::builder(layout)
        .first_segment([2000, 3000, 20_000][rng.below(3)])
        .max_segment([2000, 100_000, 1 << 20][rng.below(3)])
        .parent(Counted)
        .build_sync_handle()
        .unwrap();
    let steps = if cfg!(miri) { 60 } else { [100, 1000, 5000][rng.below(3)] };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..2 + rng.below(5) as u64)
            .map(|number| {
                let (pool, table) = (pool.clone(), &table);
                scope.spawn(move || {
                    let seed = seed * 100 + number;
                    // A second thread in the middle, which gets an ended one's index.
                    let own = pool.clone();
                    thread::scope(|inner| {
                        inner.spawn(|| work(own, table, layout, seed + 50, steps / 4)).join().unwrap();
                    });
                    work(pool, table, layout, seed, steps);
                })
            })
            .collect();
        drop(pool);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
    for slot in 0..table.0.len() {
        table.exchange(slot, None).into_iter().for_each(|chunk| free(layout, chunk));
    }
    // A local free that was under way when its pool closed is found by the next cold step: here at the latest, because
    // all threads are joined.
    drop(SyncRawPool::builder(layout).parent(Counted).build_sync_handle().unwrap());
    assert_eq!(PIECES.load(Relaxed), 0, "seed {seed}: memory that did not go back");
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let rounds: u64 = arguments.next().unwrap_or(if cfg!(miri) { 2 } else { 60 });
    let first: u64 = arguments.next().unwrap_or(1);
    for seed in first..first + rounds {
        round(seed);
    }
    println!("{rounds} rounds from seed {first}: ok");
}
