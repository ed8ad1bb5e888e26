//! One parent for several pools.

use super::Parent;

/// A parent that stays in its place, for several pools of one thread; or of several, if it is `Sync`.
///
/// # Examples
///
/// ```
/// use std::alloc::Layout;
/// use goo_pool_core::{FixedMemory, RawPool};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let memory = Box::leak(Box::new([const { core::mem::MaybeUninit::uninit() }; 16 * 1024]));
/// let memory: &'static FixedMemory = Box::leak(Box::new(FixedMemory::new(memory)));
/// let all = memory.free_bytes();
/// let words = RawPool::builder_in(Layout::new::<u64>(), memory).chunks_per_block(30).capacity(30).build()?;
/// let lines = RawPool::builder_in(Layout::new::<[u8; 80]>(), memory).chunks_per_block(10).capacity(10).build()?;
/// assert!(memory.free_bytes() < all);
/// drop((words, lines));
/// assert_eq!(memory.free_bytes(), all);
/// # Ok(())
/// # }
/// ```
// SAFETY: the parent behind the reference keeps the contract.
unsafe impl<P: Parent + ?Sized> Parent for &P {
    memory_of!(self => (**self));

    answers_of!(self => (**self));
}
