//! An allocation: the chunk at hand, or else a search. Written once for every way into a pool.

use crate::block::ChunkPtr;
use crate::error::AllocError;
use crate::watch::WATCHED;

/// A way into a pool: its two halves, and what is made of them.
pub(crate) trait Allocate: Copy {
    /// The fast half: a free chunk that is at hand, from now on the caller's.
    ///
    /// # Safety
    ///
    /// 1. `stride` is the geometry's. (A typed pool knows it as a constant.)
    unsafe fn take(self, stride: usize) -> Option<ChunkPtr>;

    /// The slow half: a free chunk, wherever there is one.
    fn allocate_slow(self) -> Result<ChunkPtr, AllocError>;

    /// What is done beside each allocation for those who look for misuse.
    fn watch(self, chunk: ChunkPtr);

    /// A free chunk, from now on the caller's.
    ///
    /// # Safety
    ///
    /// 1. `stride` is the geometry's.
    #[inline(always)]
    unsafe fn allocate(self, stride: usize) -> Result<ChunkPtr, AllocError> {
        // SAFETY: (1).
        let chunk = match unsafe { self.take(stride) } {
            Some(chunk) => chunk,
            None => self.allocate_slow()?,
        };
        if WATCHED {
            self.watch(chunk);
        }
        Ok(chunk)
    }

    /// As `allocate`, for callers that do not come back from an error.
    ///
    /// # Safety
    ///
    /// 1. `stride` is the geometry's.
    #[inline(always)]
    unsafe fn allocate_or(self, stride: usize, fail: fn(AllocError) -> !) -> ChunkPtr {
        // SAFETY: (1).
        let chunk = match unsafe { self.take(stride) } {
            Some(chunk) => chunk,
            None => self.allocate_slow_or(fail),
        };
        if WATCHED {
            self.watch(chunk);
        }
        chunk
    }

    #[cold]
    #[inline(never)]
    fn allocate_slow_or(self, fail: fn(AllocError) -> !) -> ChunkPtr {
        self.allocate_slow().unwrap_or_else(|error| fail(error))
    }
}
