//! Pools whose segments are another pool's chunks: what fits, who outlives whom, and threads.

mod common;

use std::alloc::Layout;
use std::ptr::NonNull;
use std::rc::Rc;

use common::{Static, StaticParent, Watch, Watched, scaled};
#[cfg(feature = "std")]
use goo_pool_core::System;
use goo_pool_core::{
    AllocError, BuildError, ChunksOf, ClassPool, ClassPoolHandle, Geometry, Global, Handle as _, Handled, Parent,
    PoolHandle, RawPool, Segregator,
};

const LAYOUT: Layout = Layout::new::<[u64; 8]>();
const GEOMETRY: Geometry = match Geometry::new(LAYOUT) {
    Ok(geometry) => geometry,
    Err(_) => unreachable!(),
};

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

/// A pool of chunks of 64 KiB, for segments of pools with blocks of that size.
fn blocks() -> (PoolHandle, Rc<Watch>) {
    let parent = Watched::default();
    let watch = parent.watch();
    (RawPool::builder(layout(1 << 16, 1 << 16)).first_segment(1 << 19).parent(parent).build_handle().unwrap(), watch)
}

fn allocate(handle: &PoolHandle) -> NonNull<u8> {
    // SAFETY: the tests' pools are for `LAYOUT`.
    unsafe { handle.allocate_in(&GEOMETRY) }.unwrap()
}

fn deallocate(chunk: NonNull<u8>) {
    // SAFETY: the tests free a live chunk of a pool for `LAYOUT`, once.
    unsafe { PoolHandle::deallocate_in(chunk, &GEOMETRY) };
}

#[test]
fn each_segment_is_one_chunk_and_as_large() {
    let (blocks, _watch) = blocks();
    let pool = RawPool::builder(LAYOUT).parent(ChunksOf::new(blocks.clone())).build().unwrap();
    assert_eq!(blocks.len(), 1, "the pool's record");
    let count = scaled(10_000, 2_100);
    let chunks: Vec<_> = (0..count).map(|_| pool.allocate().unwrap()).collect();
    assert_eq!(pool.stats().segments, count.div_ceil(GEOMETRY.chunks_per_block()));
    assert_eq!(blocks.len(), 1 + pool.stats().segments);
    assert!(chunks.iter().all(|chunk| blocks.owns((chunk.addr().get() & !0xffff) as *const u8)));
    for chunk in chunks {
        // SAFETY: the chunk is live.
        unsafe { pool.deallocate(chunk) };
    }
    pool.shrink_to_fit();
    assert_eq!(blocks.len(), 1);
    drop(pool);
    assert_eq!(blocks.len(), 0);
    blocks.assert_valid();
}

#[test]
fn a_segment_layout_says_which_chunks_fit() {
    for size in [0, 1, 8, 24, 64, 100, 1000, 4096, 20_000] {
        for align in [1, 8, 64, 4096] {
            let small = layout(size, align);
            for chunks in [1, 5, 100] {
                let large = Geometry::new(small).unwrap().segment_layout(chunks).unwrap();
                let parent = RawPool::builder(large).first_segment(0).max_segment(0).build_handle().unwrap();
                let parent = Segregator::new(1000, Global, ChunksOf::new(parent));
                let pool = RawPool::builder(small).parent(parent).build().unwrap();
                for _ in 0..scaled(120, 10) {
                    let chunk = pool.allocate().unwrap();
                    assert_eq!(chunk.addr().get() % align, 0);
                    // SAFETY: the chunk is ours.
                    unsafe { chunk.write_bytes(0xee, size) };
                }
                pool.assert_valid();
                if large.size() > 1000 && scaled(120, 10) > chunks {
                    assert!(pool.stats().segments > 1 && pool.capacity() % chunks == 0, "segments of {chunks}");
                }
            }
        }
    }
}

