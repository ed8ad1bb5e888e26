//! A fixed piece of memory as a parent: no heap at all.
//!
//! What is free is a list of *holes* in address order; each holds its own entry, so nothing is kept beside them. A piece
//! comes from the upper end of the first hole that has room for it: then the hole's entry stays where it is, and a
//! pool's record leaves the aligned start of the memory to the segments. (First fit in address order, with neighbours
//! joined when a piece comes back, is Knuth's: The Art of Computer Programming, 2.5.)

use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::iter;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::Parent;

/// Memory that was there from the start, such as a `static`: a parent for pools where there is no heap.
///
/// Pieces come back in any order and serve again; neighbours that are free are joined. A request that does not fit is
/// refused, and the pool's error says what was asked for. A request and a return take one step for each hole.
///
/// It belongs to one thread at a time. One pool takes it by value; several share it as `&'static FixedMemory`. To use it from
/// several threads, put it into a lock: with `std`, `LockedParent` makes any parent one for a thread-safe pool.
///
/// # What a pool needs
///
/// A pool asks for its record, and then for one piece a segment, aligned to its *block size*. Both are known while the
/// program is compiled: [`RawPool::record_layout`](crate::RawPool::record_layout) and
/// [`Geometry::segment_layout`](crate::Geometry::segment_layout). Where the memory starts at a multiple of the block size, the sum
/// of both (by [`bytes_for`](Self::bytes_for)) is enough; elsewhere up to one block more.
///
/// Pools without a hint, and so all typed ones, have blocks of 64 KiB for most layouts, and each of their segments starts at
/// a multiple of that, however short it is. Where memory is counted in kilobytes, give
/// [`chunks_per_block`](crate::RawPoolBuilder::chunks_per_block): it makes blocks as small as 256 bytes. For a pool that grows, let
/// segments be whole blocks ([`first_segment`](crate::RawPoolBuilder::first_segment) and
/// [`max_segment`](crate::RawPoolBuilder::max_segment)): nothing can be aligned to the block size in the place that a shorter one leaves.
///
/// # Examples
///
/// A pool for 24 readings in 1.5 KiB, without a heap. (`ConstStaticCell` is from the crate `static_cell`; it hands the `static` out once.)
///
/// ```
/// use core::{alloc::Layout, mem::MaybeUninit};
/// use goo_pool_core::{FixedMemory, Geometry, RawPool};
/// use static_cell::ConstStaticCell;
///
/// const READING: Layout = Layout::new::<[f32; 8]>();
/// const CHUNKS: usize = 24;
/// const GEOMETRY: Geometry = match Geometry::with_chunks_per_block(READING, CHUNKS) {
///     Ok(geometry) => geometry,
///     Err(_) => panic!("too large for a pool"),
/// };
/// const BYTES: usize = FixedMemory::bytes_for(GEOMETRY.segment_layout(CHUNKS).unwrap())
///     + FixedMemory::bytes_for(RawPool::record_layout::<FixedMemory>());
///
/// // A segment starts at a multiple of the block size.
/// #[repr(align(1024))]
/// struct Memory([MaybeUninit<u8>; BYTES]);
/// const _: () = assert!(GEOMETRY.block_size() == 1024 && BYTES <= 1536);
///
/// static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory([MaybeUninit::uninit(); BYTES]));
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let memory = FixedMemory::new(&mut MEMORY.take().0);
/// let pool = RawPool::builder_in(READING, memory).chunks_per_block(CHUNKS).capacity(CHUNKS).max_chunks(CHUNKS).build()?;
/// for _ in 0..CHUNKS {
///     pool.allocate()?;
/// }
/// assert!(pool.allocate().is_err());
/// # Ok(())
/// # }
/// ```
pub struct FixedMemory {
    /// The memory as it was given: all pointers are made from this one, so each may be used for all of it.
    base: NonNull<u8>,
    bytes: usize,
    /// The lowest hole.
    first: Cell<Option<HolePtr>>,
}

/// What a hole says of itself, at its start.
struct Hole {
    bytes: Cell<usize>,
    next: Cell<Option<HolePtr>>,
}

/// A hole in the list. Invariant: so many bytes from here on are nobody's; it starts and ends at a multiple of `GRAIN`, and ends
/// before the next one starts.
#[derive(Clone, Copy, PartialEq, Eq)]
struct HolePtr(NonNull<Hole>);

/// Pieces start at multiples of this and have multiples of this in bytes, so that each can be a hole later: two words.
const GRAIN: usize = size_of::<Hole>();

const _: () = assert!(GRAIN.is_power_of_two() && GRAIN >= align_of::<Hole>());

// SAFETY: what is free is nobody else's and comes along; the rest is not touched. (Not `Sync`: the list is in cells.)
unsafe impl Send for FixedMemory {}

