//! Rows: blocks handed out whole, between chunks that come and go alone.

mod common;
#[cfg(feature = "std")]
#[path = "common/worker.rs"]
mod worker;

use std::alloc::Layout;
use std::collections::BTreeSet;
use std::ptr::NonNull;

use common::{Watched, scaled};
use goo_pool_core::{AllocError, Geometry, Handle, PoolHandle, RawPool, Row};

/// Layouts with many, some and few chunks in a block.
const LAYOUTS: [(usize, usize); 5] = [(0, 1), (8, 8), (64, 64), (2000, 8), (100_000, 4096)];

fn layouts() -> impl Iterator<Item = Layout> {
    LAYOUTS.into_iter().map(|(size, align)| Layout::from_size_align(size, align).unwrap())
}

fn addresses<H: Handle>(row: &Row, layout: Layout) -> impl Iterator<Item = usize> + use<H> {
    let stride = Geometry::of::<H>(layout).unwrap().stride();
    let first = row.first().addr().get();
    (0..row.chunks()).map(move |index| first + index * stride)
}

/// Random steps: whatever is out, alone or in a row, overlaps nothing else, is writable to its last byte, and is counted.
fn rows_and_chunks_do_not_overlap<H: Handle>(handle: &H, layout: Layout, mut check: impl FnMut()) {
    let mut random = 0x600_u64;
    let mut random = |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % below
    };
    let mut chunks: Vec<NonNull<u8>> = Vec::new();
    let mut rows: Vec<Row> = Vec::new();
    let mut out = BTreeSet::new();
    for _ in 0..scaled(400, 30) {
        match random(6) {
            0 | 1 => {
                for _ in 0..random(50) {
                    let chunk = handle.allocate().unwrap();
                    assert!(out.insert(chunk.addr().get()), "a chunk is handed out twice");
                    // SAFETY: it is ours, and so large.
                    unsafe { chunk.write_bytes(0xaa, layout.size()) };
                    chunks.push(chunk);
                }
            }
            2 => {
                for _ in 0..random(50).min(chunks.len()) {
                    let chunk = chunks.swap_remove(random(chunks.len()));
                    out.remove(&chunk.addr().get());
                    // SAFETY: it came from this pool, once.
                    unsafe { H::deallocate_in(chunk, &Geometry::of::<H>(layout).unwrap()) };
                }
            }
            3 if rows.len() < 20 => {
                let row = handle.take_row().unwrap();
                for address in addresses::<H>(&row, layout) {
                    assert_eq!(address % layout.align(), 0);
                    assert!(out.insert(address), "a row overlaps something");
                }
                // The last chunk to its end, and with it all the others.
                let bytes = addresses::<H>(&row, layout).last().unwrap() - row.first().addr().get() + layout.size();
                // SAFETY: all of the row's chunks are ours.
                unsafe { row.first().write_bytes(0x55, bytes) };
                rows.push(row);
            }
            4 if !rows.is_empty() => {
                let row = rows.swap_remove(random(rows.len()));
                for address in addresses::<H>(&row, layout) {
                    out.remove(&address);
                }
                // SAFETY: it came from this pool, which is open; nobody uses its chunks.
                unsafe { handle.give_row(row) };
            }
            5 => handle.shrink_to_fit(),
            _ => {}
        }
        assert_eq!(handle.len(), out.len());
        check();
    }
    for chunk in chunks {
        // SAFETY: it came from this pool, once.
        unsafe { H::deallocate_in(chunk, &Geometry::of::<H>(layout).unwrap()) };
    }
    for row in rows {
        // SAFETY: as above.
        unsafe { handle.give_row(row) };
        check();
    }
    assert_eq!(handle.len(), 0);
}

#[test]
fn rows_and_chunks_of_a_local_pool_do_not_overlap() {
    for layout in layouts() {
        let parent = Watched::default();
        let watch = parent.watch();
        let handle = RawPool::builder(layout).parent(parent).build_handle().unwrap();
        rows_and_chunks_do_not_overlap(&handle, layout, || handle.assert_valid());
        handle.shrink_to_fit();
        assert_eq!(watch.pieces(), 1, "the pool's record is left");
        drop(handle);
        assert_eq!(watch.pieces(), 0);
    }
}

