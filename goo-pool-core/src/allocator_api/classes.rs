//! Pools of many sizes: they do already what an allocator does.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::Memory;
use crate::classes::ClassPool;
#[cfg(feature = "std")]
use crate::classes::SyncClassPool;

macro_rules! memory {
    ($pool:ident) => {
        // SAFETY: that is what the pool's own functions promise.
        unsafe impl Memory for $pool {
            #[inline]
            fn allocate(&self, layout: Layout) -> Option<NonNull<[u8]>> {
                self.allocate_or_none(layout)
            }

            #[inline]
            fn allocate_zeroed(&self, layout: Layout) -> Option<NonNull<[u8]>> {
                $pool::allocate_zeroed(self, layout).ok()
            }

            #[inline]
            unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
                // SAFETY: (1), (2).
                unsafe { $pool::deallocate(self, ptr, layout) };
            }

            #[inline]
            unsafe fn resize(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Option<NonNull<[u8]>> {
                if new.size() < old.size() {
                    // SAFETY: (1), (2).
                    unsafe { self.shrink(ptr, old, new) }.ok()
                } else {
                    // SAFETY: (1), (2).
                    unsafe { self.grow(ptr, old, new) }.ok()
                }
            }
        }
    };
}

memory!(ClassPool);
#[cfg(feature = "std")]
memory!(SyncClassPool);
