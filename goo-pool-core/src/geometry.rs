//! Sizes: how chunks of one [`Layout`] lie in a block, and which chunk an address is.
//!
//! Pure arithmetic on numbers, usable in `const`: a typed pool computes its geometry while it is
//! compiled, so that an address becomes a bit's number with a few constant shifts. That takes inlining, also
//! where the compiler would not bother (`inline(always)`): with calls, `word_index` tore down slower than `Box`.

use core::alloc::Layout;
use core::ops::Deref;

use crate::error::LayoutTooLarge;

/// Bytes at the start of a block before its bitmap: the block's header and, in a segment's first
/// block, the segment's record.
pub(crate) const HEADER_BYTES: usize = 128;
/// Chunks one bitmap word stands for.
pub(crate) const WORD_BITS: usize = 64;
/// A block has at most this many chunks, so that one summary word covers its bitmap.
pub(crate) const MAX_CHUNKS: usize = WORD_BITS * WORD_BITS;
/// The same for a block that several threads free into: before its bitmap come the marks of remote frees and a
/// bitmap of what they freed, on cache lines of their own.
pub(crate) const SHARED_HEADER_BYTES: usize = REMOTE_WORDS + MAX_BITMAP_BYTES;
/// Where the marks are in such a block, and the bitmap of remote frees, sized for every geometry.
pub(crate) const MARKS: usize = HEADER_BYTES;
pub(crate) const REMOTE_WORDS: usize = MARKS + LINE;
/// What a block's bitmap takes at most.
const MAX_BITMAP_BYTES: usize = MAX_BITMAP_WORDS * 8;
pub(crate) const MAX_BITMAP_WORDS: usize = MAX_CHUNKS / WORD_BITS;
/// The size of a block for chunks of 16 bytes to about 3 KiB.
const USUAL_BLOCK: usize = 64 * 1024;
/// No block is smaller than this, unless a hint asks for it.
const LEAST_BLOCK: usize = 4096;
/// And then not than this, which has room for a few chunks at least.
const LEAST_HINTED_BLOCK: usize = 2 * HEADER_BYTES;
/// Chunks start on a cache line where that costs nothing else.
const LINE: usize = 64;
/// [`Stored::reciprocal`] is a fraction of `2^RECIPROCAL_SHIFT`.
const RECIPROCAL_SHIFT: u32 = 48;
/// Larger blocks are refused: an index is exact below `2^RECIPROCAL_SHIFT` only, and a segment of
/// blocks must stay well below `isize::MAX`.
const MAX_BLOCK: usize = 1 << if usize::BITS >= 64 { RECIPROCAL_SHIFT - 2 } else { usize::BITS - 3 };

/// How chunks of one layout lie in a block.
///
/// ```text
/// base ▼ (multiple of the block size)       first ▼◄ stride ►
///      ┌──────────────┬──────────────────────────┬────────┬─ ─ ─┬────────┬──────┐
///      │ header       │ bitmap, 1 bit per chunk  │ chunk 0│     │ chunk n│ tail │
///      └──────────────┴──────────────────────────┴────────┴─ ─ ─┴────────┴──────┘
/// ```
///
/// It is a pure function of the layout, so a handle that knows its value's layout needs no more than
/// the value's address to find the pool.
///
/// # Examples
///
/// ```
/// use std::alloc::Layout;
/// use goo_pool_core::Geometry;
///
/// const GEOMETRY: Geometry = match Geometry::new(Layout::new::<[u64; 8]>()) {
///     Ok(geometry) => geometry,
///     Err(_) => panic!("too large for a pool"),
/// };
/// assert_eq!(GEOMETRY.block_size(), 64 * 1024);
/// assert_eq!(GEOMETRY.chunks_per_block(), 1020);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    stride: usize,
    align: usize,
    /// The block size less one: what of an address is an offset in its block.
    mask: usize,
    first: usize,
    chunks: usize,
}

impl Geometry {
    /// The geometry for chunks of `layout`: blocks of 64 KiB for chunks of 16 bytes to 3 KiB, smaller
    /// ones below, larger ones above, so that header and tail take at most 1/16 of a block. (Below 16
    /// bytes the bitmap itself weighs more: up to 1/6 for chunks of one byte.)
    ///
    /// A segment is aligned to the block size, so chunks of some MiB ask the parent for an alignment of 16 to 32
    /// times as much. That is address space, not memory.
    ///
    /// # Errors
    ///
    /// [`LayoutTooLarge`] if a block of 16 such chunks does not fit into the address space.
    #[inline(always)]
    pub const fn new(layout: Layout) -> Result<Self, LayoutTooLarge> {
        Self::behind_header(layout, HEADER_BYTES)
    }