#[test]
fn what_does_not_fit_a_chunk_is_refused() {
    let chunk = layout(1024, 64);
    let pool = RawPool::builder(chunk).build_handle().unwrap();
    let parent = ChunksOf::new(pool.clone());
    for (size, align) in [(1025, 64), (1024, 128), (1 << 20, 1)] {
        assert_eq!(parent.allocate(layout(size, align)), None);
    }
    for (size, align) in [(1024, 64), (1, 1), (1000, 8)] {
        let piece = parent.allocate(layout(size, align)).unwrap();
        // SAFETY: it came from there with this layout.
        unsafe { parent.deallocate(piece, layout(size, align)) };
    }
    assert_eq!((pool.len(), parent.piece_size()), (0, Some(1024)));
    // The record fits, a segment's alignment does not.
    let child = RawPool::builder(LAYOUT).parent(parent).build().unwrap();
    let Err(AllocError::OutOfMemory { layout: asked }) = child.allocate() else { panic!("64 KiB of alignment") };
    assert_eq!(asked.align(), 1 << 16);
    assert!(matches!(child.reserve(100_000), Err(AllocError::OutOfMemory { .. })));
    assert_eq!(pool.len(), 1);
    drop(child);
    assert_eq!(pool.len(), 0);
}

#[test]
fn the_parents_limit_is_one_for_all_its_children() {
    let blocks = RawPool::builder(layout(4096, 4096)).max_chunks(6).build_handle().unwrap();
    let child = |size| {
        let parent = Segregator::new(1000, Global, ChunksOf::new(blocks.clone()));
        RawPool::builder(layout(size, 8)).chunks_per_block(2000 / size).parent(parent).build().unwrap()
    };
    let (first, second) = (child(16), child(100));
    let fill = |pool: &RawPool| std::iter::from_fn(|| pool.allocate().ok()).collect::<Vec<_>>();
    let chunks = fill(&first);
    assert_eq!((first.stats().segments, blocks.len()), (6, 6));
    assert!(matches!(second.allocate(), Err(AllocError::OutOfMemory { .. })));
    for &chunk in &chunks {
        // SAFETY: the chunk is live.
        unsafe { first.deallocate(chunk) };
    }
    first.shrink_to_fit();
    assert_eq!(blocks.len(), 0);
    assert!(!fill(&second).is_empty());
    assert_eq!((second.stats().segments, blocks.len()), (6, 6), "what one gave back serves the other");
    assert!(first.allocate().is_err());
    drop(second);
    first.allocate().unwrap();
    first.assert_valid();
}

#[test]
fn a_parent_without_a_chunk_for_the_record_builds_no_pool() {
    let blocks = RawPool::builder(layout(4096, 4096)).max_chunks(0).build_handle().unwrap();
    let built = RawPool::builder(LAYOUT).parent(ChunksOf::new(blocks)).build();
    assert!(matches!(built, Err(BuildError::Alloc(AllocError::OutOfMemory { .. }))));
}

/// All orders of three.
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

#[test]
fn a_chain_of_three_ends_in_any_order_with_its_last_chunk() {
    for order in ORDERS {
        for live in [0, 1, scaled(3_000, 50)] {
            let geometry = Geometry::new(layout(1 << 16, 1 << 16)).unwrap();
            let lowest_chunk = geometry.segment_layout(3).unwrap();
            let parent = Watched::default();
            let watch = parent.watch();
            let lowest = RawPool::builder(lowest_chunk).first_segment(0).parent(parent).build_handle().unwrap();
            let middle = RawPool::builder(layout(1 << 16, 1 << 16))
                .parent(ChunksOf::new(lowest.clone()))
                .build_handle()
                .unwrap();
            let top = RawPool::builder(LAYOUT).parent(ChunksOf::new(middle.clone())).build_handle().unwrap();
            let chunks: Vec<_> = (0..live).map(|_| allocate(&top)).collect();
            let mut handles = [Some(lowest), Some(middle), Some(top)];
            for index in order {
                handles[index] = None;
            }
            assert_eq!(watch.pieces() == 0, live == 0, "each segment of the chain has a live chunk, or none is left");
            if let [first, ..] = chunks[..] {
                // A closed pool opens again, and its parents were open all along.
                // SAFETY: the chunk is live, of a pool for `LAYOUT`.
                let handle = unsafe { PoolHandle::of(first, LAYOUT) }.unwrap();
                deallocate(allocate(&handle));
                handle.assert_valid();
            }
            chunks.into_iter().for_each(deallocate);
            assert_eq!(watch.pieces(), 0, "{order:?}, {live}");
        }
    }
}

