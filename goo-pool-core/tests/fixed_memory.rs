//! A fixed piece of memory as a parent: exact, whatever the order; and pools that live on it.

mod common;

use std::alloc::Layout;
use std::ptr::NonNull;
#[cfg(feature = "std")]
use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Mutex,
    thread,
};

use common::{Static, StaticParent, scaled};
#[cfg(feature = "std")]
use goo_pool_core::SyncRawPool;
use goo_pool_core::{AllocError, BuildError, FixedMemory, Geometry, Parent, RawPool};
use proptest::prelude::*;

/// What the memory rounds to.
const GRAIN: usize = 2 * size_of::<usize>();

/// One step; indices are taken modulo the number of live pieces.
#[derive(Debug, Clone)]
enum Op {
    Allocate { size: usize, shift: u32 },
    Free(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (1..1200_usize, 0..10_u32).prop_map(|(size, shift)| Op::Allocate { size, shift }),
        2 => any::<usize>().prop_map(Op::Free),
    ]
}

/// The memory, and what it should have given.
struct Model {
    memory: FixedMemory,
    /// What is of use: whole grains.
    start: usize,
    end: usize,
    /// In address order.
    live: Vec<(NonNull<u8>, Layout, u8)>,
    stamp: u8,
}

impl Model {
    /// Starts and ends of what is free.
    fn gaps(&self) -> Vec<(usize, usize)> {
        let mut from = self.start;
        let mut gaps = Vec::new();
        for &(ptr, layout, _) in &self.live {
            gaps.push((from, ptr.addr().get()));
            from = ptr.addr().get() + FixedMemory::bytes_for(layout);
        }
        gaps.push((from, self.end));
        gaps
    }

    fn allocate(&mut self, layout: Layout) {
        let bytes = FixedMemory::bytes_for(layout);
        let fits = |&(start, end): &(usize, usize)| start.next_multiple_of(layout.align().max(GRAIN)) + bytes <= end;
        let room = self.gaps().iter().any(fits);
        let Some(piece) = self.memory.allocate(layout) else {
            assert!(!room, "refused {layout:?} with room for it");
            return;
        };
        assert_eq!(piece.addr().get() % layout.align(), 0);
        let (from, to) = (piece.addr().get(), piece.addr().get() + bytes);
        assert!(self.gaps().iter().any(|&(start, end)| start <= from && to <= end), "not from what is free");
        self.stamp = self.stamp.wrapping_add(1);
        // SAFETY: the piece is ours and has the layout's size.
        unsafe { piece.write_bytes(self.stamp, layout.size()) };
        let at = self.live.partition_point(|&(other, ..)| other < piece);
        self.live.insert(at, (piece, layout, self.stamp));
    }

    fn free(&mut self, index: usize) {
        if self.live.is_empty() {
            return;
        }
        let (piece, layout, stamp) = self.live.remove(index % self.live.len());
        // SAFETY: the piece is ours, and written from end to end.
        let bytes = unsafe { std::slice::from_raw_parts(piece.as_ptr(), layout.size()) };
        assert!(bytes.iter().all(|&byte| byte == stamp), "somebody else wrote into the piece");
        // SAFETY: it came from there with this layout, and the model forgot it.
        unsafe { self.memory.deallocate(piece, layout) };
    }

