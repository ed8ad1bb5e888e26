//! A pool as another pool's parent: its chunks are the other's segments.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::Parent;
use crate::handle::Handle;

/// A pool whose chunks are other pools' segments.
///
/// A request that fits a chunk takes one, a larger or more aligned one is refused. So pools that come and go pass memory on to each
/// other in pieces of one size, without a gap between them, and a limit on the parent is a limit on all of them together. The parent pool
/// stays open as long as one of its children is there.
///
/// Each child has segments as large as a chunk ([`Parent::piece_size`]); a chunk fits if it has the size and the alignment of the
/// child's [`segment_layout`](crate::Geometry::segment_layout). [`reserve`](crate::RawPool::reserve) asks for one piece, so it gets no
/// more than one chunk at a time. A child's own record takes a whole chunk too, unless it comes from elsewhere: see
/// [`Segregator`](crate::Segregator).
///
/// # Examples
///
/// Blocks of 64 KiB, for whatever pool has use for them:
///
/// ```
/// use std::alloc::Layout;
/// use goo_pool_core::{ChunksOf, Global, Handle, RawPool, Segregator};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let blocks = RawPool::builder(Layout::from_size_align(64 * 1024, 64 * 1024)?).max_chunks(10).build_handle()?;
/// let parent = || Segregator::new(4096, Global, ChunksOf::new(blocks.clone()));
///
/// let words = RawPool::builder(Layout::new::<[u64; 2]>()).parent(parent()).build()?;
/// let lines = RawPool::builder(Layout::new::<[u8; 80]>()).parent(parent()).build()?;
/// for _ in 0..3_000 {
///     words.allocate()?;
///     lines.allocate()?;
/// }
/// assert_eq!(blocks.len(), words.stats().segments + lines.stats().segments);
/// drop(words);
/// assert_eq!(blocks.len(), lines.stats().segments);
/// # Ok(())
/// # }
/// ```
///
/// A thread-safe pool needs a thread-safe parent, `ChunksOf<SyncPoolHandle>`:
///
/// ```compile_fail,E0277
/// # use std::alloc::Layout;
/// # use goo_pool_core::{ChunksOf, RawPool};
/// let blocks = RawPool::builder(Layout::new::<[u64; 512]>()).build_handle().unwrap();
/// let pool = RawPool::builder(Layout::new::<u64>()).parent(ChunksOf::new(blocks)).build_sync();
/// ```
#[derive(Debug, Clone)]
pub struct ChunksOf<H> {
    pub(super) pool: H,
}

impl<H> ChunksOf<H> {
    /// The chunks of this pool as a parent: of a [`PoolHandle`](crate::PoolHandle), or of a `SyncPoolHandle` for thread-safe pools; of a
    /// `ClassPoolHandle` or a `SyncClassPoolHandle`, if pieces are to have many sizes.
    #[must_use]
    pub const fn new(pool: H) -> Self {
        Self { pool }
    }
}

// SAFETY: a chunk is as large and aligned as its layout says (Handle 1), and whoever took it has it alone until it comes back,
// whatever becomes of the handles (Handle 3).
unsafe impl<H: Handle> Parent for ChunksOf<H> {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        let chunk = self.pool.layout();
        if layout.size() <= chunk.size() && layout.align() <= chunk.align() { self.pool.allocate().ok() } else { None }
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, _layout: Layout) {
        // SAFETY: it is one of the pool's chunks, and nobody uses it any more (1, 2).
        unsafe { H::deallocate_dyn(ptr, self.pool.layout()) }
    }

    fn piece_size(&self) -> Option<usize> {
        Some(self.pool.layout().size())
    }
}