    /// The geometry for chunks of `layout` in a thread-safe pool: as [`new`](Self::new), with a longer header.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    #[inline(always)]
    pub const fn new_shared(layout: Layout) -> Result<Self, LayoutTooLarge> {
        Self::behind_header(layout, SHARED_HEADER_BYTES)
    }

    #[inline(always)]
    const fn behind_header(layout: Layout, header: usize) -> Result<Self, LayoutTooLarge> {
        let Some(stride) = stride_of(layout) else { return Err(LayoutTooLarge { layout }) };
        let block = match block_for(stride, layout.align(), header) {
            Some(block) if block <= MAX_BLOCK => block,
            _ => return Err(LayoutTooLarge { layout }),
        };
        Ok(Self::in_block(stride, layout.align(), block, header))
    }

    /// The geometry of a [`RawPool`] that was built with
    /// [`chunks_per_block(chunks)`](crate::RawPoolBuilder::chunks_per_block): the smallest blocks that hold so many chunks.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    ///
    /// [`RawPool`]: crate::RawPool
    pub const fn with_chunks_per_block(layout: Layout, chunks: usize) -> Result<Self, LayoutTooLarge> {
        Self::with_chunks(layout, chunks, HEADER_BYTES)
    }

    /// The geometry whose blocks hold at least `chunks` chunks: the smallest power of two that does, not
    /// below 256 bytes. More than 3968 chunks may be cut down to what one block can hold (4096).
    ///
    /// Typed handles find their pool through [`Geometry::new`] alone, so this is for [`RawPool`] only.
    ///
    /// [`RawPool`]: crate::RawPool
    pub(crate) const fn with_chunks(layout: Layout, chunks: usize, header: usize) -> Result<Self, LayoutTooLarge> {
        let wanted = if chunks > MAX_CHUNKS { MAX_CHUNKS } else { chunks };
        let Some(stride) = stride_of(layout) else { return Err(LayoutTooLarge { layout }) };
        let mut block = LEAST_HINTED_BLOCK;
        while block <= MAX_BLOCK {
            if header < block && first_for(stride, layout.align(), block, header) < block {
                let geometry = Self::in_block(stride, layout.align(), block, header);
                if geometry.chunks >= wanted && geometry.chunks > 0 {
                    return Ok(geometry);
                }
            }
            block *= 2;
        }
        Err(LayoutTooLarge { layout })
    }

    /// The block size alone, for a layout that has a geometry: a few instructions.
    #[inline(always)]
    pub(crate) const fn block_size_of(layout: Layout, header: usize) -> usize {
        let size = if layout.size() == 0 { 1 } else { layout.size() };
        match block_for(size.next_multiple_of(layout.align()), layout.align(), header) {
            Some(block) => block,
            None => unreachable!(),
        }
    }

    #[inline(always)]
    const fn in_block(stride: usize, align: usize, block: usize, header: usize) -> Self {
        let first = first_for(stride, align, block, header);
        Self { stride, align, mask: block - 1, first, chunks: least(MAX_CHUNKS, (block - first) / stride) }
    }

    /// Bytes from one chunk to the next: the layout's size, at least 1, rounded up to its alignment.
    #[must_use]
    #[inline]
    pub const fn stride(&self) -> usize {
        self.stride
    }

    /// A block's size in bytes, a power of two; a block's address is a multiple of it.
    #[must_use]
    #[inline]
    pub const fn block_size(&self) -> usize {
        self.mask + 1
    }

    /// How many chunks a full block has, 1 to 4096.
    #[must_use]
    #[inline]
    pub const fn chunks_per_block(&self) -> usize {
        self.chunks
    }

    /// Bytes from a block's base to its first chunk.
    #[inline]
    pub(crate) const fn first(&self) -> usize {
        self.first
    }

    /// How far an address lies behind its block's base.
    #[inline]
    pub(crate) const fn offset_in_block(&self, address: usize) -> usize {
        address & self.mask
    }