    fn check(&self) {
        let taken: usize = self.live.iter().map(|&(_, layout, _)| FixedMemory::bytes_for(layout)).sum();
        assert_eq!(self.memory.free_bytes(), self.end - self.start - taken);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: u32::try_from(scaled(300, 4)).unwrap(),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_request_is_refused_only_where_no_free_piece_has_room(
        offset in 0..200_usize,
        bytes in 0..6000_usize,
        ops in prop::collection::vec(op(), 1..scaled(150, 30)),
    ) {
        let owner = Static::new(offset + bytes, 64);
        let memory = owner.from(offset);
        let start = memory.as_ptr().addr();
        let (start, end) = (start.next_multiple_of(GRAIN), (start + memory.len()) / GRAIN * GRAIN);
        let memory = FixedMemory::new(memory);
        let mut model = Model { memory, start, end: end.max(start), live: Vec::new(), stamp: 0 };
        for op in &ops {
            match *op {
                Op::Allocate { size, shift } => model.allocate(Layout::from_size_align(size, 1 << shift).unwrap()),
                Op::Free(index) => model.free(index),
            }
            model.check();
        }
        while !model.live.is_empty() {
            model.free(model.live.len() / 2);
            model.check();
        }
        // All neighbours were joined: the whole is one piece again.
        if model.end > model.start {
            let whole = Layout::from_size_align(model.end - model.start, GRAIN).unwrap();
            prop_assert_eq!(model.memory.allocate(whole).map(|piece| piece.addr().get()), Some(model.start));
        }
    }
}

fn exact(geometry: &Geometry, chunks: usize) -> usize {
    FixedMemory::bytes_for(geometry.segment_layout(chunks).unwrap())
        + FixedMemory::bytes_for(RawPool::record_layout::<FixedMemory>())
}

#[test]
fn the_sum_of_record_and_segment_is_enough_and_less_is_not() {
    for (size, align, chunks) in [(4, 4, 8), (8, 8, 8), (32, 4, 24), (48, 16, 100), (64, 64, 10), (200, 8, 7)] {
        let layout = Layout::from_size_align(size, align).unwrap();
        let geometry = Geometry::with_chunks_per_block(layout, chunks).unwrap();
        let bytes = exact(&geometry, chunks);
        let build = |bytes| {
            let owner = Static::new(bytes, geometry.block_size());
            let builder = RawPool::builder_in(layout, owner.parent());
            (builder.chunks_per_block(chunks).capacity(chunks).max_chunks(chunks).build(), owner)
        };
        let (pool, _owner) = build(bytes);
        let pool = pool.unwrap();
        assert_eq!((pool.geometry(), pool.capacity()), (geometry, chunks));
        for _ in 0..chunks {
            pool.allocate().unwrap();
        }
        assert_eq!(pool.allocate(), Err(AllocError::LimitReached { max_chunks: chunks }));
        let (refused, _owner) = build(bytes - GRAIN);
        assert!(matches!(refused, Err(BuildError::Alloc(AllocError::OutOfMemory { .. }))), "{layout:?}");
    }
}

/// What NOTES.md says a small target needs; on machines of 64 bits.
#[test]
#[cfg(target_pointer_width = "64")]
fn the_notes_name_the_bytes_that_a_small_pool_needs() {
    let notes = include_str!("../NOTES.md");
    let record = RawPool::record_layout::<FixedMemory>().size();
    let mut missing = Vec::from([format!("the pool's record: {record} bytes")]);
    for (size, align, chunks) in [(8, 8, 8), (16, 8, 32), (32, 4, 24), (32, 4, 100), (64, 4, 100), (256, 4, 16)] {
        let layout = Layout::from_size_align(size, align).unwrap();
        let geometry = Geometry::with_chunks_per_block(layout, chunks).unwrap();
        let segment = geometry.segment_layout(chunks).unwrap().size();
        missing.push(format!(
            "| {chunks} x {size} | {} | {segment} | {} | {} |",
            geometry.block_size(),
            exact(&geometry, chunks),
            exact(&geometry, chunks) - chunks * size,
        ));
    }
    missing.retain(|row| !notes.contains(row));
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn memory_too_small_for_a_record_is_an_error() {
    for bytes in [0, 1, 15, 16, 100] {
        let owner = Static::new(bytes, 16);
        let built = RawPool::builder_in(Layout::new::<u64>(), FixedMemory::new(&mut owner.from(0)[..bytes])).build();
        assert!(matches!(built, Err(BuildError::Alloc(AllocError::OutOfMemory { .. }))));
    }
}

#[test]
fn a_pool_at_the_end_of_its_memory_goes_on_with_what_is_freed() {
    let owner = Static::new(20 * 1024, 8);
    let memory = owner.parent();
    let pool = RawPool::builder_in(Layout::new::<[u8; 40]>(), memory).chunks_per_block(20).first_segment(1024);
    let pool = pool.max_segment(2048).build().unwrap();
    let mut chunks: Vec<_> = std::iter::from_fn(|| pool.allocate().ok()).collect();
    assert!(chunks.len() * 40 > 14 * 1024, "only {} chunks in 20 KiB", chunks.len());
    assert!(matches!(pool.allocate(), Err(AllocError::OutOfMemory { .. })));
    for _ in 0..3 {
        let live = chunks.len();
        for chunk in chunks.drain(..) {
            // SAFETY: the chunk is live.
            unsafe { pool.deallocate(chunk) };
        }
        pool.shrink_to_fit();
        pool.assert_valid();
        chunks.extend(std::iter::from_fn(|| pool.allocate().ok()));
        assert_eq!(chunks.len(), live, "what came back serves again");
    }
}

#[test]
fn pools_share_one_memory_and_give_all_of_it_back_in_any_order() {
    let owner = StaticParent::new(64 * 1024, 16);
    let memory = owner.get();
    let all = memory.free_bytes();
    assert_eq!(memory.total_bytes(), 64 * 1024);
    for round in 0..6 {
        let pool = |size: usize, hint| {
            let layout = Layout::from_size_align(size, 8).unwrap();
            RawPool::builder_in(layout, memory).chunks_per_block(hint).first_segment(300).build().unwrap()
        };
        let mut pools = [pool(8, 10), pool(100, 5), pool(24, 60)];
        for step in 0..scaled(300, 60) {
            let pool = &pools[step % 3];
            if let Ok(chunk) = pool.allocate() {
                // SAFETY: the chunk is ours.
                unsafe { chunk.write_bytes(0xff, pool.layout().size()) };
                if step % 4 == 0 {
                    // SAFETY: it is live.
                    unsafe { pool.deallocate(chunk) };
                }
            }
        }
        assert!(memory.free_bytes() < all);
        pools.iter().for_each(RawPool::assert_valid);
        pools.rotate_left(round % 3);
        drop(pools);
        assert_eq!(memory.free_bytes(), all);
    }
}

#[test]
fn a_segment_that_came_back_serves_a_pool_with_other_blocks() {
    let owner = StaticParent::new(12 * 1024, 4096);
    let memory = owner.get();
    let fill = |size: usize, hint: usize| {
        let layout = Layout::from_size_align(size, 1).unwrap();
        let block = Geometry::with_chunks_per_block(layout, hint).unwrap().block_size();
        let pool = RawPool::builder_in(layout, memory).chunks_per_block(hint).first_segment(block).max_segment(block);
        let pool = pool.build().unwrap();
        let count = std::iter::from_fn(|| pool.allocate().ok()).count();
        pool.assert_valid();
        count * size
    };
    for _ in 0..3 {
        assert!(fill(30, 100) > 6 * 1024);
        assert!(fill(7, 20) > 6 * 1024);
        assert!(fill(1000, 3) > 6 * 1024);
    }
}

#[cfg(feature = "std")]
#[test]
fn a_thread_safe_pool_lives_on_fixed_memory_behind_a_lock() {
    let owner = Static::new(128 * 1024, 4096);
    let memory: &'static Mutex<FixedMemory> = Box::leak(Box::new(Mutex::new(owner.parent())));
    let all = memory.lock().unwrap().free_bytes();
    let pool = SyncRawPool::builder(Layout::new::<[u64; 3]>()).chunks_per_block(40).first_segment(3000).parent(memory);
    let pool = pool.build_sync().unwrap();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for round in 0..scaled(200, 5) {
                    let chunks: Vec<_> = (0..round % 50).map_while(|_| pool.allocate().ok()).collect();
                    for chunk in chunks {
                        // SAFETY: the chunk is live.
                        unsafe { pool.deallocate(chunk) };
                    }
                }
            });
        }
    });
    assert_eq!(pool.len(), 0);
    // SAFETY: no other thread uses the pool now.
    unsafe { pool.assert_valid() };
    drop(pool);
    assert_eq!(memory.lock().unwrap().free_bytes(), all);
    // SAFETY: it came from a box, and no pool has it any more.
    drop(unsafe { Box::from_raw(std::ptr::from_ref(memory).cast_mut()) });
}

