//! Pools of many sizes: every layout, growing and shrinking in place, memory that goes back, and what a debug build says to misuse.

#[path = "common/classes.rs"]
mod both;
mod common;

use std::alloc::{GlobalAlloc, Layout};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::NonNull;
use std::rc::Rc;

use both::Classes;
use common::{Watched, scaled};
use goo_pool_core::{
    ClassPool, ClassPoolBuilder, ClassPoolHandle, Global, Parent, SyncClassPool, SyncClassPoolHandle, System,
};
use static_assertions::{assert_eq_size, assert_impl_all, assert_not_impl_any};

const LARGEST: usize = 32 * 1024;

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

/// Only what each kind of pool may do between threads, and no cloning of a pool itself.
#[test]
fn pools_and_handles_are_where_they_may_be() {
    assert_not_impl_any!(ClassPool: Send, Sync, Clone);
    assert_not_impl_any!(ClassPoolHandle: Send, Sync);
    assert_not_impl_any!(SyncClassPool: Clone);
    assert_impl_all!(SyncClassPool: Send, Sync, GlobalAlloc);
    assert_impl_all!(SyncClassPoolHandle: Send, Sync, Clone);
    assert_impl_all!(ClassPoolHandle: Clone, UnwindSafe, RefUnwindSafe);
    assert_impl_all!(ClassPool: UnwindSafe, RefUnwindSafe);
    assert_impl_all!(SyncClassPool: UnwindSafe, RefUnwindSafe);
    assert_impl_all!(SyncClassPoolHandle: UnwindSafe, RefUnwindSafe);
    assert_impl_all!(ClassPoolBuilder<Global>: Send, Sync, Clone);
    assert_impl_all!(System: Parent, Send, Sync, Copy);
    assert_eq_size!(ClassPoolHandle, SyncClassPoolHandle, Option<SyncClassPoolHandle>, usize);
}

/// The blocks of a few layouts, all live at a time: aligned, apart, writable from end to end.
fn sweep<C: Classes>() {
    let sizes: Vec<usize> = if cfg!(miri) {
        vec![0, 1, 24, 4097, 40_000]
    } else {
        let pages = (1..=5).flat_map(|pages| [pages * 4096 - 1, pages * 4096, pages * 4096 + 1]);
        (0..130).chain([255, 256, 257, 1000]).chain(pages).chain([LARGEST - 1, LARGEST, LARGEST + 1, 100_000]).collect()
    };
    let shifts: Vec<u32> = if cfg!(miri) { vec![0, 4, 12, 16] } else { (0..=16).collect() };
    let parent = Watched::default();
    let watch = parent.watch();
    let pool = C::over(parent).unwrap();
    for &shift in &shifts {
        let mut blocks = Vec::new();
        for (number, &size) in sizes.iter().enumerate() {
            for copy in 0..2 {
                let layout = layout(size, 1 << shift);
                let memory = pool.allocate(layout).unwrap();
                let rounded = size.next_multiple_of(1 << shift);
                assert!((size..=(rounded + 7).max(rounded * 5 / 4)).contains(&memory.len()), "{layout:?}");
                assert_eq!(memory.cast::<u8>().addr().get() % layout.align(), 0, "{layout:?}");
                let stamp = (2 * number + copy) as u8;
                // SAFETY: it is ours, and so long.
                unsafe { memory.cast::<u8>().write_bytes(stamp, memory.len()) };
                blocks.push((memory, layout, stamp));
            }
        }
        for &(memory, layout, stamp) in &blocks {
            // SAFETY: written above, from end to end.
            let bytes = unsafe { std::slice::from_raw_parts(memory.cast::<u8>().as_ptr(), memory.len()) };
            assert!(bytes.iter().step_by(scaled(1, 97)).all(|&byte| byte == stamp), "{layout:?}: blocks overlap");
        }
        pool.assert_valid();
        for (memory, layout, _) in blocks {
            // SAFETY: it came from this pool for that layout and is not used any more.
            unsafe { pool.deallocate(memory.cast(), layout) };
        }
        assert_eq!(pool.stats().live_chunks, 0);
    }
    drop(pool);
    assert_eq!(watch.pieces(), 0);
}

