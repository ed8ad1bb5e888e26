//! Pools of one layout: every request that fits takes a chunk, others fail.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::{Memory, nothing};
use crate::raw_pool::RawPool;
#[cfg(feature = "std")]
use crate::sync::SyncRawPool;

/// Whether memory for `layout` fits into a chunk of `chunk`.
const fn fits(layout: Layout, chunk: Layout) -> bool {
    layout.size() <= chunk.size() && layout.align() <= chunk.align()
}

macro_rules! memory {
    ($pool:ident) => {
        // SAFETY: memory is a chunk of this layout (`fits`), or none.
        unsafe impl Memory for $pool {
            #[inline]
            fn allocate(&self, layout: Layout) -> Option<NonNull<[u8]>> {
                let chunk = self.layout();
                match layout.size() {
                    0 => Some(nothing(layout)),
                    _ if !fits(layout, chunk) => None,
                    _ => Some(NonNull::slice_from_raw_parts($pool::allocate(self).ok()?, chunk.size())),
                }
            }

            #[inline]
            fn allocate_zeroed(&self, layout: Layout) -> Option<NonNull<[u8]>> {
                let memory = Memory::allocate(self, layout)?.cast::<u8>();
                // SAFETY: it is ours and has at least this size.
                unsafe { memory.write_bytes(0, layout.size()) };
                // No longer than what is 0.
                Some(NonNull::slice_from_raw_parts(memory, layout.size()))
            }

            #[inline]
            unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
                // What was given as nothing comes back as nothing, and nothing else does.
                if layout.size() != 0 {
                    // SAFETY: so it is one of our chunks (1), (2).
                    unsafe { $pool::deallocate(self, ptr) };
                }
            }

            #[inline]
            unsafe fn resize(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Option<NonNull<[u8]>> {
                let chunk = self.layout();
                if old.size() == 0 {
                    Memory::allocate(self, new)
                } else if new.size() == 0 {
                    // SAFETY: (1), (2).
                    unsafe { Memory::deallocate(self, ptr, old) };
                    Some(nothing(new))
                } else {
                    fits(new, chunk).then(|| NonNull::slice_from_raw_parts(ptr, chunk.size()))
                }
            }
        }
    };
}

memory!(RawPool);
#[cfg(feature = "std")]
memory!(SyncRawPool);