/// A pool of a limit, with chunks in its hand.
fn a_refused_row_leaves_the_pool_as_it_was<H: Handle>(handle: &H, limit: usize) {
    let first = handle.allocate().unwrap();
    let refused = (0..limit).map(|_| handle.take_row()).collect::<Vec<_>>();
    let granted: usize = refused.iter().flatten().map(Row::chunks).sum();
    assert!(matches!(refused.last(), Some(Err(AllocError::LimitReached { .. }))));
    assert_eq!(handle.len(), 1 + granted);
    for row in refused.into_iter().flatten() {
        // SAFETY: it came from this pool, which is open; nobody uses its chunks.
        unsafe { handle.give_row(row) };
    }
    // SAFETY: it came from this pool, once.
    unsafe { H::deallocate_in(first, &Geometry::of::<H>(Layout::new::<u64>()).unwrap()) };
    // Free, but in the pool's own hand.
    let row = handle.take_row().unwrap();
    assert_eq!(handle.len(), row.chunks());
    // SAFETY: as above.
    unsafe { handle.give_row(row) };
    assert_eq!(handle.len(), 0);
}

#[test]
fn a_row_that_is_refused_leaves_the_pool_as_it_was() {
    let builder = || RawPool::builder(Layout::new::<u64>()).max_chunks(100);
    a_refused_row_leaves_the_pool_as_it_was(&builder().build_handle().unwrap(), 100);
    #[cfg(feature = "std")]
    a_refused_row_leaves_the_pool_as_it_was(&builder().build_sync_handle().unwrap(), 100);
}

#[test]
fn a_row_keeps_a_closed_pool_and_its_own_segment() {
    let layout = Layout::new::<[u64; 8]>();
    let parent = Watched::default();
    let watch = parent.watch();
    let handle = RawPool::builder(layout).parent(parent).build_handle().unwrap();
    let alone = handle.allocate().unwrap();
    let mut rows: Vec<Row> = (0..5).map(|_| handle.take_row().unwrap()).collect();
    let live: usize = rows.iter().map(Row::chunks).sum();
    drop(handle);
    // SAFETY: a live chunk that was allocated alone, and its layout.
    let handle = unsafe { PoolHandle::of(alone, layout) }.unwrap();
    // SAFETY: it came from this pool, once.
    unsafe { handle.deallocate(alone) };
    assert_eq!(handle.len(), live);
    while let Some(row) = rows.pop() {
        handle.shrink_to_fit();
        assert_eq!(watch.pieces(), 2 + rows.len(), "the pool's record, and one segment for each row");
        // SAFETY: the pool that gave it is open again, the very same (a local one has no successor).
        unsafe { handle.give_row(row) };
        handle.assert_valid();
    }
    drop(handle);
    assert_eq!(watch.pieces(), 0);
}

#[cfg(feature = "std")]
mod threads {
    use super::*;
    use goo_pool_core::SyncPoolHandle;
    use std::sync::Arc;
    use std::thread;

    use super::worker::Worker;

    struct Sent<C>(C);
    // SAFETY: bytes, for any thread.
    unsafe impl<C> Send for Sent<C> {}

    impl<C> Sent<C> {
        /// As a whole, or a closure would take the field alone.
        fn get(self) -> C {
            self.0
        }
    }

    #[test]
    fn rows_and_chunks_of_a_shared_pool_do_not_overlap() {
        for layout in layouts() {
            let handle = RawPool::builder(layout).build_sync_handle().unwrap();
            rows_and_chunks_do_not_overlap(&handle, layout, || {});
        }
    }