#[test]
fn every_size_has_every_alignment() {
    sweep::<ClassPool>();
}

#[test]
fn every_size_has_every_alignment_for_many_threads() {
    sweep::<SyncClassPool>();
}

#[test]
fn what_needs_no_memory_gets_an_address_and_no_memory() {
    let parent = Watched::default();
    let watch = parent.watch();
    let pool = ClassPool::over(parent).unwrap();
    let calls = watch.calls();
    for align in [1, 64, 1 << 20] {
        let memory = pool.allocate_zeroed(layout(0, align)).unwrap();
        assert_eq!((memory.len(), memory.cast::<u8>().addr().get() % align), (0, 0));
        // SAFETY: it came from this pool for that layout.
        unsafe { pool.deallocate(memory.cast(), layout(0, align)) };
    }
    assert_eq!(watch.calls(), calls);
}

fn grow_and_shrink<C: Classes>() {
    let pool = C::over(Global).unwrap();
    let first = pool.allocate(layout(65, 1)).unwrap();
    assert_eq!(first.len(), 80);
    let ptr = first.cast::<u8>();
    // SAFETY: it is ours, and so long.
    unsafe { ptr.write_bytes(1, 65) };
    // SAFETY: here and below: it is live, the old layout is the last one's, and only the result is used afterwards.
    let grown = unsafe { pool.grow(ptr, layout(65, 1), layout(80, 1)) }.unwrap();
    assert_eq!(grown, first, "it fits");
    // SAFETY: see above.
    let aligned = unsafe { pool.grow(ptr, layout(80, 1), layout(80, 16)) }.unwrap();
    assert_eq!(aligned, first, "all chunks of 80 bytes are aligned to 16");
    // SAFETY: see above.
    let moved = unsafe { pool.grow_zeroed(ptr, layout(80, 16), layout(81, 16)) }.unwrap();
    assert_ne!(moved.cast(), ptr);
    assert_eq!(moved.len(), 96);
    // SAFETY: it has 96 bytes.
    let tail = unsafe { moved.cast::<u8>().byte_add(80) };
    // SAFETY: those behind the 80 of before are zeroed.
    let tail = unsafe { std::slice::from_raw_parts(tail.as_ptr(), 16) };
    assert_eq!(tail, [0; 16]);
    // SAFETY: the first 65 bytes were written.
    assert_eq!(unsafe { std::slice::from_raw_parts(moved.cast::<u8>().as_ptr(), 65) }, [1; 65]);
    // SAFETY: see above.
    let shrunk = unsafe { pool.shrink(moved.cast(), layout(81, 16), layout(81, 1)) }.unwrap();
    assert_eq!(shrunk, moved, "a smaller alignment of the same class");
    // SAFETY: see above.
    let small = unsafe { pool.shrink(moved.cast(), layout(81, 1), layout(10, 1)) }.unwrap();
    assert_eq!(small.len(), 16);
    // SAFETY: the first 65 bytes were written.
    assert_eq!(unsafe { std::slice::from_raw_parts(small.cast::<u8>().as_ptr(), 10) }, [1; 10]);
    // SAFETY: it is live, and any size from 10 to 16 fits it.
    unsafe { pool.deallocate(small.cast(), layout(13, 1)) };
    assert_eq!(pool.stats().live_chunks, 0);
    pool.assert_valid();
}

#[test]
fn blocks_grow_and_shrink_in_place_within_their_class() {
    grow_and_shrink::<ClassPool>();
    grow_and_shrink::<SyncClassPool>();
}

