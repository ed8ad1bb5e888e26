//! What the global allocator is asked for, by all threads, counted around the system's.
//!
//! A request costs more than its bytes: the system rounds it up and keeps a word of its own. That is
//! not counted, which flatters `Box`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering::Relaxed};

/// Off during the timings, which then pay for a look at this and no more.
static COUNTING: AtomicBool = AtomicBool::new(false);
static REQUESTS: AtomicIsize = AtomicIsize::new(0);
static BYTES: AtomicIsize = AtomicIsize::new(0);
static MOST_BYTES: AtomicIsize = AtomicIsize::new(0);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally {
    pub(crate) requests: isize,
    /// The most bytes that were held at once.
    pub(crate) most_bytes: isize,
}

/// Runs `work` and tells what all threads asked for meanwhile. One tally at a time.
pub(crate) fn tally<R>(work: impl FnOnce() -> R) -> (R, Tally) {
    for counter in [&REQUESTS, &BYTES, &MOST_BYTES] {
        counter.store(0, Relaxed);
    }
    COUNTING.store(true, Relaxed);
    let result = work();
    COUNTING.store(false, Relaxed);
    (result, Tally { requests: REQUESTS.load(Relaxed), most_bytes: MOST_BYTES.load(Relaxed) })
}

struct Counting;

#[global_allocator]
static GLOBAL: Counting = Counting;

// SAFETY: every request goes to `System` as it came; counting neither unwinds nor allocates.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if COUNTING.load(Relaxed) {
            REQUESTS.fetch_add(1, Relaxed);
            count_bytes(layout.size() as isize);
        }
        // SAFETY: the caller's promises are those of `System::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        if COUNTING.load(Relaxed) {
            count_bytes(-(layout.size() as isize));
        }
        // SAFETY: `ptr` came from `System` with this layout, as all we hand out does.
        unsafe { System.dealloc(ptr, layout) }
    }
    // The others are left to the trait, which makes them of these.
}

fn count_bytes(more: isize) {
    let before = BYTES.fetch_add(more, Relaxed);
    MOST_BYTES.fetch_max(before + more, Relaxed);
}
