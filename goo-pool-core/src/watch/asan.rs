//! AddressSanitizer: free chunks, and what a layout leaves of its stride, are memory that nobody may touch.
//!
//! The sanitizer keeps books of eight bytes at a time, and two threads must not write into one such entry. So only
//! whole entries of a chunk are marked; chunks of less than eight bytes are not.

use core::ptr::NonNull;

#[cfg(goo_asan)]
use core::ffi::c_void;

/// What one byte of the sanitizer's books stands for.
const GRANULE: usize = 8;

#[cfg(goo_asan)]
unsafe extern "C" {
    // The sanitizer's public interface, `sanitizer/asan_interface.h`.
    fn __asan_poison_memory_region(start: *const c_void, bytes: usize);
    fn __asan_unpoison_memory_region(start: *const c_void, bytes: usize);
}

/// Nobody may touch a chunk's bytes.
pub(super) fn poison(start: NonNull<u8>, bytes: usize) {
    let (start, bytes) = whole_granules(start, bytes);
    #[cfg(goo_asan)]
    // SAFETY: marks alone change.
    unsafe {
        __asan_poison_memory_region(start.as_ptr().cast(), bytes);
    }
    _ = (start, bytes);
}

/// Anybody may touch them again.
pub(super) fn unpoison(start: NonNull<u8>, bytes: usize) {
    #[cfg(goo_asan)]
    // SAFETY: marks alone change.
    unsafe {
        __asan_unpoison_memory_region(start.as_ptr().cast(), bytes);
    }
    _ = (start, bytes);
}

/// Nobody may touch so many chunks, which are nobody's.
pub(super) fn poison_chunks(first: NonNull<u8>, chunks: usize, stride: usize) {
    if cfg!(goo_asan) {
        for index in 0..chunks {
            // SAFETY: one of the chunks.
            poison(unsafe { first.byte_add(index * stride) }, stride);
        }
    }
}

/// The first `size` bytes of a chunk may be touched.
pub(super) fn unpoison_chunk(chunk: NonNull<u8>, stride: usize, size: usize) {
    let (start, bytes) = whole_granules(chunk, stride);
    let before = start.addr().get() - chunk.addr().get();
    unpoison(start, bytes.min(size.saturating_sub(before)));
}

/// The granules that lie wholly within a piece of memory.
fn whole_granules(start: NonNull<u8>, bytes: usize) -> (NonNull<u8>, usize) {
    let before = start.addr().get().wrapping_neg() % GRANULE;
    let whole = bytes.saturating_sub(before) / GRANULE * GRANULE;
    let before = if whole == 0 { 0 } else { before };
    // SAFETY: within the piece.
    (unsafe { start.byte_add(before) }, whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_granule_is_marked_for_one_chunk_alone() {
        let memory = [0_u64; 4];
        let start = NonNull::from(&memory).cast::<u8>();
        for (offset, bytes, expected) in
            [(0, 8, (0, 8)), (0, 7, (0, 0)), (3, 21, (8, 16)), (4, 8, (4, 0)), (8, 20, (8, 16))]
        {
            // SAFETY: within the array.
            let piece = unsafe { start.byte_add(offset) };
            let (first, whole) = whole_granules(piece, bytes);
            assert_eq!((first.addr().get() - start.addr().get(), whole), expected, "{bytes} bytes at {offset}");
        }
    }
}
