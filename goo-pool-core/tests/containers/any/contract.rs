//! The contract of `Allocator`, asked of every way into every pool, by hand and with random operations.

use std::alloc::Layout;
use std::ptr::NonNull;

use goo_pool_core::{ClassPool, ClassPoolHandle, RawPool, SyncClassPool, SyncClassPoolHandle, SyncRawPool};

use super::api::alloc::Allocator;
use crate::common::scaled;
use crate::sync::Rng;

/// A chunk that has room for most requests here.
const LARGEST: Layout = match Layout::from_size_align(1024, 64) {
    Ok(layout) => layout,
    Err(_) => panic!(),
};

/// Memory that a test has, each byte of `layout` written with a pattern of its own.
struct Piece {
    memory: NonNull<u8>,
    layout: Layout,
    /// As long as the allocator said it is.
    given: usize,
    seed: u8,
}

impl Piece {
    fn new(memory: NonNull<[u8]>, layout: Layout, seed: u8) -> Self {
        assert!(memory.len() >= layout.size(), "{} bytes for {layout:?}", memory.len());
        assert_eq!(memory.cast::<u8>().addr().get() % layout.align(), 0, "{layout:?}");
        let piece = Self { memory: memory.cast(), layout, given: memory.len(), seed };
        for at in 0..layout.size() {
            // SAFETY: within the piece, which is ours.
            unsafe { piece.place(at).write(piece.pattern(at)) };
        }
        piece
    }

    fn pattern(&self, at: usize) -> u8 {
        self.seed.wrapping_add(at as u8)
    }

    fn byte(&self, at: usize) -> u8 {
        // SAFETY: within the piece, written by `new` or zeroed by the allocator.
        unsafe { self.place(at).read() }
    }

    fn place(&self, at: usize) -> NonNull<u8> {
        assert!(at < self.given);
        // SAFETY: within the piece.
        unsafe { self.memory.byte_add(at) }
    }

    /// Fails if another piece, or the allocator, wrote into the first `len` bytes.
    fn check(&self, len: usize) {
        for at in 0..len {
            assert_eq!(self.byte(at), self.pattern(at), "byte {at} of {:?}", self.layout);
        }
    }

    /// A size by which it may be given back: anything between what was asked for and what was given.
    fn fitting(&self, rng: &mut Rng) -> Layout {
        let size = self.layout.size() + rng.below(self.given - self.layout.size() + 1);
        Layout::from_size_align(size, self.layout.align()).unwrap()
    }
}

fn random_layout(rng: &mut Rng, largest: Layout) -> Layout {
    let size = match rng.below(16) {
        0 => 0,
        1..=11 => rng.below(100),
        12..=14 => rng.below(LARGEST.size() + 1),
        _ => rng.below(largest.size() + 1),
    };
    let aligns = largest.align().ilog2() as usize + 1;
    Layout::from_size_align(size, 1 << rng.below(aligns)).unwrap()
}