impl FixedMemory {
    /// A parent that gives pieces of `memory`. Up to 15 bytes at each end may be too few to be of use.
    #[must_use]
    pub fn new(memory: &'static mut [MaybeUninit<u8>]) -> Self {
        let bytes = memory.len();
        let base = NonNull::from(memory).cast::<u8>();
        let start = base.addr().get();
        let fixed = Self { base, bytes, first: Cell::new(None) };
        let end = (start + bytes) / GRAIN * GRAIN;
        if let Some(whole) = end.checked_sub(start.next_multiple_of(GRAIN)).filter(|&whole| whole != 0) {
            // SAFETY: the start is rounded up within the memory, since something is left of it.
            let place = unsafe { base.byte_add(start.next_multiple_of(GRAIN) - start) };
            // SAFETY: it is ours for ever, in multiples of `GRAIN`, and no other hole is there.
            fixed.first.set(Some(unsafe { HolePtr::write(place, whole, None) }));
        }
        fixed
    }

    /// What a piece of `layout` takes: its size, rounded up to two words.
    #[must_use]
    pub const fn bytes_for(layout: Layout) -> usize {
        layout.size().next_multiple_of(GRAIN)
    }

    /// All bytes of the memory.
    #[must_use]
    pub const fn total_bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes that no pool has, perhaps in several pieces.
    #[must_use]
    pub fn free_bytes(&self) -> usize {
        self.holes().map(|hole| hole.entry().bytes.get()).sum()
    }

    fn holes(&self) -> impl Iterator<Item = HolePtr> {
        iter::successors(self.first.get(), |hole| hole.entry().next.get())
    }
}

// SAFETY: a piece is cut out of a hole, which is nobody's, and is in no hole until it comes back; the memory is there for ever.
unsafe impl Parent for FixedMemory {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        let bytes = Self::bytes_for(layout);
        if bytes == 0 {
            // There would be no room for a hole when it comes back.
            return None;
        }
        let mut link = &self.first;
        loop {
            let hole = link.get()?;
            let Hole { bytes: size, next } = hole.entry();
            if let Some(below) = hole.room_for(bytes, layout.align()) {
                let above = size.get() - below - bytes;
                // SAFETY: the piece lies in the hole.
                let piece = unsafe { hole.0.byte_add(below) }.cast::<u8>();
                let mut rest = next.get();
                if above != 0 {
                    // SAFETY: it ends in the hole.
                    let end = unsafe { piece.byte_add(bytes) };
                    // SAFETY: what is above the piece was the hole's, which ends below or at the piece from now on.
                    rest = Some(unsafe { HolePtr::write(end, above, rest) });
                }
                if below == 0 {
                    link.set(rest);
                } else {
                    size.set(below);
                    next.set(rest);
                }
                return Some(piece);
            }
            link = next;
        }
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        let mut bytes = Self::bytes_for(layout);
        let (start, offset) = (ptr.addr().get(), ptr.addr().get().wrapping_sub(self.base.addr().get()));
        debug_assert!(offset < self.bytes && bytes <= self.bytes - offset, "{ptr:p} is not from this memory");
        // The last hole below, and the one after it.
        let below = self.holes().take_while(|hole| hole.start() < start).last();
        let mut next = below.map_or(&self.first, |hole| &hole.entry().next).get();
        debug_assert!(below.is_none_or(|hole| hole.end() <= start), "{ptr:p} is free already");
        debug_assert!(next.is_none_or(|hole| start + bytes <= hole.start()), "{ptr:p} is free already");
        if let Some(above) = next.filter(|above| above.start() == start + bytes) {
            bytes += above.entry().bytes.get();
            next = above.entry().next.get();
        }
        match below {
            Some(below) if below.end() == start => {
                below.entry().bytes.set(below.entry().bytes.get() + bytes);
                below.entry().next.set(next);
            }
            _ => {
                // SAFETY: the piece is from this memory (1).
                let place = unsafe { self.base.byte_add(offset) };
                // SAFETY: it is nobody's from now on (2), with the hole above that it reached, which is out of the list
                // from the next line on; what `allocate` gave has multiples of `GRAIN`.
                let hole = unsafe { HolePtr::write(place, bytes, next) };
                below.map_or(&self.first, |hole| &hole.entry().next).set(Some(hole));
            }
        }
    }
}

impl HolePtr {
    /// Makes a hole.
    ///
    /// # Safety
    ///
    /// 1. The invariant of [`HolePtr`] holds, as soon as the list has this one.
    unsafe fn write(place: NonNull<u8>, bytes: usize, next: Option<Self>) -> Self {
        let place = place.cast::<Hole>();
        // SAFETY: it is nobody's, aligned, and has room for the entry (1).
        unsafe { place.write(Hole { bytes: Cell::new(bytes), next: Cell::new(next) }) };
        Self(place)
    }

    fn entry<'a>(self) -> &'a Hole {
        // SAFETY: the entry is there as long as the hole is in the list. What changes in it is in cells, on one thread.
        unsafe { self.0.as_ref() }
    }

    fn start(self) -> usize {
        self.0.addr().get()
    }

    fn end(self) -> usize {
        self.start() + self.entry().bytes.get()
    }

    /// How far behind the start the highest piece of that size, in multiples of `GRAIN`, and alignment begins, if there is room
    /// for one.
    fn room_for(self, bytes: usize, align: usize) -> Option<usize> {
        let highest = self.end().checked_sub(bytes)? & !(align - 1);
        highest.checked_sub(self.start())
    }
}

impl fmt::Debug for FixedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FixedMemory")
            .field("total_bytes", &self.total_bytes())
            .field("free_bytes", &self.free_bytes())
            .finish()
    }
}
