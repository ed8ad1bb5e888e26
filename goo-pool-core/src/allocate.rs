//! An allocation: the chunk at hand, or else a search. Written once for every way into a pool.

use crate::block::ChunkPtr;
use crate::error::AllocError;
use crate::watch::WATCHED;

/// A way into a pool: its two halves, and what is made of them.
pub(crate) trait Allocate: Copy {
    /// The fast half: a free chunk that is at hand. Nobody is told of it: see [`at_hand`](Self::at_hand).
    ///
    /// # Safety
    ///
    /// 1. `stride` is the geometry's. (A typed pool knows it as a constant.)
    unsafe fn take(self, stride: usize) -> Option<ChunkPtr>;

    /// The slow half: a free chunk, wherever there is one. Nobody is told of it: see [`elsewhere`](Self::elsewhere).
    fn allocate_slow(self) -> Result<ChunkPtr, AllocError>;

    /// What is done beside each allocation for those who look for misuse.
    fn watch(self, chunk: ChunkPtr);

    /// The fast half: a free chunk that is at hand, from now on the caller's.
    ///
    /// # Safety
    ///
    /// 1. `stride` is the geometry's.
    #[inline(always)]
    unsafe fn at_hand(self, stride: usize) -> Option<ChunkPtr> {
        // SAFETY: (1).
        let chunk = unsafe { self.take(stride) }?;
        if WATCHED {
            self.watch(chunk);
        }
        Some(chunk)
    }

    /// The slow half: a free chunk, wherever there is one, from now on the caller's.
    #[inline(always)]
    fn elsewhere(self) -> Result<ChunkPtr, AllocError> {
        let chunk = self.allocate_slow()?;
        if WATCHED {
            self.watch(chunk);
        }
        Ok(chunk)
    }

    /// A free chunk, from now on the caller's.
    ///
    /// # Safety
    ///
    /// 1. `stride` is the geometry's.
    #[inline(always)]
    unsafe fn allocate(self, stride: usize) -> Result<ChunkPtr, AllocError> {
        // SAFETY: (1).
        match unsafe { self.at_hand(stride) } {
            Some(chunk) => Ok(chunk),
            None => self.elsewhere(),
        }
    }

    /// As `allocate`, for callers that do not come back from an error.
    ///
    /// # Safety
    ///
    /// 1. `stride` is the geometry's.
    #[inline(always)]
    unsafe fn allocate_or(self, stride: usize, fail: fn(AllocError) -> !) -> ChunkPtr {
        // SAFETY: (1).
        match unsafe { self.at_hand(stride) } {
            Some(chunk) => chunk,
            None => self.elsewhere_or(fail),
        }
    }

    #[cold]
    #[inline(never)]
    fn elsewhere_or(self, fail: fn(AllocError) -> !) -> ChunkPtr {
        self.elsewhere().unwrap_or_else(|error| fail(error))
    }
}
