//! What the tests of the thread-safe pool need.
#![allow(dead_code, reason = "each test uses a part")]

use std::alloc::Layout;
use std::cell::Cell;
use std::collections::HashMap;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use goo_pool_core::{Global, Parent};

thread_local! {
    static HOME: Cell<u32> = const { Cell::new(0) };
}

/// Where this thread is from now on, to the parents here that know of homes.
pub(crate) fn set_home(home: u32) {
    HOME.set(home);
}

pub(crate) fn home() -> u32 {
    HOME.get()
}

/// A parent for many threads that knows what it gave, and that threads have homes.
#[derive(Clone, Default)]
pub(crate) struct SyncWatched(pub(crate) Arc<SyncWatch>);

#[derive(Default)]
pub(crate) struct SyncWatch {
    held: Mutex<HashMap<usize, Layout>>,
    pub(crate) calls: AtomicUsize,
}

impl SyncWatch {
    pub(crate) fn pieces(&self) -> usize {
        self.held.lock().unwrap().len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.held.lock().unwrap().values().map(Layout::size).sum()
    }

    /// Address and layout of each piece that the pools have now.
    pub(crate) fn held(&self) -> Vec<(usize, Layout)> {
        self.held.lock().unwrap().iter().map(|(&address, &layout)| (address, layout)).collect()
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Relaxed)
    }
}

// SAFETY: all memory comes from `Global`.
unsafe impl Parent for SyncWatched {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        assert_ne!(layout.size(), 0, "a pool never asks for nothing");
        self.0.calls.fetch_add(1, Relaxed);
        let ptr = Global.allocate(layout)?;
        self.0.held.lock().unwrap().insert(ptr.addr().get(), layout);
        Some(ptr)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        self.0.calls.fetch_add(1, Relaxed);
        let known = self.0.held.lock().unwrap().remove(&ptr.addr().get());
        assert_eq!(known, Some(layout), "given back what was not given, or with another layout");
        // Whoever still reads it finds nonsense.
        // SAFETY: it is ours until the next line.
        unsafe { ptr.write_bytes(0xdf, layout.size()) };
        // SAFETY: it came from `Global` with this layout, as just seen.
        unsafe { Global.deallocate(ptr, layout) };
    }

    fn home(&self) -> u32 {
        home()
    }
}

/// Pieces that pools hold from `Counted`.
pub(crate) static PIECES: AtomicUsize = AtomicUsize::new(0);

/// Counts, and no more: without a lock, which would order what the threads do.
pub(crate) struct Counted;

// SAFETY: all memory comes from `Global`.
unsafe impl Parent for Counted {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        PIECES.fetch_add(1, Relaxed);
        Global.allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        PIECES.fetch_sub(1, Relaxed);
        // SAFETY: ours until the next line. Who still reads it finds nonsense.
        unsafe { ptr.write_bytes(0xdf, layout.size()) };
        // SAFETY: it came from `Global` with this layout.
        unsafe { Global.deallocate(ptr, layout) };
    }
}

/// A live chunk, on its way between threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sent(pub(crate) NonNull<u8>);

// SAFETY: a chunk is memory that whoever has it may use.
unsafe impl Send for Sent {}

impl Sent {
    /// Writes a value that no other live chunk has, at both ends of a chunk of at least 16 bytes.
    pub(crate) fn stamp(self, size: usize) {
        let cookie = self.0.addr().get() as u64 ^ 0x9e37_79b9_7f4a_7c15;
        // SAFETY: the chunk is ours and has `size` bytes.
        unsafe { self.0.cast::<u64>().write_unaligned(cookie) };
        // SAFETY: the same.
        let end = unsafe { self.0.byte_add(size - 8) }.cast::<u64>();
        // SAFETY: the same.
        unsafe { end.write_unaligned(!cookie) };
    }

    /// Fails if somebody else wrote into the chunk; wipes it, so that a second owner would fail.
    pub(crate) fn check(self, size: usize) {
        let cookie = self.0.addr().get() as u64 ^ 0x9e37_79b9_7f4a_7c15;
        // SAFETY: the chunk is ours and was stamped.
        assert_eq!(unsafe { self.0.cast::<u64>().read_unaligned() }, cookie, "two owners of one chunk");
        // SAFETY: the same.
        let end = unsafe { self.0.byte_add(size - 8) }.cast::<u64>();
        // SAFETY: the same.
        assert_eq!(unsafe { end.read_unaligned() }, !cookie);
        // SAFETY: the same.
        unsafe { self.0.write_bytes(0, size) };
    }
}

/// A small random number generator.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end
    }
}
