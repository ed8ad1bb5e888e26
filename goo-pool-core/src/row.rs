//! Rows: all chunks of a block, handed out and taken back at once, for values that go together.
//!
//! While its chunks are out, a block is like any other whose chunks are all live: no list names it, and no bit of it
//! is 1. So a row costs a store for each 64 chunks when it comes and when it goes, and what is allocated from it
//! needs no more than a pointer that moves.

use core::ptr::NonNull;

use crate::block::{BitIndex, Block, ChunkPtr};
use crate::error::AllocError;
use crate::failure::persist;
use crate::geometry::Geometry;
use crate::heap::HeapPtr;
use crate::kind::{Kind, Local};
use crate::watch::{self, WATCHED};

/// All chunks of one block, side by side; given by [`Handle::take_row`](crate::Handle::take_row).
///
/// A row that is dropped stays handed out.
#[derive(Debug)]
#[must_use = "its chunks stay handed out until the row is given back"]
pub struct Row {
    /// Invariant: the first chunk of a block, which has so many chunks.
    first: NonNull<u8>,
    chunks: usize,
}

impl Row {
    /// Takes over a block whose chunks were all handed out just now.
    pub(crate) fn of<K: Kind>(block: Block<K>, geometry: &Geometry) -> Self {
        // SAFETY: every block has a first chunk.
        let first = unsafe { block.chunk(BitIndex::new(0), geometry) };
        Self { first: first.get(), chunks: block.chunks() }
    }

    /// The block again.
    ///
    /// # Safety
    ///
    /// 1. The row came from a pool of this kind with this geometry, which still has the block.
    pub(crate) unsafe fn block<K: Kind>(self, geometry: &Geometry) -> Block<K> {
        // SAFETY: it is a chunk (`first`).
        let first = unsafe { ChunkPtr::new(self.first) };
        // SAFETY: (1).
        unsafe { first.block(*geometry) }
    }

    /// The first chunk. Each other lies one [`stride`](Geometry::stride) behind the one before it.
    #[must_use]
    pub const fn first(&self) -> NonNull<u8> {
        self.first
    }

    /// How many chunks there are, at least one.
    #[must_use]
    pub const fn chunks(&self) -> usize {
        self.chunks
    }
}

impl HeapPtr {
    /// As [`Handle::take_row`](crate::Handle::take_row).
    pub(crate) fn take_row(self) -> Result<Row, AllocError> {
        persist(&self, || self.search_row())
    }

    fn search_row(self) -> Result<Row, AllocError> {
        // The parent may free or allocate here while it is asked for memory, so look again from the start.
        loop {
            if let Some(row) = self.free_row() {
                return Ok(row);
            }
            let Err(error) = self.grow(1) else { continue };
            // The last resort: a block of which the heap has the missing chunks in its hand.
            let hold = self.hold();
            self.flush();
            drop(hold);
            return self.free_row().ok_or(error);
        }
    }

    fn free_row(self) -> Option<Row> {
        let block = self.store.give_block(self, &self.geometry)?;
        block.take_all();
        if WATCHED {
            watch::row_taken(block, &self.geometry, self.layout);
        }
        Some(Row::of(block, &self.geometry))
    }

    /// As [`Handle::give_row`](crate::Handle::give_row).
    ///
    /// # Safety
    ///
    /// 1. As there.
    pub(crate) unsafe fn give_row(self, row: Row) {
        // SAFETY: this heap gave it, and the block stays as long as one of its chunks is live (H5).
        let block = unsafe { row.block::<Local>(&self.geometry) };
        if WATCHED {
            watch::row_freed(block, &self.geometry, self.layout);
        }
        block.put_all();
        self.take_back(block);
    }
}
