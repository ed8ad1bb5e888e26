//! Rows of a thread-safe pool: blocks that are nobody's while their chunks are out.
//!
//! No chunk of them is freed alone, so nobody asks whose they are; they go from the store to who has the row, and back.

use super::kind::{Owner, Threads};
use super::shard::ShardPtr;
use super::shared::SharedPtr;
use super::stores::Reach;
use crate::error::AllocError;
use crate::failure::persist;
use crate::row::Row;
use crate::watch::{self, WATCHED};

impl SharedPtr {
    /// As [`Handle::take_row`](crate::Handle::take_row).
    pub(crate) fn take_row(self) -> Result<Row, AllocError> {
        persist(&self, || self.search_row())
    }

    fn search_row(self) -> Result<Row, AllocError> {
        // Between any two steps the parent may have used the pool, on this thread: look again from the start.
        loop {
            let home = self.home();
            if let Some(row) = self.free_row(Reach::Near(home)) {
                return Ok(row);
            }
            if self.my_shard().is_some_and(ShardPtr::return_collected) {
                continue;
            }
            let Err(error) = self.grow(home, 1) else { continue };
            // The last resort: what shards keep.
            self.empty_out_all();
            return self.free_row(Reach::Anywhere).ok_or(error);
        }
    }

    fn free_row(self, reach: Reach) -> Option<Row> {
        self.with_locked(|locked| {
            let block = locked.stores.give_block(reach, Owner::nobody, &self.geometry)?;
            debug_assert!(block.header().owner.is_nobodys());
            block.take_all();
            if WATCHED {
                watch::row_taken(block, &self.geometry, self.layout);
            }
            Some(Row::of(block, &self.geometry))
        })
    }

    /// As [`Handle::give_row`](crate::Handle::give_row).
    ///
    /// # Safety
    ///
    /// 1. As there.
    pub(crate) unsafe fn give_row(self, row: Row) {
        // SAFETY: this pool gave it, and has not closed since (1), so it has the block.
        let block = unsafe { row.block::<Threads>(&self.geometry) };
        let emptied = self.with_locked(|locked| {
            if WATCHED {
                watch::row_freed(block, &self.geometry, self.layout);
            }
            block.put_all();
            locked.stores.take_back(block, &self.geometry)
        });
        if emptied {
            self.settle(false);
        }
    }
}
