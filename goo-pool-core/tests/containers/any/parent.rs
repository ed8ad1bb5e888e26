//! Any allocator as the parent of a pool.

use std::alloc::Layout;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::rc::Rc;

use goo_pool_core::{ClassPool, RawPool, SyncClassPoolHandle, SyncRawPool};

use super::api::alloc::{AllocError, Allocator, Global};
use super::ours::AllocatorParent;

/// An allocator that counts, and fails or panics when told.
#[derive(Clone, Default)]
struct Counting(Rc<Counts>);

#[derive(Default)]
struct Counts {
    pieces: Cell<usize>,
    dropped: Cell<bool>,
    fails: Cell<bool>,
    panics: Cell<bool>,
    /// Calls of what has a default.
    special: Cell<usize>,
}

impl Counts {
    fn special(&self) {
        self.special.set(self.special.get() + 1);
    }
}

// SAFETY: all memory comes from `Global`.
unsafe impl Allocator for Counting {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        assert!(!self.0.panics.get(), "told to panic");
        if self.0.fails.get() {
            return Err(AllocError);
        }
        self.0.pieces.set(self.0.pieces.get() + 1);
        Global.allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        assert!(!self.0.dropped.get());
        self.0.pieces.set(self.0.pieces.get() - 1);
        // SAFETY: from `Global`, with this layout.
        unsafe { Global.deallocate(ptr, layout) };
    }

    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.0.special();
        self.0.pieces.set(self.0.pieces.get() + 1);
        Global.allocate_zeroed(layout)
    }

    unsafe fn grow(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.0.special();
        // SAFETY: from `Global`, with this layout.
        unsafe { Global.grow(ptr, old, new) }
    }

    unsafe fn shrink(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.0.special();
        // SAFETY: the same.
        unsafe { Global.shrink(ptr, old, new) }
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        // The counts are held here and by the test.
        self.0.dropped.set(Rc::strong_count(&self.0) == 2);
    }
}

#[test]
fn a_pool_takes_all_from_its_allocator_and_gives_all_back_before_it_drops_it() {
    let allocator = Counting::default();
    let counts = allocator.0.clone();
    let pool = RawPool::builder(Layout::new::<[u64; 4]>()).parent(AllocatorParent(allocator)).build_handle().unwrap();
    let chunks: Vec<NonNull<u8>> = (0..1000).map(|_| RawPool::allocate(&pool).unwrap()).collect();
    assert!(counts.pieces.get() > 1);
    for chunk in chunks {
        // SAFETY: ours.
        unsafe { RawPool::deallocate(&pool, chunk) };
    }
    assert!(!counts.dropped.get());
    drop(pool);
    assert_eq!((counts.pieces.get(), counts.dropped.get()), (0, true));
}

#[test]
fn an_allocator_that_fails_or_panics_leaves_the_pool_whole() {
    let allocator = Counting::default();
    let counts = allocator.0.clone();
    let pool = RawPool::builder(Layout::new::<u64>()).parent(AllocatorParent(allocator.clone())).build().unwrap();
    counts.fails.set(true);
    assert!(pool.allocate().is_err());
    counts.fails.set(false);
    counts.panics.set(true);
    assert!(catch_unwind(AssertUnwindSafe(|| pool.allocate())).is_err());
    counts.panics.set(false);
    assert!(pool.allocate().is_ok());
    pool.assert_valid();
    drop(pool);
    assert_eq!(counts.pieces.get(), 0);
}

/// What an allocator can do better than allocate, copy and free, it is asked to do.
#[test]
fn large_memory_is_zeroed_and_resized_by_the_allocator_itself() {
    let allocator = Counting::default();
    let counts = allocator.0.clone();
    let pool = ClassPool::builder().parent(AllocatorParent(allocator)).build().unwrap();
    let bytes = |size| Layout::array::<u8>(size).unwrap();
    let zeros = pool.allocate_zeroed(bytes(50_000)).unwrap();
    // SAFETY: zeroed in its whole length.
    assert!(unsafe { zeros.as_ref() }.iter().all(|&byte| byte == 0));
    assert_eq!(counts.special.get(), 1);
    // SAFETY: ours, with this layout; so below.
    let grown = unsafe { pool.grow_zeroed(zeros.cast(), bytes(50_000), bytes(90_000)) }.unwrap();
    // SAFETY: zeroed in its whole length.
    assert!(unsafe { grown.as_ref() }.iter().all(|&byte| byte == 0));
    // SAFETY: as above.
    let shrunk = unsafe { pool.shrink(grown.cast(), bytes(90_000), bytes(40_000)) }.unwrap();
    assert_eq!((counts.special.get(), shrunk.len()), (3, 40_000));
    // SAFETY: as above.
    unsafe { pool.deallocate(shrunk.cast(), bytes(40_000)) };
    drop(pool);
    assert_eq!(counts.pieces.get(), 0);
}

/// Both ways at once: a pool in a chunk of a pool.
#[test]
fn a_pools_memory_comes_from_another_pool_by_its_adapter() {
    let outer = RawPool::new(Layout::from_size_align(1 << 16, 1 << 16).unwrap()).unwrap();
    let leaked = Box::into_raw(Box::new(outer));
    // SAFETY: it is there until the end of this test.
    let outer: &'static RawPool = unsafe { &*leaked };
    let inner =
        RawPool::builder(Layout::new::<u64>()).max_segment(1 << 15).parent(AllocatorParent(outer)).build().unwrap();
    for _ in 0..10_000 {
        inner.allocate().unwrap();
    }
    assert!(outer.len() > 2);
    drop(inner);
    assert!(outer.is_empty());
    // SAFETY: leaked above, and nobody has it any more.
    drop(unsafe { Box::from_raw(leaked) });
}

#[test]
fn a_thread_safe_pool_lies_in_another_by_its_handle() {
    let outer = SyncRawPool::builder(Layout::from_size_align(1 << 16, 1 << 16).unwrap()).build_sync_handle().unwrap();
    let inner = SyncRawPool::builder(Layout::new::<u64>())
        .max_segment(1 << 15)
        .parent(AllocatorParent(outer.clone()))
        .build_sync()
        .unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..1000).for_each(|_| assert!(inner.allocate().is_ok())));
        }
    });
    assert_ne!(outer.len(), 0);
    drop(inner);
    assert!(outer.is_empty());
}

#[test]
fn a_pool_of_many_sizes_is_any_pools_parent() {
    let outer = SyncClassPoolHandle::default();
    let inner = SyncRawPool::builder(Layout::new::<u64>()).parent(AllocatorParent(outer.clone())).build_sync().unwrap();
    (0..10_000).for_each(|_| assert!(inner.allocate().is_ok()));
    let classes = ClassPool::builder().parent(AllocatorParent(outer.clone())).build().unwrap();
    assert!(classes.allocate(Layout::new::<[u8; 100]>()).is_ok());
    assert_ne!(outer.stats().live_chunks, 0);
    drop((inner, classes));
    assert_eq!(outer.stats().live_chunks, 0);
}
