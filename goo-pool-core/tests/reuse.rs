//! What each order of reuse promises, and no more.

mod common;
#[path = "common/reuse.rs"]
mod reuse;
#[cfg(feature = "std")]
#[path = "common/sync.rs"]
mod sync;

use std::alloc::Layout;
use std::collections::{BTreeMap, BTreeSet};
use std::ptr::NonNull;

use common::scaled;
use goo_pool_core::{RawPool, Reuse};
use proptest::prelude::*;
use reuse::any_reuse;

fn pool(layout: Layout, reuse: Reuse) -> RawPool {
    RawPool::builder(layout).reuse(reuse).build().unwrap()
}

fn fill(pool: &RawPool, count: usize) -> Vec<NonNull<u8>> {
    (0..count).map(|_| pool.allocate().unwrap()).collect()
}

fn free(pool: &RawPool, chunk: NonNull<u8>) {
    // SAFETY: every test here frees live chunks of this pool.
    unsafe { pool.deallocate(chunk) };
}

/// All that is known of a pool's chunks: where they are, and which are live. By block.
struct Known {
    layout: Layout,
    block_size: usize,
    live: BTreeMap<usize, BTreeSet<usize>>,
}

impl Known {
    fn new(pool: &RawPool) -> Self {
        Self { layout: pool.layout(), block_size: pool.geometry().block_size(), live: BTreeMap::new() }
    }

    fn block_of(&self, address: usize) -> usize {
        address & !(self.block_size - 1)
    }

    /// The lowest chunk that is free in a block with live ones. Any address may be asked whether it is a chunk's.
    fn lowest_free(&self, pool: &RawPool, known: NonNull<u8>) -> Option<usize> {
        let stride = self.layout.size().max(1).next_multiple_of(self.layout.align());
        self.live.iter().find_map(|(&block, live)| {
            let some = *live.first()?;
            let start = block + (some - block) % stride;
            (start..block + self.block_size)
                .step_by(stride)
                .find(|&chunk| !live.contains(&chunk) && pool.owns(known.as_ptr().with_addr(chunk)))
        })
    }

    fn add(&mut self, address: usize) {
        let block = self.block_of(address);
        assert!(self.live.entry(block).or_default().insert(address), "handed out twice");
    }

    fn remove(&mut self, address: usize) {
        let block = self.block_of(address);
        let live = self.live.get_mut(&block).unwrap();
        assert!(live.remove(&address));
        if live.is_empty() {
            self.live.remove(&block);
        }
    }
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: u32::try_from(scaled(40, 2)).unwrap(),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_lowest_free_address_of_the_blocks_in_use_comes_first(
        size in prop_oneof![1..100_usize, Just(1500)],
        shift in 0..6_u32,
        steps in prop::collection::vec((any::<bool>(), 1..scaled(80, 20), any::<usize>()), 1..scaled(20, 6)),
    ) {
        let layout = Layout::from_size_align(size, 1 << shift).unwrap();
        let pool = pool(layout, Reuse::LowestAddress);
        let mut known = Known::new(&pool);
        let mut live: Vec<NonNull<u8>> = Vec::new();
        for (allocates, count, start) in steps {
            for step in 0..count {
                if allocates || live.is_empty() {
                    let expected = live.first().and_then(|&some| known.lowest_free(&pool, some));
                    let chunk = pool.allocate().unwrap();
                    if let Some(expected) = expected {
                        prop_assert_eq!(chunk.addr().get(), expected);
                    }
                    known.add(chunk.addr().get());
                    live.push(chunk);
                } else {
                    let chunk = live.swap_remove(start.wrapping_add(step * 7) % live.len());
                    known.remove(chunk.addr().get());
                    free(&pool, chunk);
                }
            }
            pool.assert_valid();
        }
    }
}

#[test]
fn the_lowest_address_is_also_the_lowest_after_a_reset_and_in_an_emptied_block() {
    let pool = pool(Layout::new::<[u64; 8]>(), Reuse::LowestAddress);
    pool.reserve(scaled(5_000, 300)).unwrap();
    let first = fill(&pool, scaled(5_000, 300));
    assert!(first.is_sorted());
    // SAFETY: no chunk is used after this.
    unsafe { pool.reset() };
    let again = fill(&pool, first.len());
    assert_eq!(again, first);
    // All blocks but the last are emptied, in any order; they are used again from the first on.
    for &chunk in again[..again.len() - 1].iter().rev() {
        free(&pool, chunk);
    }
    let last_block = again[again.len() - 1].addr().get() & !(pool.geometry().block_size() - 1);
    let third: Vec<_> = fill(&pool, again.len() - 1);
    let in_others: Vec<_> = third.iter().filter(|chunk| chunk.addr().get() < last_block).collect();
    assert!(in_others.is_sorted());
    assert_eq!(in_others.len(), first.iter().filter(|chunk| chunk.addr().get() < last_block).count());
}

#[test]
fn most_recent_is_the_chunk_freed_first_since_the_last_allocation() {
    let pool = pool(Layout::new::<u64>(), Reuse::MostRecent);
    let chunks = fill(&pool, 10);
    free(&pool, chunks[4]);
    free(&pool, chunks[2]);
    assert_eq!(pool.allocate(), Ok(chunks[4]));
}

