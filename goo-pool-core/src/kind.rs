//! What differs between the pool of one thread and the pool of many: what the engine's registers are made
//! of, what a block says about its owner, and what happens to a block that is empty.

use core::cell::Cell;
use core::fmt;
use core::ptr::NonNull;

use crate::block::Block;
use crate::geometry::HEADER_BYTES;
use crate::heap::HeapPtr;

/// One of the two kinds of pools. All that is the same for both is written once, over this.
pub(crate) trait Kind: Copy + Eq + fmt::Debug + Sized + 'static {
    /// Holds 64 chunks' bits.
    type Bits: Register<u64>;
    /// Holds a chunk's address.
    type Pointer: Register<*mut u8>;
    /// What a block's header says about whom the block belongs to.
    type Owner;

    /// Bytes of a block before its bitmap.
    const HEADER: usize;

    /// Writes what this kind's blocks have before the bitmap, besides header and record.
    ///
    /// # Safety
    ///
    /// 1. `base` is the start of a block that nobody uses.
    unsafe fn write_rest(base: NonNull<u8>);

    /// Every chunk of a block is free once its word `last` is all ones, which is left to this function: its
    /// caller has done all else, and touches neither block nor engine afterwards.
    fn block_emptied(block: Block<Self>, last: &Self::Bits);
}

/// A variable with one writer. Others may read it, if it is an atomic.
pub(crate) trait Register<T> {
    fn new(value: T) -> Self;
    fn get(&self) -> T;
    /// What was published, by whoever needs to know what was done before.
    #[cfg(feature = "std")]
    fn observe(&self) -> T;
    fn set(&self, value: T);
    /// `set`, as the last step of a free: whoever reads the value knows of all that the free did before.
    fn publish(&self, value: T);
}

/// A pool that belongs to one thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Local;

impl Kind for Local {
    type Bits = Cell<u64>;
    type Pointer = Cell<*mut u8>;
    type Owner = HeapPtr;
    const HEADER: usize = HEADER_BYTES;

    #[inline]
    unsafe fn write_rest(_base: NonNull<u8>) {}

    #[inline]
    fn block_emptied(block: Block<Self>, last: &Cell<u64>) {
        last.set(u64::MAX);
        block.header().owner.take_back(block);
    }
}

impl<T: Copy> Register<T> for Cell<T> {
    #[inline(always)]
    fn new(value: T) -> Self {
        Self::new(value)
    }

    #[inline(always)]
    fn get(&self) -> T {
        self.get()
    }

    #[cfg(feature = "std")]
    #[inline(always)]
    fn observe(&self) -> T {
        self.get()
    }

    #[inline(always)]
    fn set(&self, value: T) {
        self.set(value);
    }

    #[inline(always)]
    fn publish(&self, value: T) {
        self.set(value);
    }
}