    /// Bytes from a block's base to chunk `index`.
    #[inline]
    pub(crate) const fn offset_of(&self, index: usize) -> usize {
        self.first + index * self.stride
    }

    /// The number of the chunk that starts at `offset`, if one does. For any offset within a block.
    pub(crate) const fn exact_index(&self, offset: usize) -> Option<usize> {
        if offset < self.first || (offset - self.first) % self.stride != 0 {
            return None;
        }
        Some((offset - self.first) / self.stride)
    }

    /// What a pool asks its parent for when it takes a segment of `chunks` chunks: whole blocks, but the last one ends with
    /// its last chunk. `None` for no chunk, or if that is more than the address space.
    ///
    /// # Examples
    ///
    /// How large and how aligned memory must be to hold 1,000 chunks:
    ///
    /// ```
    /// use std::alloc::Layout;
    /// use goo_pool_core::Geometry;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let segment = Geometry::new(Layout::new::<[u64; 8]>())?.segment_layout(1_000).unwrap();
    /// assert_eq!((segment.size(), segment.align()), (64_256, 65_536));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub const fn segment_layout(&self, chunks: usize) -> Option<Layout> {
        if chunks == 0 {
            return None;
        }
        let blocks_before = (chunks - 1) / self.chunks;
        // A segment's record counts blocks in 32 bits.
        if blocks_before >= u32::MAX as usize {
            return None;
        }
        let in_last = chunks - blocks_before * self.chunks;
        let Some(before) = blocks_before.checked_mul(self.block_size()) else { return None };
        let Some(size) = before.checked_add(self.bytes_for(in_last)) else { return None };
        match Layout::from_size_align(size, self.block_size()) {
            Ok(layout) => Some(layout),
            Err(_) => None,
        }
    }

    /// Bytes that a block with `chunks` chunks takes from its base to the end of the last one.
    pub(crate) const fn bytes_for(&self, chunks: usize) -> usize {
        self.first + chunks * self.stride
    }
}

/// How the fast path finds a chunk's bit. By value: a heap's own geometry ends with the heap, perhaps in the very
/// call that it is an argument of.
pub(crate) trait Shape: Copy {
    /// What of an address is an offset in its block.
    fn mask(self) -> usize;

    /// The number of the chunk at `address`, which is a chunk's, in its block.
    fn index_of(self, address: usize) -> usize;
}

/// A geometry that is a constant where it is used: the compiler turns the division into shifts.
impl Shape for Geometry {
    #[inline(always)]
    fn mask(self) -> usize {
        self.mask
    }

    #[inline(always)]
    fn index_of(self, address: usize) -> usize {
        (self.offset_in_block(address) - self.first) / self.stride
    }
}

/// A geometry that is data: with the reciprocal of its stride, so that an index costs a multiplication.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored {
    geometry: Geometry,
    /// `2^RECIPROCAL_SHIFT / stride`, rounded up.
    reciprocal: u64,
}

impl Stored {
    pub(crate) const fn new(geometry: Geometry) -> Self {
        Self { geometry, reciprocal: (1u64 << RECIPROCAL_SHIFT).div_ceil(geometry.stride as u64) }
    }
}

impl Deref for Stored {
    type Target = Geometry;

    #[inline(always)]
    fn deref(&self) -> &Geometry {
        &self.geometry
    }
}

impl Shape for Stored {
    #[inline(always)]
    fn mask(self) -> usize {
        self.geometry.mask
    }

    /// Exact for a chunk's address: the error of the rounded-up reciprocal, times the offset, is below one.
    #[inline(always)]
    fn index_of(self, address: usize) -> usize {
        let behind_first = (self.offset_in_block(address) - self.first) as u64;
        ((behind_first * self.reciprocal) >> RECIPROCAL_SHIFT) as usize
    }
}

/// Adjacent chunks are this far apart: distinct addresses also for zero-sized layouts.
#[inline(always)]
const fn stride_of(layout: Layout) -> Option<usize> {
    let size = if layout.size() == 0 { 1 } else { layout.size() };
    size.checked_next_multiple_of(layout.align())
}