fn between_class_and_parent<C: Classes>() {
    let parent = Watched::default();
    let watch = parent.watch();
    let pool = C::over(parent).unwrap();
    let steps = [(100, 1), (LARGEST, 1), (LARGEST + 1, 1), (100_000, 64), (100_001, 1 << 16)];
    let mut ptr = pool.allocate(layout(100, 1)).unwrap().cast::<u8>();
    // SAFETY: it is ours, and so long.
    unsafe { ptr.write_bytes(9, 100) };
    for pair in steps.windows(2) {
        let (old, new) = (layout(pair[0].0, pair[0].1), layout(pair[1].0, pair[1].1));
        // SAFETY: it is live, for that layout, and only the result is used afterwards.
        let grown = unsafe { pool.grow(ptr, old, new) }.unwrap();
        assert_eq!(pool.owns(grown.cast::<u8>().as_ptr()), new.size() <= LARGEST && new.align() <= LARGEST);
        ptr = grown.cast();
    }
    for pair in steps.windows(2).rev() {
        let (old, new) = (layout(pair[1].0, pair[1].1), layout(pair[0].0, pair[0].1));
        // SAFETY: it is live, for that layout, and only the result is used afterwards.
        ptr = unsafe { pool.shrink(ptr, old, new) }.unwrap().cast();
    }
    // SAFETY: the bytes were written, and moved along.
    assert_eq!(unsafe { std::slice::from_raw_parts(ptr.as_ptr(), 100) }, [9; 100]);
    // SAFETY: it is live, for that layout.
    unsafe { pool.deallocate(ptr, layout(100, 1)) };
    drop(pool);
    assert_eq!(watch.pieces(), 0, "what the parent served itself went back");
}

#[test]
fn a_block_grows_beyond_the_classes_and_comes_back() {
    between_class_and_parent::<ClassPool>();
    between_class_and_parent::<SyncClassPool>();
}

/// Bytes from the parent for three sizes, one block each.
fn three_sizes<C: Classes>() -> usize {
    let parent = Watched::default();
    let watch = parent.watch();
    let pool = C::over(parent).unwrap();
    for size in [24, 64, 200] {
        pool.allocate(layout(size, 8)).unwrap();
    }
    assert_eq!(pool.stats().bytes_reserved, watch.bytes());
    assert_eq!(pool.stats().live_chunks, 3);
    watch.bytes()
}

#[test]
fn a_pool_that_uses_three_sizes_costs_little_memory() {
    assert!(three_sizes::<ClassPool>() <= 8 * 1024, "{}", three_sizes::<ClassPool>());
    assert!(three_sizes::<SyncClassPool>() <= 16 * 1024, "{}", three_sizes::<SyncClassPool>());
    assert!(size_of::<ClassPool>() <= 512 && size_of::<SyncClassPool>() <= 512);
}

fn memory_returns<C: Classes>() {
    let parent = Watched::default();
    let watch = parent.watch();
    let pool = C::over(parent).unwrap();
    let sizes = || (0..scaled(20_000, 300)).map(|number| layout(1 + number * 7 % 900, 8));
    let blocks: Vec<_> = sizes().map(|layout| pool.allocate(layout).unwrap().cast::<u8>()).collect();
    let peak = watch.bytes();
    for (ptr, layout) in blocks.into_iter().zip(sizes()) {
        // SAFETY: it is live, for that layout.
        unsafe { pool.deallocate(ptr, layout) };
    }
    pool.shrink_to_fit();
    assert_eq!(pool.stats().segments, 0);
    assert!(watch.bytes() < peak / 4 || cfg!(miri), "{} of {peak}", watch.bytes());
    // Live chunks go with the pool.
    for layout in sizes() {
        pool.allocate(layout).unwrap();
    }
    drop(pool);
    assert_eq!(watch.pieces(), 0);
}

#[test]
fn memory_goes_back_to_the_parent() {
    memory_returns::<ClassPool>();
    memory_returns::<SyncClassPool>();
}