    #[test]
    fn rows_come_and_go_on_many_threads() {
        let handle = RawPool::builder(Layout::new::<u64>()).build_sync_handle().unwrap();
        thread::scope(|scope| {
            for number in 0..4_u8 {
                let handle = &handle;
                scope.spawn(move || {
                    for _ in 0..scaled(200, 5) {
                        let (row, chunk) = (handle.take_row().unwrap(), handle.allocate().unwrap());
                        let bytes = row.chunks() * size_of::<u64>();
                        // SAFETY: the row is ours.
                        unsafe { row.first().write_bytes(number, bytes) };
                        // SAFETY: so is the chunk.
                        unsafe { chunk.write_bytes(!number, size_of::<u64>()) };
                        for at in 0..bytes {
                            // SAFETY: within the row, and written.
                            let byte = unsafe { row.first().add(at) };
                            // SAFETY: as above.
                            assert_eq!(unsafe { byte.read() }, number);
                        }
                        // SAFETY: it came from this pool, which is open; nobody uses its chunks.
                        unsafe { handle.give_row(row) };
                        // SAFETY: it came from this pool, once.
                        unsafe { handle.deallocate(chunk) };
                    }
                });
            }
        });
        assert_eq!(handle.len(), 0);
    }

    #[test]
    fn a_row_goes_back_on_another_thread() {
        let handle = RawPool::builder(Layout::new::<u64>()).build_sync_handle().unwrap();
        let row = Sent(handle.take_row().unwrap());
        let other = handle.clone();
        thread::spawn(move || {
            // SAFETY: it came from this pool, which is open; nobody uses its chunks.
            unsafe { other.give_row(row.get()) };
        })
        .join()
        .unwrap();
        assert_eq!(handle.len(), 0);
    }

    /// A row once made the pool grow before it looked at what had come back.
    #[test]
    fn rows_take_what_other_threads_freed_before_the_pool_grows() {
        const LAYOUT: Layout = Layout::new::<[u64; 8]>();
        let count = scaled(20_000, 3000);
        // The capacity before and after `again` has taken as many chunks as other threads freed before.
        let grown = |again: &dyn Fn(&SyncPoolHandle) -> usize| {
            let handle = RawPool::builder(LAYOUT).build_sync_handle().unwrap();
            let chunks = Sent((0..count).map(|_| handle.allocate().unwrap()).collect::<Vec<_>>());
            let in_thread = handle.clone();
            let free = move || {
                for chunk in chunks.get() {
                    // SAFETY: it came from this pool, once.
                    unsafe { in_thread.deallocate(chunk) };
                }
            };
            thread::spawn(free).join().unwrap();
            (handle.capacity(), again(&handle))
        };
        let alone = grown(&|handle| {
            let chunks: Vec<_> = (0..count).map(|_| handle.allocate().unwrap()).collect();
            let capacity = handle.capacity();
            for chunk in chunks {
                // SAFETY: as above.
                unsafe { handle.deallocate(chunk) };
            }
            capacity
        });
        let rows = grown(&|handle| {
            let mut rows = Vec::new();
            while handle.len() < count {
                rows.push(handle.take_row().unwrap());
            }
            let capacity = handle.capacity();
            for row in rows {
                // SAFETY: it came from this pool, which is open; nobody uses its chunks.
                unsafe { handle.give_row(row) };
            }
            capacity
        });
        assert_eq!(rows.0, alone.0);
        assert!(rows.1 <= alone.1, "rows need {rows:?}, chunks alone {alone:?}");
    }

    /// What threads at their very end had left in reserve was once out of a row's reach.
    #[test]
    fn a_row_that_would_be_refused_takes_what_ended_threads_left() {
        for guests in [1, 60, 100] {
            let handle = RawPool::builder(Layout::new::<u64>()).max_chunks(100).build_sync_handle().unwrap();
            let handle = Arc::new(handle);
            let (thread, in_thread) = (Worker::start(), handle.clone());
            let use_all = move |handle: &SyncPoolHandle, count: usize| {
                for chunk in (0..count).map(|_| handle.allocate().unwrap()).collect::<Vec<_>>() {
                    // SAFETY: it came from this pool, once.
                    unsafe { handle.deallocate(chunk) };
                }
            };
            // Now it has an index, so that it will have had one.
            thread.run({
                let handle = handle.clone();
                move || use_all(&handle, 1)
            });
            thread.end_with(move || use_all(&in_thread, guests));
            let rows: Vec<Row> = std::iter::from_fn(|| handle.take_row().ok()).collect();
            assert_eq!((rows.iter().map(Row::chunks).sum::<usize>(), handle.len()), (100, 100));
            for row in rows {
                // SAFETY: it came from this pool, which is open; nobody uses its chunks.
                unsafe { handle.give_row(row) };
            }
        }
    }
}
