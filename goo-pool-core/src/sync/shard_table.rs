//! A pool's shards by thread index.

use core::alloc::Layout;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

use super::shard::{Shard, ShardPtr};
use super::thread_index::LIMIT;
use crate::parent::Parent;

/// The first indices, which most programs do not go beyond, are looked up in one step.
const INLINE: usize = 32;
const BUCKETS: usize = (LIMIT as usize / INLINE).ilog2() as usize;

type Slot = AtomicPtr<Shard>;

/// Grows by buckets of doubling size, none of which moves while the pool lives.
pub(crate) struct ShardTable {
    first: [Slot; INLINE],
    /// Bucket `b` has the slots of the indices from `INLINE << b` to below twice that.
    buckets: [AtomicPtr<Slot>; BUCKETS],
}

impl ShardTable {
    pub(crate) const fn new() -> Self {
        Self {
            first: [const { AtomicPtr::new(ptr::null_mut()) }; INLINE],
            buckets: [const { AtomicPtr::new(ptr::null_mut()) }; BUCKETS],
        }
    }

    /// The shard with that index, if there is one.
    #[inline(always)]
    pub(crate) fn get(&self, index: u32) -> Option<ShardPtr> {
        let slot = match self.first.get(index as usize) {
            Some(slot) => slot,
            None => self.slot_slow(index)?,
        };
        // ORDERING: Acquire pairs with the Release in `set`, for those who do not have the index.
        let shard = NonNull::new(slot.load(Acquire))?;
        // SAFETY: shards live as long as the pool (T3).
        Some(unsafe { ShardPtr::new(shard) })
    }

    /// Sets a slot that is empty; `prepare` was called for the index. By who has the index.
    pub(crate) fn set(&self, index: u32, shard: ShardPtr) {
        let slot = self.first.get(index as usize).or_else(|| self.slot_slow(index));
        debug_assert!(slot.is_some());
        if let Some(slot) = slot {
            // ORDERING: Release pairs with the Acquire in `get`.
            slot.store(shard.get().as_ptr(), Release);
        }
    }

    /// The shards that there are.
    pub(crate) fn iter(&self) -> impl Iterator<Item = ShardPtr> {
        let end =
            (0..BUCKETS).rev().find(|&bucket| self.bucket(bucket).is_some()).map_or(INLINE, |b| INLINE << (b + 1));
        (1..end as u32).filter_map(|index| self.get(index))
    }

    #[cold]
    fn slot_slow(&self, index: u32) -> Option<&Slot> {
        let bucket = index.checked_ilog2()?.checked_sub(INLINE.ilog2())? as usize;
        let slots = self.bucket(bucket)?;
        // SAFETY: bucket b has the slots of the indices from `INLINE << b` to below twice that, and `index` is one.
        let slot = unsafe { slots.add(index as usize - (INLINE << bucket)) };
        // SAFETY: the slots are initialised atomics, and stay as long as the table.
        Some(unsafe { slot.as_ref() })
    }

    fn bucket(&self, bucket: usize) -> Option<NonNull<Slot>> {
        // ORDERING: Acquire pairs with the Release in `prepare`: the slots are initialised.
        NonNull::new(self.buckets.get(bucket)?.load(Acquire))
    }

    /// Sees to it that there is a slot for `index`. `None` if the parent has no memory for it.
    pub(crate) fn prepare(&self, index: u32, parent: &dyn Parent) -> Result<(), Layout> {
        if (index as usize) < INLINE || self.slot_slow(index).is_some() {
            return Ok(());
        }
        let bucket = (index.ilog2() - INLINE.ilog2()) as usize;
        let layout = bucket_layout(bucket);
        let memory = parent.allocate(layout).ok_or(layout)?.cast::<Slot>();
        // SAFETY: the memory is for so many slots; null pointers are all zeros on every platform of Rust.
        unsafe { memory.write_bytes(0, INLINE << bucket) };
        // ORDERING: Release pairs with the Acquire in `bucket`.
        let set = self.buckets[bucket].compare_exchange(ptr::null_mut(), memory.as_ptr(), Release, Relaxed);
        if set.is_err() {
            // SAFETY: it just came from there, and another thread's bucket is used.
            unsafe { parent.deallocate(memory.cast(), layout) };
        }
        Ok(())
    }

    /// What the buckets take.
    pub(crate) fn bucket_bytes(&self) -> usize {
        self.pieces().map(|(_, layout)| layout.size()).sum()
    }

    /// The pieces that the table has from the parent for itself.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = (NonNull<u8>, Layout)> {
        (0..BUCKETS).filter_map(|bucket| Some((self.bucket(bucket)?.cast(), bucket_layout(bucket))))
    }
}

/// For `INLINE << bucket` slots.
const fn bucket_layout(bucket: usize) -> Layout {
    match Layout::array::<Slot>(INLINE << bucket) {
        Ok(layout) => layout,
        Err(_) => unreachable!(),
    }
}