/// Random requests, all of which fit into `largest`. Everything is given back in the end.
fn random_requests(pool: impl Allocator, largest: Layout, seed: u64) {
    let mut rng = Rng::new(seed);
    let mut pieces: Vec<Piece> = Vec::new();
    for step in 0..scaled(2000, 150) {
        let seed = step as u8;
        let any = if pieces.is_empty() { 0 } else { rng.below(pieces.len()) };
        match rng.below(8) {
            0 | 1 => {
                let layout = random_layout(&mut rng, largest);
                pieces.push(Piece::new(pool.allocate(layout).unwrap(), layout, seed));
            }
            2 => {
                let layout = random_layout(&mut rng, largest);
                let memory = pool.allocate_zeroed(layout).unwrap();
                // SAFETY: zeroed in its whole length.
                assert!(unsafe { memory.as_ref() }.iter().all(|&byte| byte == 0));
                pieces.push(Piece::new(memory, layout, seed));
            }
            3..=5 if !pieces.is_empty() => {
                let piece = pieces.swap_remove(any);
                piece.check(piece.layout.size());
                let old = piece.fitting(&mut rng);
                let new = random_layout(&mut rng, largest);
                let kept = old.size().min(new.size()).min(piece.layout.size());
                let memory = if new.size() < old.size() {
                    // SAFETY: the piece is ours, and `old` fits it.
                    unsafe { pool.shrink(piece.memory, old, new) }
                } else if rng.below(2) == 0 {
                    // SAFETY: the same.
                    unsafe { pool.grow(piece.memory, old, new) }
                } else {
                    // SAFETY: the same.
                    let memory = unsafe { pool.grow_zeroed(piece.memory, old, new) };
                    let grown = Piece { memory: memory.unwrap().cast(), given: memory.unwrap().len(), ..piece };
                    assert!((old.size()..new.size()).all(|at| grown.byte(at) == 0));
                    memory
                }
                .unwrap();
                Piece { memory: memory.cast(), given: memory.len(), ..piece }.check(kept);
                pieces.push(Piece::new(memory, new, seed));
            }
            6 | 7 if !pieces.is_empty() => {
                let piece = pieces.swap_remove(any);
                piece.check(piece.layout.size());
                let layout = piece.fitting(&mut rng);
                // SAFETY: the piece is ours and not used any more, and `layout` fits it.
                unsafe { pool.deallocate(piece.memory, layout) };
            }
            _ => {}
        }
    }
    for piece in pieces {
        piece.check(piece.layout.size());
        // SAFETY: as above.
        unsafe { pool.deallocate(piece.memory, piece.layout) };
    }
}

#[test]
fn random_requests_to_pools_of_one_layout_keep_the_contract() {
    let pool = RawPool::new(LARGEST).unwrap();
    random_requests(&pool, LARGEST, 1);
    pool.assert_valid();
    assert!(pool.is_empty());
    let handle = RawPool::builder(LARGEST).build_handle().unwrap();
    random_requests(handle.clone(), LARGEST, 2);
    assert!(handle.is_empty());
    let pool = SyncRawPool::new(LARGEST).unwrap();
    random_requests(&pool, LARGEST, 3);
    assert!(pool.is_empty());
    let handle = SyncRawPool::builder(LARGEST).build_sync_handle().unwrap();
    random_requests(handle.clone(), LARGEST, 4);
    assert!(handle.is_empty());
}

/// With requests larger than any class, which go to the parent.
#[test]
fn random_requests_to_pools_of_many_sizes_keep_the_contract() {
    let largest = Layout::from_size_align(scaled(100_000, 40_000), 1 << 16).unwrap();
    let pool = ClassPool::new();
    random_requests(&pool, largest, 1);
    pool.assert_valid();
    assert_eq!(pool.stats().live_chunks, 0);
    let handle = ClassPoolHandle::from(ClassPool::new());
    random_requests(handle.clone(), largest, 2);
    assert_eq!(handle.stats().live_chunks, 0);
    let pool = SyncClassPool::new();
    random_requests(&pool, largest, 3);
    assert_eq!(pool.stats().live_chunks, 0);
    let handle = SyncClassPoolHandle::default();
    random_requests(handle.clone(), largest, 4);
    assert_eq!(handle.stats().live_chunks, 0);
}

/// Anything can be asked for through `dyn`, and through a reference to a handle.
#[test]
fn an_allocator_can_be_a_trait_object() {
    let pool = RawPool::new(LARGEST).unwrap();
    let alloc: &dyn Allocator = &&pool;
    random_requests(alloc, LARGEST, 5);
    let handle = ClassPoolHandle::default();
    random_requests(&handle, LARGEST, 6);
}

