//! The misuses. All memory that they touch is this program's own, so that where nobody catches one, nothing else breaks.

use std::alloc::Layout;
use std::env;
use std::hint::black_box;
use std::process::exit;
use std::ptr::NonNull;
use std::thread;

use goo_pool_core::{Geometry, Global, Handle, Parent, PoolHandle, RawPool, SyncPoolHandle};

#[cfg(feature = "os")]
use super::verdict::GUARD_PAGES;
use super::verdict::{UNDER_VALGRIND, done};

const LAYOUT: Layout = Layout::new::<[u64; 4]>();
const BYTES: usize = LAYOUT.size();

/// Room behind each piece, for those who write behind it.
const ROOM: usize = 8192;

/// A kind of pools.
pub(crate) trait Sort {
    type Handle: Handle;
    fn build(layout: Layout, capacity: usize) -> Self::Handle;
    /// A free with the pool at hand.
    unsafe fn give(pool: &Self::Handle, chunk: NonNull<u8>);
}

pub(crate) struct Local;
pub(crate) struct Shared;

impl Sort for Local {
    type Handle = PoolHandle;

    fn build(layout: Layout, capacity: usize) -> PoolHandle {
        let builder = RawPool::builder(layout).capacity(capacity);
        #[cfg(feature = "os")]
        if let Some(memory) = guarded() {
            return builder.parent(memory).build_handle().unwrap();
        }
        builder.parent(Memory::new()).build_handle().unwrap()
    }

    unsafe fn give(pool: &PoolHandle, chunk: NonNull<u8>) {
        // SAFETY: that is what is to be seen.
        unsafe { pool.deallocate(chunk) };
    }
}

impl Sort for Shared {
    type Handle = SyncPoolHandle;

    fn build(layout: Layout, capacity: usize) -> SyncPoolHandle {
        let builder = RawPool::builder(layout).capacity(capacity);
        #[cfg(feature = "os")]
        if let Some(memory) = guarded() {
            return builder.parent(memory).build_sync_handle().unwrap();
        }
        builder.parent(Memory::new()).build_sync_handle().unwrap()
    }

    unsafe fn give(pool: &SyncPoolHandle, chunk: NonNull<u8>) {
        // SAFETY: that is what is to be seen.
        unsafe { pool.deallocate(chunk) };
    }
}

/// Where the pools' memory comes from.
enum Memory {
    /// Where a tool looks on: just as much as was asked for, so that it sees what is written behind.
    Watched,
    /// With room behind each piece.
    Roomy,
}

impl Memory {
    fn new() -> Self {
        if cfg!(goo_asan) || env::var_os(UNDER_VALGRIND).is_some() { Self::Watched } else { Self::Roomy }
    }

    fn layout(&self, layout: Layout) -> Layout {
        match self {
            Self::Watched => layout,
            Self::Roomy => Layout::from_size_align(layout.size() + ROOM, layout.align()).unwrap(),
        }
    }
}

// SAFETY: all memory comes from `Global`, as much as was asked for or more.
unsafe impl Parent for Memory {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        Global.allocate(self.layout(layout))
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: it came from there with this layout.
        unsafe { Global.deallocate(ptr, self.layout(layout)) };
    }
}

/// Memory from the system, between guard pages, if that is what is looked at.
#[cfg(feature = "os")]
fn guarded() -> Option<goo_pool_core::os::OsMemory> {
    env::var_os(GUARD_PAGES)?;
    Some(goo_pool_core::os::OsMemory::builder().guard_pages(true).build().unwrap())
}

/// A pool with room, and some live chunks of it.
fn pool_and_chunks<S: Sort>() -> (S::Handle, Vec<NonNull<u8>>) {
    let pool = S::build(LAYOUT, 200);
    let chunks = (0..20).map(|_| pool.allocate().unwrap()).collect();
    (pool, chunks)
}

fn free<S: Sort>(pool: &S::Handle, chunk: NonNull<u8>) {
    // SAFETY: live, or that is what is to be seen.
    unsafe { S::give(pool, chunk) };
}

