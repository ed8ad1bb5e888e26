//! Any `GooAllocator` as the parent of a pool.
//!
//! A pool's memory is aligned to its blocks, to 4 KiB and more. An allocator that a C program writes may
//! know nothing of that: it gives what `malloc` gives, or refuses. Then it is asked for more, with an alignment that every
//! allocator can keep, and the memory is aligned here. Behind each piece stands where it really begins.

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::capi::stats::{GooAllocStats, Ledger};
use crate::capi::types::{GooAllocOptions, GooAllocator};
use crate::parent::Parent;

/// What every parent can be asked for.
const MODEST_ALIGNMENT: usize = 16;

/// Written behind each piece: the pointer that the parent gave.
type Origin = NonNull<u8>;

/// A pool's way to its parent; counts what the pool has from there.
#[derive(Debug)]
pub(super) struct Upstream {
    parent: NonNull<GooAllocator>,
    /// Of the pool.
    stats: NonNull<GooAllocStats>,
}

impl Upstream {
    /// # Safety
    ///
    /// 1. Both are valid until the last piece was given back, and used by one thread at a time.
    pub(super) const unsafe fn new(parent: NonNull<GooAllocator>, stats: NonNull<GooAllocStats>) -> Self {
        Self { parent, stats }
    }

    fn ledger(&self) -> Ledger<'_, false> {
        // SAFETY: valid (`new`), and all of it is cells.
        Ledger(unsafe { self.stats.as_ref() })
    }
}

// SAFETY: the parent gives memory of its own for the size that it is asked for, or the program breaks the header's rule; the
// piece is aligned and lies within it.
unsafe impl Parent for Upstream {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        // SAFETY: valid (`new`).
        let (piece, bytes) = unsafe { take(self.parent, layout) }?;
        self.ledger().reserved(bytes);
        Some(piece)
    }

    unsafe fn deallocate(&self, piece: NonNull<u8>, layout: Layout) {
        // SAFETY: (1) and (2), and the parent is valid (`new`).
        let bytes = unsafe { give_back(self.parent, piece, layout) };
        self.ledger().released(bytes);
    }
}

/// A piece for `layout`, and how many bytes the parent gave for it.
///
/// # Safety
///
/// 1. `parent` is an allocator.
pub(super) unsafe fn take(parent: NonNull<GooAllocator>, layout: Layout) -> Option<(NonNull<u8>, usize)> {
    let exact = origin_offset(layout) + size_of::<Origin>();
    // SAFETY: (1).
    let given = unsafe { ask(parent, exact, layout.align()) };
    if let Some(given) = given {
        if given.addr().get() % layout.align() == 0 {
            // SAFETY: just given, with room for both.
            unsafe { write_origin(given, layout, given) };
            return Some((given, exact));
        }
        // SAFETY: given for this size and alignment, and not used.
        unsafe { hand_back(parent, given, exact, layout.align()) };
    } else if layout.align() <= MODEST_ALIGNMENT {
        return None;
    }
    let roomy = exact + layout.align();
    // SAFETY: (1).
    let given = unsafe { ask(parent, roomy, MODEST_ALIGNMENT) }?;
    // Never 0, so that `give_back` sees from where a piece begins what was asked for.
    let distance = layout.align() - given.addr().get() % layout.align();
    // SAFETY: that much more was asked for.
    let piece = unsafe { given.byte_add(distance) };
    // SAFETY: just given, with room for both behind the distance.
    unsafe { write_origin(piece, layout, given) };
    Some((piece, roomy))
}

/// Gives a piece back; the result is how many bytes that were.
///
/// # Safety
///
/// 1. `piece` came from `take` with the same parent and layout, and nobody uses it any more.
pub(super) unsafe fn give_back(parent: NonNull<GooAllocator>, piece: NonNull<u8>, layout: Layout) -> usize {
    let exact = origin_offset(layout) + size_of::<Origin>();
    // SAFETY: so far behind the piece is the origin (1).
    let place = unsafe { piece.byte_add(origin_offset(layout)) };
    // SAFETY: `take` wrote it (X3).
    let origin: Origin = unsafe { place.cast().read() };
    let (bytes, alignment) =
        if origin == piece { (exact, layout.align()) } else { (exact + layout.align(), MODEST_ALIGNMENT) };
    // SAFETY: given for this size and alignment (X3), and not used any more (1).
    unsafe { hand_back(parent, origin, bytes, alignment) };
    bytes
}

/// Where the origin stands behind a piece.
const fn origin_offset(layout: Layout) -> usize {
    layout.size().next_multiple_of(align_of::<Origin>())
}

/// # Safety
///
/// 1. `piece` is aligned to the layout, and has its size and an origin's behind it.
unsafe fn write_origin(piece: NonNull<u8>, layout: Layout, origin: Origin) {
    debug_assert!(layout.align() >= align_of::<Origin>());
    // SAFETY: within the memory (1).
    let place = unsafe { piece.byte_add(origin_offset(layout)) };
    // SAFETY: as above, and aligned: the piece is, and what lies before it ends so.
    unsafe { place.cast().write(origin) };
}

/// # Safety
///
/// 1. `parent` is an allocator.
unsafe fn ask(parent: NonNull<GooAllocator>, size: usize, alignment: usize) -> Option<NonNull<u8>> {
    // SAFETY: (1). Not borrowed while it runs: it may change itself.
    let alloc = unsafe { &parent.as_ref().alloc }.get()?;
    // SAFETY: (1); a size that is not 0, and a power of two.
    NonNull::new(unsafe { alloc(parent.as_ptr(), size, alignment, GooAllocOptions::DEFAULT) }.cast())
}

/// # Safety
///
/// 1. `parent` is an allocator that gave `memory` for this size and alignment, and nobody uses it any more.
unsafe fn hand_back(parent: NonNull<GooAllocator>, memory: NonNull<u8>, size: usize, alignment: usize) {
    // SAFETY: (1). Not borrowed while it runs: it may change itself.
    let Some(free) = unsafe { &parent.as_ref().free }.get() else { return };
    // SAFETY: (1).
    unsafe { free(parent.as_ptr(), memory.as_ptr().cast(), size, alignment) };
}