#[test]
fn a_pool_on_a_pool_on_fixed_memory_needs_no_heap() {
    let owner = StaticParent::new(1 << 20, 1 << 16);
    let memory = owner.get();
    let all = memory.free_bytes();
    let blocks = RawPool::builder_in(layout(8192, 4096), memory).first_segment(1 << 17).build_handle().unwrap();
    let child = |size: usize| {
        let parent = Segregator::new(1000, memory, ChunksOf::new(blocks.clone()));
        RawPool::builder_in(layout(size, 4), parent).chunks_per_block(3000 / size).build().unwrap()
    };
    let (words, lines) = (child(4), child(60));
    let mut count = 0;
    while words.allocate().is_ok() && lines.allocate().is_ok() {
        count += 1;
    }
    assert!(count > 5_000, "{count}");
    assert_eq!(blocks.len(), words.stats().segments + lines.stats().segments);
    words.assert_valid();
    lines.assert_valid();
    drop((words, lines));
    assert_eq!(blocks.len(), 0);
    drop(blocks);
    assert_eq!(memory.free_bytes(), all);
}

#[test]
fn a_child_takes_its_live_chunks_with_it_and_leaves_its_parent_whole() {
    let (blocks, watch) = blocks();
    for _ in 0..3 {
        let pool = RawPool::builder(LAYOUT).parent(ChunksOf::new(blocks.clone())).build().unwrap();
        (0..scaled(5_000, 100)).for_each(|_| assert!(pool.allocate().is_ok()));
        assert!(blocks.len() > 1);
        drop(pool);
        assert_eq!(blocks.len(), 0);
        blocks.assert_valid();
    }
    drop(blocks);
    assert_eq!(watch.pieces(), 0);
}

#[test]
fn a_pool_of_many_sizes_serves_pools_of_one() {
    let parent = Watched::default();
    let watch = parent.watch();
    let classes = ClassPoolHandle::from(ClassPool::builder().parent(parent).build().unwrap());
    let pool = |size| {
        RawPool::builder(layout(size, 8))
            .chunks_per_block(1000 / size)
            .parent(ChunksOf::new(classes.clone()))
            .build_handle()
            .unwrap()
    };
    let (words, lines) = (pool(8), pool(100));
    drop(classes);
    let chunks: Vec<_> =
        (0..scaled(3_000, 50)).map(|_| (words.allocate().unwrap(), lines.allocate().unwrap())).collect();
    for &(word, line) in &chunks {
        // SAFETY: it is live.
        unsafe { words.deallocate(word) };
        // SAFETY: it is live.
        unsafe { lines.deallocate(line) };
    }
    words.assert_valid();
    lines.assert_valid();
    drop(words);
    assert!(watch.pieces() > 0, "the other pool keeps the classes");
    drop(lines);
    assert_eq!(watch.pieces(), 0);
}