#[test]
fn growing_and_shrinking_within_a_class_moves_nothing() {
    let pool = ClassPool::new();
    let alloc: &dyn Allocator = &&pool;
    let bytes = |size| Layout::array::<u8>(size).unwrap();
    let first = alloc.allocate(bytes(100)).unwrap();
    assert_eq!(first.len(), 112);
    // SAFETY: ours, and the layout fits; so below.
    let grown = unsafe { alloc.grow(first.cast(), bytes(100), bytes(112)) }.unwrap();
    // SAFETY: as above.
    let shrunk = unsafe { alloc.shrink(grown.cast(), bytes(112), bytes(97)) }.unwrap();
    assert_eq!((first, first), (grown, shrunk));
    // SAFETY: as above.
    let moved = unsafe { alloc.shrink(shrunk.cast(), bytes(97), bytes(96)) }.unwrap();
    assert!(moved.cast::<u8>() != first.cast() && moved.len() == 96);
    assert_eq!(pool.stats().live_chunks, 1);
    // SAFETY: as above.
    unsafe { alloc.deallocate(moved.cast(), bytes(96)) };
    assert_eq!(pool.stats().live_chunks, 0);
}

#[test]
fn a_chunk_serves_what_fits_and_nothing_else() {
    let chunk = Layout::from_size_align(48, 16).unwrap();
    let pool = RawPool::new(chunk).unwrap();
    let alloc: &dyn Allocator = &&pool;
    let fits = |size, align| {
        let layout = Layout::from_size_align(size, align).unwrap();
        let memory = alloc.allocate(layout);
        if let Ok(memory) = memory {
            assert_eq!(memory.len(), if size == 0 { 0 } else { 48 });
            // SAFETY: just given, with this layout.
            unsafe { alloc.deallocate(memory.cast(), layout) };
        }
        memory.is_ok()
    };
    assert!(fits(48, 16));
    assert!(fits(1, 1));
    assert!(!fits(49, 16));
    assert!(!fits(48, 32));
    // Nothing is aligned to anything, and takes no chunk.
    assert!(fits(0, 4096));
    assert_eq!(pool.capacity(), pool.stats().free_chunks);
}

#[test]
fn growing_and_shrinking_within_a_chunk_moves_nothing() {
    let pool = SyncRawPool::new(Layout::new::<[u64; 8]>()).unwrap();
    let alloc: &dyn Allocator = &&pool;
    let bytes = |size| Layout::from_size_align(size, 8).unwrap();
    let first = alloc.allocate(bytes(1)).unwrap().cast();
    // SAFETY: ours, and the layout fits; so below.
    let grown = unsafe { alloc.grow(first, bytes(1), bytes(64)) }.unwrap().cast();
    assert_eq!(first, grown);
    // SAFETY: as above.
    unsafe { alloc.grow(grown, bytes(64), bytes(65)) }.unwrap_err();
    // SAFETY: as above; it failed, so the chunk is still ours.
    let shrunk = unsafe { alloc.shrink(grown, bytes(64), bytes(3)) }.unwrap().cast();
    assert_eq!(first, shrunk);
    assert_eq!(pool.len(), 1);
    // SAFETY: as above.
    let nothing = unsafe { alloc.shrink(shrunk, bytes(3), bytes(0)) }.unwrap();
    assert_eq!((nothing.len(), pool.len()), (0, 0));
    // SAFETY: as above.
    let again = unsafe { alloc.grow_zeroed(nothing.cast(), bytes(0), bytes(10)) }.unwrap();
    assert_eq!(pool.len(), 1);
    // SAFETY: zeroed in its whole length.
    assert!(unsafe { again.as_ref() }.iter().all(|&byte| byte == 0));
    // SAFETY: as above.
    unsafe { alloc.deallocate(again.cast(), bytes(10)) };
    assert!(pool.is_empty());
}

/// A pool's limit holds for containers too.
#[test]
fn a_full_pool_is_an_error_and_no_more() {
    let pool = RawPool::builder(Layout::new::<u64>()).max_chunks(2).build().unwrap();
    let alloc: &dyn Allocator = &&pool;
    let layout = Layout::new::<u64>();
    let first = alloc.allocate(layout).unwrap();
    alloc.allocate(layout).unwrap();
    assert!(alloc.allocate(layout).is_err());
    // SAFETY: ours.
    unsafe { alloc.deallocate(first.cast(), layout) };
    assert!(alloc.allocate_zeroed(layout).is_ok());
}