/// The block size as a closed form, cheap enough to be computed when a `dyn` value is dropped.
///
/// From 16 bytes on, a block is at least 16 times its header and one chunk, which bounds header and
/// tail to 1/16. Below, it is what about 4096 chunks take.
#[inline(always)]
const fn block_for(stride: usize, align: usize, header: usize) -> Option<usize> {
    if stride < 16 {
        return Some(LEAST_BLOCK << stride.ilog2());
    }
    let header = (header + MAX_BITMAP_BYTES).next_multiple_of(if align > LINE { align } else { LINE });
    let Some(sixteenth) = stride.checked_add(header) else { return None };
    let Some(wanted) = sixteenth.checked_mul(16) else { return None };
    match wanted.checked_next_power_of_two() {
        Some(block) if block < USUAL_BLOCK => Some(USUAL_BLOCK),
        other => other,
    }
}

/// The first chunk comes behind a bitmap for as many chunks as would fit without one.
#[inline(always)]
const fn first_for(stride: usize, align: usize, block: usize, header: usize) -> usize {
    let most = least(MAX_CHUNKS, (block - header) / stride);
    let bitmap = most.div_ceil(WORD_BITS) * 8;
    (header + bitmap).next_multiple_of(if align > LINE { align } else { LINE })
}

#[inline(always)]
const fn least(a: usize, b: usize) -> usize {
    if a < b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layouts() -> impl Iterator<Item = Layout> {
        let sizes = (0..300).chain([511, 1000, 3456, 3457, 4095, 4096, 4097, 65_535, 65_536, 1 << 20, (5 << 20) + 3]);
        sizes.flat_map(|size| (0..=16).map(move |shift| Layout::from_size_align(size, 1 << shift).unwrap()))
    }

    #[test]
    fn every_chunk_is_aligned_and_lies_in_its_block() {
        for layout in layouts() {
            let geometry = Geometry::new(layout).unwrap();
            assert!(geometry.block_size().is_power_of_two());
            assert!((1..=MAX_CHUNKS).contains(&geometry.chunks), "{layout:?}");
            assert!(geometry.first >= HEADER_BYTES + geometry.chunks.div_ceil(WORD_BITS) * 8, "{layout:?}");
            assert_eq!(geometry.first % layout.align(), 0);
            assert_eq!(geometry.stride % layout.align(), 0);
            assert!(geometry.block_size() % layout.align() == 0);
            assert!(geometry.bytes_for(geometry.chunks) <= geometry.block_size());
        }
    }

    #[test]
    fn an_index_and_its_offset_are_inverse() {
        for layout in layouts() {
            let geometry = Geometry::new(layout).unwrap();
            for index in 0..geometry.chunks {
                let offset = geometry.offset_of(index);
                let address = 3 * geometry.block_size() + offset;
                assert_eq!(geometry.index_of(address), index, "{layout:?}");
                assert_eq!(Stored::new(geometry).index_of(address), index, "{layout:?}");
                assert_eq!(geometry.exact_index(offset), Some(index), "{layout:?}");
                assert!(geometry.stride == 1 || geometry.exact_index(offset + 1).is_none());
            }
        }
    }

    #[test]
    fn header_and_tail_take_at_most_a_sixteenth() {
        for layout in layouts() {
            let geometry = Geometry::new(layout).unwrap();
            let wasted = geometry.block_size() - geometry.chunks * geometry.stride;
            let bound = if geometry.stride < 16 { geometry.block_size() / 6 } else { geometry.block_size() / 16 };
            assert!(wasted <= bound, "{layout:?}: {wasted} of {}", geometry.block_size());
        }
    }

    #[test]
    fn a_hint_is_rounded_up() {
        for layout in layouts() {
            for hint in [0, 1, 10, 64, 1000] {
                let geometry = Geometry::with_chunks(layout, hint, HEADER_BYTES).unwrap();
                assert!(geometry.chunks >= hint.max(1), "{layout:?}, {hint}: {}", geometry.chunks);
            }
            assert!(Geometry::with_chunks(layout, usize::MAX, HEADER_BYTES).unwrap().chunks == MAX_CHUNKS);
        }
    }

    #[test]
    fn a_layout_beyond_the_address_space_is_refused() {
        for (size, align) in [(isize::MAX as usize, 1), (1 << (usize::BITS - 3), 1), (1, 1 << (usize::BITS - 2))] {
            let layout = Layout::from_size_align(size, align).unwrap();
            assert!(Geometry::new(layout).is_err());
            assert!(Geometry::with_chunks(layout, 1, HEADER_BYTES).is_err());
        }
    }
}
