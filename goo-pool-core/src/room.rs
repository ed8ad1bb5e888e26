//! The list of blocks that have room: first in, first looked at, so that a block has had time to
//! collect freed chunks when its turn comes.

use core::cell::Cell;

use crate::block::Block;

/// A list through the blocks' headers: constant-time push and removal, no memory of its own.
#[derive(Default)]
pub(crate) struct RoomList {
    first: Cell<Option<Block>>,
    last: Cell<Option<Block>>,
}

impl RoomList {
    #[inline]
    pub(crate) fn first(&self) -> Option<Block> {
        self.first.get()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Block> + use<> {
        core::iter::successors(self.first.get(), |block| block.header().next.get())
    }

    /// Lists a block, behind all others.
    #[inline]
    pub(crate) fn push(&self, block: Block) {
        let header = block.header();
        debug_assert!(!header.listed.get());
        header.listed.set(true);
        header.previous.set(self.last.get());
        header.next.set(None);
        match self.last.get() {
            Some(last) => last.header().next.set(Some(block)),
            None => self.first.set(Some(block)),
        }
        self.last.set(Some(block));
    }

    #[inline]
    pub(crate) fn remove(&self, block: Block) {
        let header = block.header();
        debug_assert!(header.listed.get());
        header.listed.set(false);
        let (previous, next) = (header.previous.get(), header.next.get());
        match previous {
            Some(block) => block.header().next.set(next),
            None => self.first.set(next),
        }
        match next {
            Some(block) => block.header().previous.set(previous),
            None => self.last.set(previous),
        }
    }

    /// Forgets all blocks, without a look at them: their headers are about to be written anew.
    pub(crate) fn clear(&self) {
        self.first.set(None);
        self.last.set(None);
    }
}
