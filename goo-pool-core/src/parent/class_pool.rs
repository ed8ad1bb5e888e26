//! A pool of many sizes as another pool's parent.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::{ChunksOf, Parent};
use crate::classes::ClassPoolHandle;
#[cfg(feature = "std")]
use crate::classes::SyncClassPoolHandle;

macro_rules! class_pool_as_parent {
    ($handle:ty) => {
        /// Small pieces, such as pools' records and the segments of small pools, come from the classes; what is larger comes from
        /// the pool's own parent.
        // SAFETY: what the pool gives is valid, fits, and is its taker's until it comes back or the last handle goes, which is this
        // one, or a later one.
        unsafe impl Parent for ChunksOf<$handle> {
            fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
                self.pool.allocate(layout).ok().map(NonNull::cast)
            }

            unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
                // SAFETY: it came from this pool for this layout (1), and nobody touches it any more (2).
                unsafe { self.pool.deallocate(ptr, layout) }
            }

            fn allocate_zeroed(&self, layout: Layout) -> Option<NonNull<u8>> {
                self.pool.allocate_zeroed(layout).ok().map(NonNull::cast)
            }

            unsafe fn reallocate(&self, ptr: NonNull<u8>, layout: Layout, new_size: usize) -> Option<NonNull<u8>> {
                let new = Layout::from_size_align(new_size, layout.align()).ok()?;
                let resized = if new_size < layout.size() {
                    // SAFETY: (1) and (3), and the new size is the smaller one.
                    unsafe { self.pool.shrink(ptr, layout, new) }
                } else {
                    // SAFETY: (1) and (3), and the new size is not the smaller one.
                    unsafe { self.pool.grow(ptr, layout, new) }
                };
                resized.ok().map(NonNull::cast)
            }
        }
    };
}

class_pool_as_parent!(ClassPoolHandle);
#[cfg(feature = "std")]
class_pool_as_parent!(SyncClassPoolHandle);
