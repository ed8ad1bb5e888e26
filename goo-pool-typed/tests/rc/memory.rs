//! When memory goes back: with the last handle of both sorts.

use std::alloc::Layout;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::common::scaled;
use crate::kind::{Pool, PoolRc, PoolWeak, RcPool};
use goo_pool_typed::{Counted, Global, Parent};

/// A parent that counts its pieces.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<AtomicUsize>);

impl Memory {
    pub(crate) fn pieces(&self) -> usize {
        self.0.load(Relaxed)
    }
}

// SAFETY: all memory comes from `Global`.
unsafe impl Parent for Memory {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        self.0.fetch_add(1, Relaxed);
        Global.allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        self.0.fetch_sub(1, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { Global.deallocate(ptr, layout) };
    }
}

/// A pool with its memory from there.
pub(crate) fn pool_in<T>(memory: &Memory) -> RcPool<T> {
    RcPool::builder().parent(memory.clone()).build().unwrap().into()
}

/// A pool of so many chunks at most.
pub(crate) fn pool_of<T>(limit: usize) -> RcPool<T> {
    RcPool::builder().max_chunks(limit).build().unwrap().into()
}

/// It is empty, and serves its whole limit.
#[track_caller]
pub(crate) fn assert_serves<T>(pool: &RcPool<T>, limit: usize) {
    assert!(pool.is_empty(), "chunks are lost");
    let pool: &Pool<Counted<T>> = pool.as_pool();
    let slots: Vec<_> = (0..limit).map(|_| pool.try_alloc_uninit().expect("a chunk below the limit")).collect();
    assert!(pool.try_alloc_uninit().is_err(), "more chunks than the limit");
    drop(slots);
    assert!(pool.is_empty());
}

#[test]
fn a_chunk_is_free_when_its_last_weak_handle_goes() {
    let pool = pool_of(1);
    let strong = pool.alloc(1);
    let weak = PoolRc::downgrade(&strong);
    let other = weak.clone();
    drop(strong);
    assert_eq!((pool.len(), pool.try_alloc(2).unwrap_err().into_value()), (1, 2));
    drop(weak);
    assert!(pool.try_alloc(3).is_err());
    drop(other);
    assert_eq!(*pool.alloc(4), 4);
}

#[test]
fn a_closed_pool_lives_as_long_as_its_weak_handles() {
    let memory = Memory::default();
    let pool = pool_in(&memory);
    let count = scaled(10_000, 50);
    let strong: Vec<_> = (0..count).map(|n| pool.alloc(n)).collect();
    let mut weak: Vec<_> = strong.iter().map(PoolRc::downgrade).collect();
    drop(strong);
    assert_eq!(pool.len(), count);
    drop(pool);
    let all = memory.pieces();
    assert!(all > 0);
    weak.truncate(1);
    assert!(memory.pieces() <= all);
    let copy = weak[0].clone();
    drop(weak);
    assert!(copy.upgrade().is_none());
    assert!(memory.pieces() > 0, "the counts are there");
    drop(copy);
    assert_eq!(memory.pieces(), 0);
}

#[test]
fn a_closed_pool_gives_a_chunk_to_make_mut() {
    let memory = Memory::default();
    let pool = pool_in(&memory);
    let mut one = pool.alloc(vec![1]);
    drop(pool);
    let other = one.clone();
    PoolRc::make_mut(&mut one).push(2);
    let weak = PoolRc::downgrade(&one);
    PoolRc::make_mut(&mut one).push(3);
    assert_eq!((one.len(), other.len(), weak.upgrade()), (3, 1, None));
    drop((one, other));
    assert!(memory.pieces() > 0);
    drop(weak);
    assert_eq!(memory.pieces(), 0);
}

#[test]
fn a_pool_may_be_found_again_by_a_handle() {
    let memory = Memory::default();
    let pool = pool_in(&memory);
    let one = pool.alloc(1);
    assert!(PoolRc::pool(&one).ptr_eq(&pool));
    drop(pool);
    let pool = PoolRc::pool(&one);
    let two = pool.alloc(2);
    drop(pool);
    assert_eq!(*one + *two, 3);
    drop((one, two));
    assert_eq!(memory.pieces(), 0);
}

#[test]
fn no_memory_is_asked_for_besides_the_chunks() {
    let memory = Memory::default();
    let pool = pool_in(&memory);
    drop(pool.alloc([0; 4]));
    let before = memory.pieces();
    let strong = pool.alloc([0_u64; 4]);
    let handles: Vec<_> = (0..100).map(|_| (strong.clone(), PoolRc::downgrade(&strong))).collect();
    assert!(handles.iter().all(|(_, weak): &(_, PoolWeak<_>)| weak.upgrade().is_some()));
    assert_eq!((memory.pieces(), pool.len()), (before, 1));
}
