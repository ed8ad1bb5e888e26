//! Two parents, told apart by the size of a request.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::Parent;

/// Small pieces from one parent, large ones from another. (The name is that of `std.experimental.allocator` of D.)
///
/// A pool asks for large pieces, its segments, and for a few small ones, its own records. A parent that has pieces of one size alone, such as
/// [another pool](crate::ChunksOf), is then for the large ones.
///
/// # Examples
///
/// ```
/// use std::alloc::Layout;
/// use goo_pool_core::{ChunksOf, Global, Handle, RawPool, Segregator};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let blocks = RawPool::builder(Layout::from_size_align(4096, 4096)?).build_handle()?;
/// let parent = Segregator::new(1024, Global, ChunksOf::new(blocks.clone()));
/// let pool = RawPool::builder(Layout::new::<u32>()).chunks_per_block(900).parent(parent).build()?;
/// assert_eq!(blocks.len(), 0);
/// pool.allocate()?;
/// assert_eq!((blocks.len(), pool.capacity()), (1, 960));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Segregator<S, L> {
    limit: usize,
    small: S,
    large: L,
}

impl<S, L> Segregator<S, L> {
    /// Requests for at most `limit` bytes go to `small`, all others to `large`.
    #[must_use]
    pub const fn new(limit: usize, small: S, large: L) -> Self {
        Self { limit, small, large }
    }
}

// SAFETY: both parents keep the contract, and the layout says which one a piece came from, since the limit never changes.
unsafe impl<S: Parent, L: Parent> Parent for Segregator<S, L> {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        if layout.size() <= self.limit { self.small.allocate(layout) } else { self.large.allocate(layout) }
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        if layout.size() <= self.limit {
            // SAFETY: (1) and (2); a piece of this size came from there.
            unsafe { self.small.deallocate(ptr, layout) }
        } else {
            // SAFETY: (1) and (2); a piece of this size came from there.
            unsafe { self.large.deallocate(ptr, layout) }
        }
    }

    fn allocate_zeroed(&self, layout: Layout) -> Option<NonNull<u8>> {
        if layout.size() <= self.limit {
            self.small.allocate_zeroed(layout)
        } else {
            self.large.allocate_zeroed(layout)
        }
    }

    unsafe fn reallocate(&self, ptr: NonNull<u8>, layout: Layout, new_size: usize) -> Option<NonNull<u8>> {
        match (layout.size() <= self.limit, new_size <= self.limit) {
            // SAFETY: (1) to (3); a piece of either size is from there.
            (true, true) => unsafe { self.small.reallocate(ptr, layout, new_size) },
            // SAFETY: the same.
            (false, false) => unsafe { self.large.reallocate(ptr, layout, new_size) },
            _ => None,
        }
    }

    // A pool's record is small; whatever it asks for later is not.
    answers_of!(self => self.large);
}