fn write(chunk: NonNull<u8>, offset: usize) {
    // SAFETY: memory of this program's that nobody reads as a value.
    let place = unsafe { chunk.byte_add(offset) };
    // SAFETY: the same.
    unsafe { place.write_volatile(0x77) };
}

fn read(chunk: NonNull<u8>) -> u8 {
    // SAFETY: memory of this program's.
    unsafe { chunk.read_volatile() }
}

/// The books may be wrong from here on; nobody is to look at them.
fn done_for_good() {
    done();
    if !cfg!(any(debug_assertions, feature = "hardened")) {
        exit(0);
    }
}

/// The program goes on: every free chunk is used once.
fn go_on<S: Sort>(pool: &S::Handle) {
    let chunks: Vec<_> = (0..pool.capacity() - pool.len()).map(|_| pool.allocate().unwrap()).collect();
    chunks.into_iter().for_each(|chunk| free::<S>(pool, chunk));
}

pub(crate) fn double_free<S: Sort>() {
    let (pool, chunks) = pool_and_chunks::<S>();
    free::<S>(&pool, chunks[3]);
    free::<S>(&pool, chunks[3]);
    done_for_good();
}

pub(crate) fn double_free_later<S: Sort>() {
    let (pool, chunks) = pool_and_chunks::<S>();
    chunks[2..12].iter().for_each(|&chunk| free::<S>(&pool, chunk));
    let again = pool.allocate().unwrap();
    let still_free = chunks[2..12].iter().copied().find(|&chunk| chunk != again).unwrap();
    free::<S>(&pool, still_free);
    done_for_good();
}

pub(crate) fn double_free_after_reuse<S: Sort>() {
    let (pool, chunks) = pool_and_chunks::<S>();
    free::<S>(&pool, chunks[3]);
    while pool.allocate().unwrap() != chunks[3] {}
    free::<S>(&pool, chunks[3]);
    done();
    // The one who has it now.
    free::<S>(&pool, chunks[3]);
    exit(0);
}

fn on_another_thread<S: Sort>(pool: &S::Handle, chunk: NonNull<u8>) {
    struct Sent<'p, S: Sort>(&'p S::Handle, NonNull<u8>);
    // SAFETY: the caller waits; to free on a thread that may not is what is to be seen.
    unsafe impl<S: Sort> Send for Sent<'_, S> {}
    impl<S: Sort> Sent<'_, S> {
        fn free(self) {
            free::<S>(self.0, self.1);
        }
    }
    let sent = Sent::<S>(pool, chunk);
    if thread::scope(|scope| scope.spawn(move || sent.free()).join()).is_err() {
        exit(1);
    }
}

pub(crate) fn double_free_elsewhere<S: Sort>() {
    let (pool, chunks) = pool_and_chunks::<S>();
    on_another_thread::<S>(&pool, chunks[3]);
    on_another_thread::<S>(&pool, chunks[3]);
    done_for_good();
}

pub(crate) fn double_free_of_what_the_owner_holds<S: Sort>() {
    let pool = S::build(LAYOUT, 200);
    let chunks: Vec<_> = (0..pool.capacity()).map(|_| pool.allocate().unwrap()).collect();
    chunks[..3].iter().for_each(|&chunk| free::<S>(&pool, chunk));
    // The chunk kept aside, then one of the word; the other of them is in the owner's hand.
    let again = [pool.allocate().unwrap(), pool.allocate().unwrap()];
    let held = chunks[..3].iter().copied().find(|chunk| !again.contains(chunk)).unwrap();
    on_another_thread::<S>(&pool, held);
    done();
    exit(0);
}

pub(crate) fn double_free_closed<S: Sort>() {
    let (pool, chunks) = pool_and_chunks::<S>();
    drop(pool);
    for _ in 0..2 {
        // SAFETY: that is what is to be seen.
        unsafe { S::Handle::deallocate_dyn(chunks[3], LAYOUT) };
    }
    done_for_good();
}

