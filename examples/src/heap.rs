//! What the global allocator is asked for, counted around the system's.
//!
//! A request costs more than its bytes: the system rounds it up and keeps a word in front. On GNU systems
//! both are counted; elsewhere the requested bytes stand in, which flatters `Box`. What is asked for in large
//! aligned pieces, as a pool does, comes with some slack behind it that is counted too, though nobody touches it.
//!
//! ```
//! use goo_pool_examples::heap::{Counting, tally};
//!
//! #[global_allocator]
//! static GLOBAL: Counting = Counting;
//!
//! let (boxed, held) = tally(|| Box::new([0_u8; 100]));
//! assert_eq!(held.objects, 1);
//! assert!(held.bytes >= 100);
//! # drop(boxed);
//! ```

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// What is held between two points in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Bytes taken and not given back.
    pub bytes: usize,
    /// Objects taken and not given back.
    pub objects: usize,
}

/// Runs `build` and tells what its result holds, of what [`Counting`] handed out to this thread.
///
/// # Panics
///
/// In a tally.
pub fn tally<R>(build: impl FnOnce() -> R) -> (R, Tally) {
    TALLY.set(Tally::default());
    let was_counting = COUNTING.replace(true);
    assert!(!was_counting, "a tally inside a tally");
    let result = build();
    COUNTING.set(false);
    (result, TALLY.get())
}

// One of each for a thread, so that tests may run side by side. They have no destructor and never allocate.
thread_local! {
    /// Off during the timings, which then pay for a look at this and no more.
    static COUNTING: Cell<bool> = const { Cell::new(false) };
    static TALLY: Cell<Tally> = const { Cell::new(Tally { bytes: 0, objects: 0 }) };
}

/// The system's allocator, which looks each time whether a [`tally`] is under way.
#[derive(Debug)]
pub struct Counting;

// SAFETY: every request goes to `System` as it came; counting neither unwinds nor allocates.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those of `System::alloc`.
        let ptr = unsafe { System.alloc(layout) };
        if COUNTING.get() {
            count_alloc(ptr, layout);
        }
        ptr
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those of `System::alloc_zeroed`.
        let ptr = unsafe { System.alloc_zeroed(layout) };
        if COUNTING.get() {
            count_alloc(ptr, layout);
        }
        ptr
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        if COUNTING.get() {
            count_dealloc(ptr, layout);
        }
        // SAFETY: `ptr` came from `System` with this layout, as all we hand out does.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let before = if COUNTING.get() { cost(ptr, layout) } else { 0 };
        // SAFETY: `ptr` came from `System` with this layout, and the caller's promises are those of `System::realloc`.
        let resized = unsafe { System.realloc(ptr, layout, new_size) };
        if COUNTING.get() && !resized.is_null() {
            // Its alignment was fine with the old size, and the new one is as the caller promised.
            let layout = Layout::from_size_align(new_size, layout.align()).unwrap_or(layout);
            count_resized(before, cost(resized, layout));
        }
        resized
    }
}

// Wrapping: what was taken before the tally began may be given back during it.

#[cold]
fn count_alloc(ptr: *mut u8, layout: Layout) {
    if !ptr.is_null() {
        let Tally { bytes, objects } = TALLY.get();
        TALLY.set(Tally { bytes: bytes.wrapping_add(cost(ptr, layout)), objects: objects.wrapping_add(1) });
    }
}

#[cold]
fn count_dealloc(ptr: *mut u8, layout: Layout) {
    let Tally { bytes, objects } = TALLY.get();
    TALLY.set(Tally { bytes: bytes.wrapping_sub(cost(ptr, layout)), objects: objects.wrapping_sub(1) });
}

#[cold]
fn count_resized(before: usize, after: usize) {
    let Tally { bytes, objects } = TALLY.get();
    TALLY.set(Tally { bytes: bytes.wrapping_sub(before).wrapping_add(after), objects });
}

/// What an object costs the system's allocator; `ptr` is one that it handed out.
#[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
fn cost(ptr: *mut u8, _: Layout) -> usize {
    use std::ffi::c_void;

    unsafe extern "C" {
        fn malloc_usable_size(ptr: *mut c_void) -> usize;
    }

    // SAFETY: on this target `System` is malloc, and `ptr` is a live object of it.
    let usable = unsafe { malloc_usable_size(ptr.cast()) };
    // One word of malloc's own stands in front of each object.
    usable + size_of::<usize>()
}

#[cfg(not(all(target_os = "linux", target_env = "gnu", not(miri))))]
fn cost(_: *mut u8, layout: Layout) -> usize {
    layout.size()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[global_allocator]
    static GLOBAL: Counting = Counting;

    #[test]
    fn tally_tells_what_is_still_held() {
        let (kept, tally) = tally(|| {
            drop(vec![1_u8; 1000]);
            (Box::new([0_u8; 48]), vec![0_u64; 100])
        });
        assert_eq!(tally.objects, 2);
        assert!((848..1000).contains(&tally.bytes), "{tally:?}");
        drop(kept);
    }

    #[test]
    fn what_is_resized_is_counted_once() {
        let (kept, tally) = tally(|| {
            let mut kept = vec![1_u8; 1000];
            kept.reserve_exact(99_000);
            kept.shrink_to(50_000);
            kept
        });
        assert_eq!(tally.objects, 1);
        assert!((50_000..60_000).contains(&tally.bytes), "{tally:?}");
        drop(kept);
    }
}
