//! What the pools do beside their work for those who look for misuse: the checks of debug builds and of the feature
//! `hardened`, AddressSanitizer (`cfg(goo_asan)`), Valgrind (the feature `valgrind`).
//!
//! Each hook is called where memory changes hands, under `if WATCHED` or `if CHECKS`: constants, so that all of it is
//! compiled in every build and none of it is in the default one. No hook changes where a chunk lies or how many there are.
//! What is caught by what is told, and tested, in `HARDENING.md`.
//!
//! Where one chunk changes hands, it is the caller's own: the hooks touch no other memory, and take no lock.

mod asan;
mod poison;
mod valgrind;

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::block::{BitIndex, Block, ChunkPtr};
use crate::geometry::Geometry;
use crate::kind::Kind;
use crate::segment::Segment;

/// Whether the pools look for misuse themselves.
pub(crate) const CHECKS: bool = cfg!(any(debug_assertions, feature = "hardened"));

/// Whether anybody looks.
pub(crate) const WATCHED: bool = CHECKS || cfg!(any(goo_asan, feature = "valgrind"));

/// Whether free chunks are filled with a pattern. AddressSanitizer would take our look at them for a use, and knows more
/// anyway; for Miri they stay uninitialised, so that it sees who reads what nobody wrote.
const POISONS: bool = CHECKS && !cfg!(any(goo_asan, miri));

/// As `POISONS`; Valgrind as AddressSanitizer.
fn poisons() -> bool {
    POISONS && !valgrind::is_running()
}

/// Names the thread that runs, as long as it does. 0 without the feature `std`.
pub(crate) fn this_thread() -> usize {
    #[cfg(feature = "std")]
    {
        std::thread_local! {
            // No destructor, so it can be used until the thread's very end.
            static HERE: u8 = const { 0 };
        }
        HERE.with(|here| (&raw const *here).addr())
    }
    #[cfg(not(feature = "std"))]
    0
}

/// The parent gave a segment.
pub(crate) fn segment_came(segment: Segment) {
    valgrind::create_pool(segment.base());
}

/// A segment is about to go back to the parent, who may do with it as it likes.
pub(crate) fn segment_goes<K: Kind>(segment: Segment) {
    if CHECKS {
        for block in segment.blocks_cut_ever::<K>() {
            block.forget_cookie();
        }
    }
    let (base, bytes) = (segment.base(), segment.bytes());
    asan::unpoison(base, bytes);
    valgrind::destroy_pool(base);
    // Last: from now on nothing in it has a value.
    valgrind::make_undefined(base, bytes);
}

/// A block was cut: its chunks are free, for the first time or again.
pub(crate) fn block_cut<K: Kind>(block: Block<K>, index: usize, geometry: &Geometry, layout: Layout) {
    let (first, bytes) = chunks_of(block, geometry);
    asan::poison_chunks(first, block.chunks(), geometry.stride());
    valgrind::make_no_access(first, bytes);
    let poisoned = &block.header().segment.record().poisoned;
    // A block that was cut before has the pattern still, and whoever wrote there since is to be found.
    if CHECKS && index >= poisoned.get() as usize {
        poisoned.set(index as u32 + 1);
        fill_all(block, geometry, layout);
    }
}

/// A free chunk is about to be handed out.
///
/// # Panics
///
/// If somebody wrote into it while it was free. Then it is handed to nobody.
pub(crate) fn taken<K: Kind>(chunk: ChunkPtr, geometry: &Geometry, layout: Layout) {
    if poisons() {
        check_poison(chunk, geometry, layout);
    }
    asan::unpoison_chunk(chunk.get(), geometry.stride(), layout.size());
    if valgrind::is_running() {
        valgrind::allocate(pool_of::<K>(chunk, geometry), chunk.get(), layout.size());
    }
}

/// A live chunk is about to be taken back.
///
/// # Panics
///
/// If somebody wrote behind its end, into what its layout leaves of the stride. Then it stays live.
#[track_caller]
pub(crate) fn freed<K: Kind>(chunk: ChunkPtr, geometry: &Geometry, layout: Layout) {
    if poisons() {
        let (end, slack) = slack_of(chunk, geometry, layout);
        // SAFETY: it is filled (W1), and nobody's.
        if let Some(offset) = unsafe { poison::first_change(end, slack) } {
            overrun(chunk, offset);
        }
        // SAFETY: the chunk is the caller's, who gives it up.
        unsafe { poison::fill(chunk.get(), layout.size()) };
    }
    asan::poison(chunk.get(), geometry.stride());
    if valgrind::is_running() && layout.size() != 0 {
        valgrind::free(pool_of::<K>(chunk, geometry), chunk.get());
    }
}