#[test]
fn the_numbers_of_each_class_add_up() {
    let pool = ClassPool::new();
    assert_eq!(pool.class_stats().count(), 0);
    for size in [1, 8, 100] {
        pool.allocate(layout(size, 1)).unwrap();
    }
    let live: Vec<_> = pool.class_stats().map(|(layout, stats)| (layout.size(), stats.live_chunks)).collect();
    assert_eq!(live, [(8, 2), (112, 1)]);
    assert_eq!(pool.stats().live_chunks, 3);
    assert!(format!("{pool:?}").starts_with("ClassPool { stats: Stats {"));
}

#[test]
fn a_pool_lives_as_long_as_one_of_its_handles() {
    let parent = Watched::default();
    let watch = parent.watch();
    let first = ClassPoolHandle::from(ClassPool::over(parent).unwrap());
    let second = first.clone();
    assert!(first.ptr_eq(&second) && !first.ptr_eq(&ClassPoolHandle::default()));
    let text = first.allocate(layout(5, 1)).unwrap().cast::<[u8; 5]>();
    // SAFETY: it is ours, and so long.
    unsafe { text.write(*b"hello") };
    drop(first);
    // SAFETY: the pool is still there.
    assert_eq!(unsafe { text.read() }, *b"hello");
    drop(second);
    assert_eq!(watch.pieces(), 0);
}

#[test]
fn a_pool_can_be_a_constant() {
    static POOL: SyncClassPool = SyncClassPool::new();
    thread_local! {
        static LOCAL: Rc<ClassPool> = Rc::new(ClassPool::new());
    }
    let shared = POOL.allocate(layout(100, 4)).unwrap();
    let local = LOCAL.with(|pool| pool.allocate(layout(100, 4)).unwrap());
    // SAFETY: it came from there, for that layout.
    unsafe { POOL.deallocate(shared.cast(), layout(100, 4)) };
    // SAFETY: the same.
    LOCAL.with(|pool| unsafe { pool.deallocate(local.cast(), layout(100, 4)) });
    assert_eq!(POOL.stats().live_chunks, 0);
}

#[cfg(debug_assertions)]
mod misuse {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    fn message_of_freeing<C: Classes>(pool: &C, ptr: NonNull<u8>, layout: Layout) -> String {
        // SAFETY: it is not; the check in front of it panics.
        let misuse = || unsafe { pool.deallocate(ptr, layout) };
        let panic = catch_unwind(AssertUnwindSafe(misuse)).unwrap_err();
        pool.assert_valid();
        let text = panic.downcast_ref::<&str>().copied().map(String::from);
        text.unwrap_or_else(|| *panic.downcast::<String>().unwrap())
    }

    fn freed_twice<C: Classes>() {
        let pool = C::over(Global).unwrap();
        let layout = layout(40, 8);
        let ptr = pool.allocate(layout).unwrap().cast();
        // SAFETY: it is live.
        unsafe { pool.deallocate(ptr, layout) };
        assert!(message_of_freeing(&pool, ptr, layout).starts_with("double free"));
    }

    #[test]
    fn a_block_that_is_freed_twice_is_reported() {
        freed_twice::<ClassPool>();
        freed_twice::<SyncClassPool>();
    }

    #[test]
    fn a_layout_of_another_class_is_reported() {
        let pool = ClassPool::new();
        let ptr = pool.allocate(layout(40, 8)).unwrap().cast();
        assert!(message_of_freeing(&pool, ptr, layout(41, 8)).starts_with("foreign pointer"), "no such class yet");
        let _other = pool.allocate(layout(41, 8)).unwrap();
        assert!(message_of_freeing(&pool, ptr, layout(41, 8)).starts_with("foreign pointer"));
        assert_eq!(pool.stats().live_chunks, 2);
    }

    #[test]
    fn a_class_that_gave_nothing_takes_nothing_in_any_build() {
        let pool = SyncClassPool::new();
        let ptr = NonNull::from(&0_u64).cast();
        assert!(message_of_freeing(&pool, ptr, layout(8, 8)).starts_with("foreign pointer"));
    }
}