/// Memory of somebody else's, in the midst of a piece so large that the place of a header is within.
fn foreign() -> NonNull<u8> {
    let memory = vec![0_u64; 1 << 17].leak();
    NonNull::from(&mut memory[1 << 16]).cast()
}

pub(crate) fn foreign_pointer<S: Sort>() {
    let (pool, _chunks) = pool_and_chunks::<S>();
    free::<S>(&pool, foreign());
    done_for_good();
}

pub(crate) fn foreign_pointer_shared<S: Sort>() {
    foreign_pointer::<S>();
}

pub(crate) fn foreign_handle<S: Sort>() {
    let (_pool, _chunks) = pool_and_chunks::<S>();
    // SAFETY: that is what is to be seen.
    unsafe { S::Handle::deallocate_dyn(foreign(), LAYOUT) };
    done_for_good();
}

pub(crate) fn other_pool<S: Sort>() {
    let ((pool, _chunks), (_other, others)) = (pool_and_chunks::<S>(), pool_and_chunks::<S>());
    free::<S>(&pool, others[3]);
    done_for_good();
}

pub(crate) fn interior_pointer<S: Sort>() {
    let (pool, chunks) = pool_and_chunks::<S>();
    // SAFETY: within the chunk.
    free::<S>(&pool, unsafe { chunks[3].byte_add(8) });
    done_for_good();
}

pub(crate) fn wrong_layout<S: Sort>() {
    let small = Layout::new::<u64>();
    let pool = S::build(Layout::new::<[u64; 600]>(), 500);
    let chunks: Vec<_> = (0..500).map(|_| pool.allocate().unwrap()).collect();
    let masks =
        [small, Layout::new::<[u64; 600]>()].map(|layout| Geometry::of::<S::Handle>(layout).unwrap().block_size() - 1);
    // Where a block of the smaller chunks would begin, there is no header.
    let far = chunks.iter().find(|chunk| chunk.addr().get() & masks[1] & !masks[0] != 0).unwrap();
    // SAFETY: that is what is to be seen.
    unsafe { S::Handle::deallocate_dyn(*far, small) };
    done_for_good();
}

pub(crate) fn wrong_thread<S: Sort>() {
    let (pool, chunks) = pool_and_chunks::<S>();
    on_another_thread::<S>(&pool, chunks[3]);
    done();
    go_on::<S>(&pool);
    free_all::<S>(&pool, &chunks, 3);
}

pub(crate) fn free_after_reset<S: Sort<Handle = PoolHandle>>() {
    let (pool, chunks) = pool_and_chunks::<S>();
    // SAFETY: that is what is to be seen.
    unsafe { pool.reset() };
    free::<S>(&pool, chunks[3]);
    done_for_good();
}

pub(crate) fn write_after_free<S: Sort>() {
    let (pool, chunks) = pool_and_chunks::<S>();
    free::<S>(&pool, chunks[3]);
    write(chunks[3], 9);
    done();
    go_on::<S>(&pool);
    free_all::<S>(&pool, &chunks, 3);
}

pub(crate) fn write_after_reset<S: Sort<Handle = PoolHandle>>() {
    let (pool, chunks) = pool_and_chunks::<S>();
    // SAFETY: that is what is to be seen.
    unsafe { pool.reset() };
    write(chunks[3], 9);
    done();
    go_on::<S>(&pool);
}

pub(crate) fn write_inside_large_after_free<S: Sort>() {
    let pool = S::build(Layout::new::<[u8; 4000]>(), 50);
    let (chunk, kept) = (pool.allocate().unwrap(), pool.allocate().unwrap());
    free::<S>(&pool, chunk);
    write(chunk, 2000);
    done();
    go_on::<S>(&pool);
    free::<S>(&pool, kept);
}

pub(crate) fn read_after_free<S: Sort>() {
    let (pool, chunks) = pool_and_chunks::<S>();
    write(chunks[3], 0);
    free::<S>(&pool, chunks[3]);
    black_box(read(chunks[3]));
    done();
    free_all::<S>(&pool, &chunks, 3);
}

