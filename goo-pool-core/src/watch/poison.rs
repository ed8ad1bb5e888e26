//! The pattern of free memory.
//!
//! A chunk is filled when it is freed, or when its block is cut, and looked at when it is handed out; what its layout leaves of its
//! stride is looked at when it is freed. Of a piece of more than two KiB only the first and the last KiB: who writes to a freed object mostly writes near an end of it, and a pool of large
//! chunks must not touch all of its memory.

use core::ptr::NonNull;

/// No likely value: as an address it is none, as a length too large.
const BYTE: u8 = 0xd5;

/// Bytes at either end of a chunk that are filled.
const EDGE: usize = 1024;

/// Bytes that are compared in one piece.
const PIECE: usize = 32;

/// Fills a piece of a chunk.
///
/// # Safety
///
/// 1. So many bytes from there are nobody else's.
pub(super) unsafe fn fill(chunk: NonNull<u8>, bytes: usize) {
    for (start, len) in edges(bytes) {
        // SAFETY: within the chunk (1).
        let edge = unsafe { chunk.byte_add(start) };
        // SAFETY: the same.
        unsafe { edge.write_bytes(BYTE, len) };
    }
}

/// The first byte that is no longer what `fill` wrote, at either end.
///
/// # Safety
///
/// 1. Those bytes were filled, and nobody writes them meanwhile.
pub(super) unsafe fn first_change(chunk: NonNull<u8>, bytes: usize) -> Option<usize> {
    edges(bytes).into_iter().find_map(|(start, len)| {
        // SAFETY: within the chunk (1).
        let edge = unsafe { chunk.byte_add(start) };
        // SAFETY: filled, so initialised, and not written meanwhile (1).
        let edge = unsafe { core::slice::from_raw_parts(edge.as_ptr(), len) };
        change_in(edge).map(|offset| start + offset)
    })
}

fn change_in(bytes: &[u8]) -> Option<usize> {
    // Whole pieces first: the compiler makes a few vector instructions of each.
    let mut pieces = bytes.chunks_exact(PIECE);
    let whole = pieces.by_ref().all(|piece| piece.iter().fold(0, |different, &byte| different | (byte ^ BYTE)) == 0);
    if whole && pieces.remainder().iter().all(|&byte| byte == BYTE) {
        return None;
    }
    bytes.iter().position(|&byte| byte != BYTE)
}

/// The start and the length of both ends of a piece; they meet in one of two edges or less.
fn edges(bytes: usize) -> [(usize, usize); 2] {
    let first = bytes.min(EDGE);
    let last = (bytes - first).min(EDGE);
    [(0, first), (bytes - last, last)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_byte_is_found_at_either_end() {
        for bytes in [0, 1, 31, 32, 33, 1000, 1024, 2048, 2049, 5000] {
            let mut memory = std::vec![0_u8; bytes];
            let chunk = NonNull::new(memory.as_mut_ptr()).unwrap();
            let change = || {
                // SAFETY: filled below, and ours.
                unsafe { first_change(chunk, bytes) }
            };
            // SAFETY: ours.
            unsafe { fill(chunk, bytes) };
            assert_eq!(change(), None);
            let step = if cfg!(miri) { 511 } else { 1 };
            for at in (0..bytes).step_by(step).filter(|&at| at < EDGE || at + EDGE >= bytes) {
                // SAFETY: within the memory.
                let byte = unsafe { chunk.byte_add(at) };
                // SAFETY: the same.
                unsafe { byte.write(!BYTE) };
                assert_eq!(change(), Some(at), "of {bytes}");
                // SAFETY: the same.
                unsafe { byte.write(BYTE) };
            }
        }
    }
}