#[test]
fn a_random_order_is_not_the_same_twice_nor_a_known_one() {
    let order = || {
        let pool = pool(Layout::new::<u64>(), Reuse::Random);
        pool.reserve(100).unwrap();
        let base = fill(&pool, 64);
        let lowest = base.iter().min().unwrap().addr().get();
        base.iter().map(|chunk| chunk.addr().get() - lowest).collect::<Vec<_>>()
    };
    let (one, other) = (order(), order());
    // Of 64! orders and more, these would be three accidents.
    assert!(one != other && !one.is_sorted() && !other.iter().rev().is_sorted());
}

#[test]
fn a_random_order_uses_a_block_with_room_before_an_empty_one() {
    let pool = pool(Layout::new::<[u64; 8]>(), Reuse::Random);
    let per_block = pool.geometry().chunks_per_block();
    pool.reserve(4 * per_block).unwrap();
    let chunks = fill(&pool, per_block);
    let mask = !(pool.geometry().block_size() - 1);
    let blocks: BTreeSet<_> = chunks.iter().map(|chunk| chunk.addr().get() & mask).collect();
    assert_eq!(blocks.len(), 1);
}

#[test]
fn a_closed_pool_with_another_order_gives_its_memory_back() {
    use goo_pool_core::{Handle as _, PoolHandle};

    let layout = Layout::new::<u64>();
    for reuse in [Reuse::LowestAddress, Reuse::Random] {
        let handle = RawPool::builder(layout).reuse(reuse).build_handle().unwrap();
        let chunks: Vec<_> = (0..100).map(|_| handle.allocate().unwrap()).collect();
        drop(handle);
        // SAFETY: the chunk is live.
        let again = unsafe { PoolHandle::of(chunks[0], layout) }.unwrap();
        again.assert_valid();
        assert_eq!(again.len(), 100);
        drop(again);
        for chunk in chunks {
            // SAFETY: the chunk is live.
            unsafe { PoolHandle::deallocate_dyn(chunk, layout) };
        }
    }
}

proptest! {
    #![proptest_config(config())]

    /// Whatever the order: the same requests for memory, as long as nothing is freed.
    #[test]
    fn no_order_changes_the_capacity(reuse in any_reuse(), size in 0..200_usize, count in 1..scaled(1000, 100)) {
        let layout = Layout::from_size_align(size, 1).unwrap();
        let (this, usual) = (pool(layout, reuse), pool(layout, Reuse::MostRecent));
        fill(&this, count);
        fill(&usual, count);
        let (this, usual) = (this.stats(), usual.stats());
        prop_assert_eq!(this.total_chunks, usual.total_chunks);
        prop_assert_eq!(this.segments, usual.segments);
        prop_assert_eq!(this.bytes_reserved, usual.bytes_reserved);
    }
}

#[cfg(feature = "std")]
mod threads {
    use super::*;
    use goo_pool_core::SyncRawPool;
    use sync::Sent;

    #[test]
    fn each_thread_takes_the_lowest_of_its_own_blocks() {
        let pool = SyncRawPool::builder(Layout::new::<u64>()).reuse(Reuse::LowestAddress).build_sync().unwrap();
        // Nobody ends before all are done: what an ended thread left in its blocks is taken, but stays in blocks of another's.
        let done = std::sync::Barrier::new(3);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let mut mine: Vec<_> = (0..scaled(1000, 100)).map(|_| pool.allocate().unwrap()).collect();
                    let kept = mine.split_off(1);
                    for &chunk in kept.iter().step_by(2).collect::<Vec<_>>().iter().rev() {
                        // SAFETY: live, and this thread's.
                        unsafe { pool.deallocate(*chunk) };
                    }
                    let mut expected: Vec<_> = kept.iter().copied().step_by(2).collect();
                    expected.sort();
                    let again: Vec<_> = expected.iter().map(|_| pool.allocate().unwrap()).collect();
                    done.wait();
                    // Chunks of its blocks that were never used may lie below those that it freed.
                    assert!(again.is_sorted() && again.iter().zip(&expected).all(|(chunk, freed)| chunk <= freed));
                });
            }
        });
    }

    #[test]
    fn what_another_thread_freed_counts_when_the_owner_has_nothing_else() {
        let pool = SyncRawPool::builder(Layout::new::<u64>()).reuse(Reuse::LowestAddress).build_sync().unwrap();
        pool.reserve(100).unwrap();
        let capacity = pool.capacity();
        let chunks: Vec<_> = (0..capacity).map(|_| Sent(pool.allocate().unwrap())).collect();
        let freed = [chunks[50], chunks[20], chunks[70]];
        std::thread::scope(|scope| {
            let pool = &pool;
            scope.spawn(move || {
                for chunk in freed {
                    // SAFETY: live; the other thread forgot it.
                    unsafe { pool.deallocate(chunk.0) };
                }
            });
        });
        let again: Vec<_> = (0..3).map(|_| Sent(pool.allocate().unwrap())).collect();
        assert_eq!(again, [chunks[20], chunks[50], chunks[70]]);
        assert_eq!(pool.capacity(), capacity);
    }
}