/// All chunks of a block are about to be handed out as one, and are live already.
///
/// # Panics
///
/// If somebody wrote into one while it was free. Then they are handed to nobody, and stay live.
pub(crate) fn row_taken<K: Kind>(block: Block<K>, geometry: &Geometry, layout: Layout) {
    if poisons() {
        for chunk in each_chunk(block, geometry) {
            check_poison(chunk, geometry, layout);
        }
    }
    let (first, bytes) = chunks_of(block, geometry);
    asan::unpoison(first, bytes);
    valgrind::allocate(block.header().segment.base(), first, bytes);
}

/// All chunks of a block come back as one.
pub(crate) fn row_freed<K: Kind>(block: Block<K>, geometry: &Geometry, layout: Layout) {
    if CHECKS {
        fill_all(block, geometry, layout);
    }
    let (first, _) = chunks_of(block, geometry);
    asan::poison_chunks(first, block.chunks(), geometry.stride());
    valgrind::free(block.header().segment.base(), first);
}

/// All chunks of a segment become free, live or not.
pub(crate) fn segment_reset<K: Kind>(segment: Segment, geometry: &Geometry, layout: Layout) {
    let base = segment.base();
    valgrind::destroy_pool(base);
    valgrind::create_pool(base);
    for block in segment.cut_blocks::<K>(geometry) {
        if CHECKS {
            fill_all(block, geometry, layout);
        }
        let (first, bytes) = chunks_of(block, geometry);
        asan::poison_chunks(first, block.chunks(), geometry.stride());
        valgrind::make_no_access(first, bytes);
    }
}

/// Where a block's chunks begin, and how many bytes they are.
fn chunks_of<K: Kind>(block: Block<K>, geometry: &Geometry) -> (NonNull<u8>, usize) {
    // SAFETY: every block has a first chunk.
    let first = unsafe { block.chunk(BitIndex::new(0), geometry) };
    (first.get(), block.chunks() * geometry.stride())
}

fn each_chunk<K: Kind>(block: Block<K>, geometry: &Geometry) -> impl Iterator<Item = ChunkPtr> {
    // SAFETY: one of the block's chunks.
    (0..block.chunks()).map(move |index| unsafe { block.chunk(BitIndex::new(index), geometry) })
}

/// The segment's address is its pool's name.
fn pool_of<K: Kind>(chunk: ChunkPtr, geometry: &Geometry) -> NonNull<u8> {
    // SAFETY: the pool's geometry.
    unsafe { chunk.block::<K>(*geometry) }.header().segment.base()
}

/// For chunks that are all the caller's.
fn fill_all<K: Kind>(block: Block<K>, geometry: &Geometry, layout: Layout) {
    if poisons() {
        for chunk in each_chunk(block, geometry) {
            let (end, slack) = slack_of(chunk, geometry, layout);
            // SAFETY: the chunk is nobody else's.
            unsafe { poison::fill(chunk.get(), layout.size()) };
            // SAFETY: the same.
            unsafe { poison::fill(end, slack) };
        }
    }
}

/// For a chunk that was free until now.
fn check_poison(chunk: ChunkPtr, geometry: &Geometry, layout: Layout) {
    // SAFETY: a free chunk is filled (W1).
    if let Some(offset) = unsafe { poison::first_change(chunk.get(), layout.size()) } {
        write_after_free(chunk, offset);
    }
    let (end, slack) = slack_of(chunk, geometry, layout);
    // SAFETY: the same.
    if let Some(offset) = unsafe { poison::first_change(end, slack) } {
        write_after_free(chunk, layout.size() + offset);
    }
}

/// What a chunk's layout leaves of its stride: nobody's.
fn slack_of(chunk: ChunkPtr, geometry: &Geometry, layout: Layout) -> (NonNull<u8>, usize) {
    // SAFETY: within the chunk's stride.
    (unsafe { chunk.get().byte_add(layout.size()) }, geometry.stride() - layout.size())
}

#[cold]
fn write_after_free(chunk: ChunkPtr, offset: usize) -> ! {
    panic!("write after free: chunk {:p} was written to at byte {offset} while it was free", chunk.get());
}

#[cold]
#[track_caller]
fn overrun(chunk: ChunkPtr, offset: usize) -> ! {
    panic!("overrun: chunk {:p} was written to {} bytes behind its end", chunk.get(), offset + 1);
}
