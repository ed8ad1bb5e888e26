//! A list of blocks: first in, first out, so that a block has had time to collect freed chunks when its
//! turn comes. Where the lowest address is to be reused first: the lowest first.

use core::cell::Cell;

use crate::block::Block;
use crate::kind::Kind;
use crate::reuse::Reuse;

/// A list through the blocks' headers: constant-time push and removal, no memory of its own.
///
/// A push touches the list and the pushed block alone; the pushed blocks are linked to the others when
/// somebody looks. A free that is under way while its pool closes may push, and the other blocks may be
/// gone by then (C2).
pub(crate) struct BlockList<K: Kind> {
    first: Cell<Option<Block<K>>>,
    last: Cell<Option<Block<K>>>,
    /// Blocks pushed since the last look, linked by `next`, the last one first.
    pushed: Cell<Option<Block<K>>>,
    /// Whether the blocks stand in the order of their addresses.
    sorted: bool,
}

impl<K: Kind> BlockList<K> {
    pub(crate) fn new(reuse: Reuse) -> Self {
        let sorted = reuse == Reuse::LowestAddress;
        Self { first: Cell::new(None), last: Cell::new(None), pushed: Cell::new(None), sorted }
    }

    #[inline]
    pub(crate) fn first(&self) -> Option<Block<K>> {
        self.link_pushed();
        self.first.get()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Block<K>> + use<K> {
        core::iter::successors(self.first(), |block| block.header().next.get())
    }

    /// Lists a block, behind all others or where its address belongs.
    #[inline]
    pub(crate) fn push(&self, block: Block<K>) {
        let header = block.header();
        debug_assert!(!header.listed.get());
        header.listed.set(true);
        header.next.set(self.pushed.replace(Some(block)));
    }

    #[inline]
    pub(crate) fn remove(&self, block: Block<K>) {
        self.link_pushed();
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
        self.pushed.set(None);
    }

    /// Moves what was pushed to the end of the list, in the order in which it was pushed.
    fn link_pushed(&self) {
        let Some(newest) = self.pushed.take() else { return };
        if self.sorted {
            return self.sort_in(newest);
        }
        let behind = self.last.replace(Some(newest));
        let mut block = newest;
        let mut next = None;
        // From the newest to the oldest: each gets the one pushed after it as its `next`.
        while let Some(older) = block.header().next.replace(next) {
            block.header().previous.set(Some(older));
            next = Some(block);
            block = older;
        }
        block.header().previous.set(behind);
        match behind {
            Some(last) => last.header().next.set(Some(block)),
            None => self.first.set(Some(block)),
        }
    }

    /// Moves what was pushed to where the addresses say, a step for each block that it passes. From the end: the next block that is
    /// cut, and frees in the order of allocation, pass none.
    fn sort_in(&self, newest: Block<K>) {
        let mut pushed = Some(newest);
        while let Some(block) = pushed {
            pushed = block.header().next.get();
            let mut previous = self.last.get();
            while let Some(before) = previous.filter(|before| before.base() > block.base()) {
                previous = before.header().previous.get();
            }
            self.insert(block, previous);
        }
    }

    /// Links a block behind `previous`, or before all others.
    fn insert(&self, block: Block<K>, previous: Option<Block<K>>) {
        let next = match previous {
            Some(previous) => previous.header().next.replace(Some(block)),
            None => self.first.replace(Some(block)),
        };
        block.header().previous.set(previous);
        block.header().next.set(next);
        match next {
            Some(next) => next.header().previous.set(Some(block)),
            None => self.last.set(Some(block)),
        }
    }
}