#[cfg(feature = "std")]
#[test]
fn a_parent_that_panicked_in_its_lock_is_used_again() {
    /// Panics when it is asked for the second time.
    struct Once(FixedMemory, Cell<usize>);

    // SAFETY: all memory comes from the memory behind it.
    unsafe impl Parent for Once {
        fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
            self.1.set(self.1.get() + 1);
            assert_ne!(self.1.get(), 4, "the fourth request: records of parent, pool and shard came before");
            self.0.allocate(layout)
        }

        unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
            // SAFETY: passed on.
            unsafe { self.0.deallocate(ptr, layout) };
        }
    }

    let owner = Static::new(128 * 1024, 4096);
    let parent = Mutex::new(Once(owner.parent(), Cell::new(0)));
    let pool = SyncRawPool::builder(Layout::new::<u64>()).chunks_per_block(40).parent(parent).build_sync().unwrap();
    let mut panics = 0;
    for _ in 0..10 {
        match catch_unwind(AssertUnwindSafe(|| pool.allocate())) {
            Ok(chunk) => assert!(chunk.is_ok()),
            Err(_) => panics += 1,
        }
    }
    assert_eq!((panics, pool.len()), (1, 9));
    // SAFETY: no other thread uses the pool.
    unsafe { pool.assert_valid() };
}