pub(crate) fn read_before_write<S: Sort>() {
    let (pool, chunks) = pool_and_chunks::<S>();
    if read(chunks[3]) == 3 {
        println!("by an accident");
    }
    done();
    free_all::<S>(&pool, &chunks, usize::MAX);
}

/// All but one.
fn free_all<S: Sort>(pool: &S::Handle, chunks: &[NonNull<u8>], but: usize) {
    for (index, &chunk) in chunks.iter().enumerate() {
        if index != but {
            free::<S>(pool, chunk);
        }
    }
}

/// Two chunks side by side.
fn neighbours(chunks: &[NonNull<u8>]) -> (NonNull<u8>, NonNull<u8>) {
    let find = |one: NonNull<u8>| chunks.iter().find(|other| other.addr().get() == one.addr().get() + BYTES);
    chunks.iter().find_map(|&one| Some((one, *find(one)?))).expect("neighbours among so many")
}

pub(crate) fn overrun_into_live<S: Sort>() {
    let pool = S::build(LAYOUT, 200);
    let chunks: Vec<_> = (0..200).map(|_| pool.allocate().unwrap()).collect();
    write(neighbours(&chunks).0, BYTES);
    done();
    free_all::<S>(&pool, &chunks, usize::MAX);
}

pub(crate) fn overrun_into_free<S: Sort>() {
    let pool = S::build(LAYOUT, 200);
    let mut chunks: Vec<_> = (0..200).map(|_| pool.allocate().unwrap()).collect();
    let (one, other) = neighbours(&chunks);
    free::<S>(&pool, other);
    chunks.retain(|&chunk| chunk != other);
    write(one, BYTES);
    done();
    go_on::<S>(&pool);
    free_all::<S>(&pool, &chunks, usize::MAX);
}

pub(crate) fn overrun_into_slack<S: Sort>() {
    let layout = Layout::from_size_align(12, 8).unwrap();
    let pool = S::build(layout, 200);
    let chunk = pool.allocate().unwrap();
    write(chunk, 12);
    done();
    free::<S>(&pool, chunk);
}

/// The last chunk of a segment.
fn last<S: Sort>() -> (S::Handle, Vec<NonNull<u8>>, NonNull<u8>) {
    let pool = S::build(LAYOUT, 200);
    let chunks: Vec<_> = (0..pool.capacity()).map(|_| pool.allocate().unwrap()).collect();
    let last = *chunks.iter().max().unwrap();
    (pool, chunks, last)
}

pub(crate) fn overrun_past_segment<S: Sort>() {
    let (pool, chunks, last) = last::<S>();
    write(last, BYTES);
    done();
    free_all::<S>(&pool, &chunks, usize::MAX);
}

pub(crate) fn overrun_past_segment_by_a_page<S: Sort>() {
    let (pool, chunks, last) = last::<S>();
    (0..4096).for_each(|offset| write(last, BYTES + offset));
    done();
    free_all::<S>(&pool, &chunks, usize::MAX);
}

/// Frees all but one, in a frame of its own that leaves no address behind.
#[inline(never)]
fn lose_one<S: Sort>(pool: &S::Handle) {
    let chunks: Vec<_> = (0..20).map(|_| pool.allocate().unwrap()).collect();
    free_all::<S>(pool, &chunks, 7);
}

pub(crate) fn leak_of_a_closed_pool<S: Sort>() {
    // On a thread of its own, whose stack leaves no address behind.
    let lose = || {
        let pool = S::build(LAYOUT, 200);
        lose_one::<S>(&pool);
    };
    thread::spawn(lose).join().unwrap();
    done();
}

pub(crate) fn leak_in_a_live_pool<S: Sort>() {
    let pool = Box::leak(Box::new(S::build(LAYOUT, 200)));
    lose_one::<S>(pool);
    KEPT.store(std::ptr::from_mut(pool).cast(), std::sync::atomic::Ordering::Relaxed);
    done();
}

/// Where the tools find what is not lost.
static KEPT: std::sync::atomic::AtomicPtr<u8> = std::sync::atomic::AtomicPtr::new(std::ptr::null_mut());
