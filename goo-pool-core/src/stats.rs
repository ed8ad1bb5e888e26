//! What a pool holds, computed when somebody asks.

use core::fmt;

/// A pool's numbers at one moment.
///
/// Nothing of this is counted while the pool works; [`RawPool::stats`](crate::RawPool::stats) adds up the
/// bitmaps, so it costs one step for each 64 chunks.
///
/// # Examples
///
/// ```
/// use std::alloc::Layout;
/// use goo_pool_core::RawPool;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = RawPool::builder(Layout::new::<[u8; 48]>()).capacity(100).build()?;
/// let _live = pool.allocate()?;
/// let stats = pool.stats();
/// assert_eq!(stats.live_chunks, 1);
/// assert_eq!(stats.free_chunks + stats.live_chunks, stats.total_chunks);
/// println!("{stats}");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Stats {
    /// Chunks the pool can hand out without growing, live ones included.
    pub total_chunks: usize,
    /// Chunks that are not handed out.
    pub free_chunks: usize,
    /// Chunks that are handed out, to rows and reservations too.
    pub live_chunks: usize,
    /// Blocks in all segments, those never used included.
    pub blocks: usize,
    /// Pieces of memory held from the parent allocator, the pool's own record not counted.
    pub segments: usize,
    /// Bytes held from the parent allocator, the pool's own record included.
    pub bytes_reserved: usize,
    /// The part of `bytes_reserved` that is not the values' own size: records, bitmaps, padding.
    pub bytes_overhead: usize,
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} chunks live; blocks: {}, segments: {}; {} bytes reserved, {} of them overhead",
            self.live_chunks, self.total_chunks, self.blocks, self.segments, self.bytes_reserved, self.bytes_overhead,
        )
    }
}
