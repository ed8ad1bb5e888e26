//! The global allocator as a parent.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::Parent;

/// The global allocator, the default parent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Global;

// SAFETY: the global allocator's contract includes all that ours asks.
unsafe impl Parent for Global {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        if layout.size() == 0 {
            return None;
        }
        // SAFETY: the size is not 0.
        NonNull::new(unsafe { alloc::alloc::alloc(layout) })
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: `ptr` came from `alloc` with this layout (1).
        unsafe { alloc::alloc::dealloc(ptr.as_ptr(), layout) }
    }

    fn allocate_zeroed(&self, layout: Layout) -> Option<NonNull<u8>> {
        if layout.size() == 0 {
            return None;
        }
        // SAFETY: the size is not 0.
        NonNull::new(unsafe { alloc::alloc::alloc_zeroed(layout) })
    }

    unsafe fn reallocate(&self, ptr: NonNull<u8>, layout: Layout, new_size: usize) -> Option<NonNull<u8>> {
        // SAFETY: (1) to (3).
        NonNull::new(unsafe { alloc::alloc::realloc(ptr.as_ptr(), layout, new_size) })
    }
}
