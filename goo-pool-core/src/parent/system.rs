//! The system's allocator as a parent.

use std::alloc::{GlobalAlloc, Layout};
use std::ptr::NonNull;

use super::Parent;

/// The system's allocator, whatever the program's global one is: the parent of a pool that is the global allocator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct System;

// SAFETY: the contract of the system's allocator includes all that ours asks.
unsafe impl Parent for System {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        if layout.size() == 0 {
            return None;
        }
        // SAFETY: the size is not 0.
        NonNull::new(unsafe { GlobalAlloc::alloc(&std::alloc::System, layout) })
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: `ptr` came from `alloc` with this layout (1).
        unsafe { GlobalAlloc::dealloc(&std::alloc::System, ptr.as_ptr(), layout) }
    }

    fn allocate_zeroed(&self, layout: Layout) -> Option<NonNull<u8>> {
        if layout.size() == 0 {
            return None;
        }
        // SAFETY: the size is not 0.
        NonNull::new(unsafe { GlobalAlloc::alloc_zeroed(&std::alloc::System, layout) })
    }

    unsafe fn reallocate(&self, ptr: NonNull<u8>, layout: Layout, new_size: usize) -> Option<NonNull<u8>> {
        // SAFETY: (1) to (3).
        NonNull::new(unsafe { GlobalAlloc::realloc(&std::alloc::System, ptr.as_ptr(), layout, new_size) })
    }
}