#[test]
fn the_classes_of_a_pool_may_live_on_another_pools_chunks() {
    let (blocks, watch) = blocks();
    let classes =
        ClassPool::builder().parent(Segregator::new(8192, Global, ChunksOf::new(blocks.clone()))).build().unwrap();
    let mut live = Vec::new();
    for size in (1..scaled(3_000, 200)).step_by(7) {
        let layout = layout(size, 1);
        let piece = classes.allocate(layout).unwrap().cast::<u8>();
        // SAFETY: it is ours.
        unsafe { piece.write_bytes(1, size) };
        live.push((piece, layout));
    }
    assert!(blocks.len() > 1);
    assert!(classes.allocate(layout(1 << 17, 1)).is_err(), "more than a chunk");
    for (piece, layout) in live {
        // SAFETY: it is live.
        unsafe { classes.deallocate(piece, layout) };
    }
    drop(classes);
    assert_eq!(blocks.len(), 0);
    drop(blocks);
    assert_eq!(watch.pieces(), 0);
}

#[test]
fn a_segregator_gives_each_piece_back_where_it_came_from() {
    let (small, large) = (Watched::default(), Watched::default());
    let (few, many) = (small.watch(), large.watch());
    let parent = Segregator::new(100, small, large);
    let pieces: Vec<_> = [1, 99, 100, 101, 5000].map(|size| layout(size, 8)).to_vec();
    let pieces: Vec<_> = pieces.into_iter().map(|layout| (parent.allocate_zeroed(layout).unwrap(), layout)).collect();
    assert_eq!((few.pieces(), few.bytes()), (3, 200));
    assert_eq!((many.pieces(), many.bytes()), (2, 5101));
    for (piece, layout) in pieces {
        // SAFETY: it came from there with this layout.
        unsafe { parent.deallocate(piece, layout) };
    }
    assert_eq!((few.pieces(), many.pieces()), (0, 0));

    // What the parents could resize themselves, but not from one to the other.
    let parent = Segregator::new(100, Global, Global);
    for (old, new) in [(100, 101), (101, 100)] {
        let piece = parent.allocate(layout(old, 1)).unwrap();
        // SAFETY: it came from there with this layout.
        assert_eq!(unsafe { parent.reallocate(piece, layout(old, 1), new) }, None);
        // SAFETY: the same, and it has stayed.
        unsafe { parent.deallocate(piece, layout(old, 1)) };
    }
    for (old, new) in [(10, 100), (101, 500)] {
        let piece = parent.allocate_zeroed(layout(old, 1)).unwrap();
        // SAFETY: it came from there with this layout.
        let piece = unsafe { parent.reallocate(piece, layout(old, 1), new) }.unwrap();
        // SAFETY: the first bytes are as they were.
        assert!(unsafe { std::slice::from_raw_parts(piece.as_ptr(), old) }.iter().all(|&byte| byte == 0));
        // SAFETY: it came from there with this size.
        unsafe { parent.deallocate(piece, layout(new, 1)) };
    }
}

/// One piece for all of them is more than the parent has, and once that was the end of it.
#[test]
fn a_reservation_may_be_larger_than_a_piece() {
    let (blocks, _watch) = blocks();
    let pool = RawPool::builder(LAYOUT).parent(ChunksOf::new(blocks.clone())).build().unwrap();
    let count = 3 * GEOMETRY.chunks_per_block();
    let reserved = pool.reserve_exact(count).unwrap();
    assert_eq!((reserved.remaining(), pool.len(), pool.stats().segments), (count, count, 3));
    drop(reserved);
    assert!(pool.is_empty());
    pool.assert_valid();
}

/// Anybody may ask, and `Global` once passed it on to an allocator that must not hear of it.
#[test]
fn who_asks_a_parent_for_no_bytes_gets_none() {
    let nothing = Layout::new::<()>();
    assert_eq!(Global.allocate(nothing), None);
    assert_eq!(Global.allocate_zeroed(nothing), None);
    #[cfg(feature = "std")]
    assert_eq!((System.allocate(nothing), System.allocate_zeroed(nothing)), (None, None));
    assert_eq!(Handled::aborting(Segregator::new(0, Global, Global)).allocate(nothing), None);
    let owner = Static::new(64, 16);
    assert_eq!(owner.parent().allocate(nothing), None);
}
