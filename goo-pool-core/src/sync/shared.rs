//! The thread-safe pool's state: what the threads share, and the ways to memory beyond one's own shard.

use std::alloc::Layout;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Relaxed};

use super::SharedParent;
use super::asking;
use super::closing;
use super::kind::Threads;
use super::lock::Lock;
use super::locked::Locked;
use super::returned::Returned;
use super::shard::{RESERVE, Shard, ShardPtr};
use super::shard_id::ShardId;
use super::shard_table::ShardTable;
use super::stores::{Home, Reach};
use super::thread_index;
use crate::allocate::Allocate;
use crate::block::ChunkPtr;
use crate::config::Config;
use crate::error::AllocError;
use crate::failure::{Asks, Obtain, persist};
use crate::for_all::for_all;
use crate::geometry::{Geometry, Stored};
use crate::growth::{self, Books};
use crate::parent::Parent;
use crate::reuse::Reuse;
use crate::store::Store;
use crate::watch;

/// What every allocation reads comes first; what is written stands on cache lines of its own behind it.
#[repr(C)]
pub(crate) struct Shared {
    pub(crate) shards: ShardTable,
    pub(crate) geometry: Stored,
    pub(crate) layout: Layout,
    pub(crate) reuse: Reuse,
    pub(crate) parent: SharedParent,
    pub(crate) closed: closing::Closed,
    /// Owners that may allocate. 0 for good once the pool has closed.
    handles: OwnLines<AtomicUsize>,
    /// Never held while the parent is called, or any other code that is not ours.
    locked: OwnLines<Lock<Locked>>,
}

/// Keeps those who read a neighbour from waiting for those who write this. Two lines, since processors fetch pairs.
#[repr(align(128))]
struct OwnLines<T>(T);

/// A pool's state, by address: alive while the pool has a handle or a chunk that is not accounted for (T3).
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct SharedPtr(NonNull<Shared>);

/// A pool's store for a home.
struct StoreAt {
    pool: SharedPtr,
    home: Home,
}

/// One of a pool's handles.
pub(crate) struct Held(pub(crate) SharedPtr);

impl Deref for SharedPtr {
    type Target = Shared;

    #[inline(always)]
    fn deref(&self) -> &Shared {
        // SAFETY: the state is alive (T3). Its fields are atomics, behind the lock, or never change.
        unsafe { self.0.as_ref() }
    }
}

impl Allocate for SharedPtr {
    #[inline(always)]
    unsafe fn take(self, stride: usize) -> Option<ChunkPtr> {
        // SAFETY: (1).
        unsafe { self.my_shard()?.front.take(stride) }
    }

    #[cold]
    #[inline(never)]
    fn allocate_slow(self) -> Result<ChunkPtr, AllocError> {
        persist(&self, || self.search())
    }

    fn watch(self, chunk: ChunkPtr) {
        watch::taken::<Threads>(chunk, &self.geometry, self.layout);
    }
}

impl Books<Threads> for StoreAt {
    fn with_store<R>(&self, look: impl FnOnce(&Store<Threads>) -> R) -> R {
        self.pool.with_locked(|locked| look(locked.stores.at(self.home)))
    }

    fn geometry(&self) -> &Geometry {
        &self.pool.geometry
    }

    fn parent(&self) -> &dyn Parent {
        &*self.pool.parent
    }
}

impl Asks for SharedPtr {
    fn parent(&self) -> &dyn Parent {
        &*self.parent
    }

    fn unless_asking<R>(&self, ask: impl FnOnce() -> R) -> Option<R> {
        asking::unless_asking(self.get().cast(), ask)
    }
}

impl SharedPtr {
    /// # Safety
    ///
    /// 1. `shared` is what `get` gave, and alive while the result is used.
    #[inline(always)]
    pub(crate) const unsafe fn new(shared: NonNull<Shared>) -> Self {
        Self(shared)
    }

    pub(crate) const fn get(self) -> NonNull<Shared> {
        self.0
    }

    /// A new pool with one handle, in memory from the parent.
    pub(crate) fn create(
        layout: Layout,
        geometry: Geometry,
        config: Config,
        parent: SharedParent,
        obtain: Obtain,
    ) -> Result<Self, AllocError> {
        let own = Layout::new::<Shared>();
        let memory = obtain(&*parent, own)?;
        let shared = Shared {
            shards: ShardTable::new(),
            geometry: Stored::new(geometry),
            layout,
            reuse: config.reuse,
            parent,
            closed: closing::Closed::default(),
            handles: OwnLines(AtomicUsize::new(1)),
            locked: OwnLines(Lock::new(Locked::new(layout, &config))),
        };
        let place = memory.cast::<Shared>();
        // SAFETY: the memory is ours, sized and aligned for it (Parent 1).
        unsafe { place.write(shared) };
        Ok(Self(place))
    }

    /// Gives all that is not a segment back.
    ///
    /// # Safety
    ///
    /// 1. Nobody uses the pool any more; its segments are in no need of it.
    pub(crate) unsafe fn destroy(self) {
        // SAFETY: nobody uses it any more (1); it is moved out, and not used again.
        let shared = unsafe { self.0.read() };
        let guest = shared.locked.0.lock().guest.take();
        // None of it has anything to drop.
        let shards = shared.shards.iter().chain(guest).map(|shard| (shard.get().cast(), Shard::layout()));
        let own = (self.0.cast(), Layout::new::<Shared>());
        for_all(shards.chain(shared.shards.pieces()).chain([own]), |(memory, layout)| {
            // SAFETY: it came from there, and nobody uses it any more (1).
            unsafe { shared.parent.deallocate(memory, layout) };
        });
    }

    pub(crate) fn with_locked<R>(self, look: impl FnOnce(&Locked) -> R) -> R {
        look(&self.locked.0.lock())
    }

    /// One more handle, for who has one.
    pub(crate) fn add_handle(self) {
        // ORDERING: Relaxed: as for any reference count, the one at hand keeps the pool.
        if self.handles.0.fetch_add(1, Relaxed) > usize::MAX / 2 {
            // As `Arc` does: so many handles can only have been forgotten.
            std::process::abort();
        }
    }

    /// One more handle, if the pool is open; for who has a chunk that keeps the state.
    pub(crate) fn try_add_handle(self) -> Option<Held> {
        // ORDERING: Relaxed: as `add_handle`; what was done before 0 is nothing to us.
        self.handles.0.fetch_update(Relaxed, Relaxed, |count| (count != 0).then(|| count + 1)).ok()?;
        Some(Held(self))
    }

    /// One handle less; the last one closes the pool, and the caller must not use it any more.
    pub(crate) fn release_handle(self) {
        // ORDERING: Release, and Acquire for the last: what was done with each handle comes before the closing.
        if self.handles.0.fetch_sub(1, AcqRel) == 1 {
            closing::close(self);
        }
    }

    pub(crate) fn is_open(self) -> bool {
        // ORDERING: Relaxed: for debug builds alone.
        self.handles.0.load(Relaxed) != 0
    }

    /// What the pool takes from the parent besides segments.
    pub(crate) fn own_bytes(self, locked: &Locked) -> usize {
        let shards = self.shards.iter().chain(locked.guest.get()).count();
        self.parent.own_bytes() + size_of::<Shared>() + shards * size_of::<Shard>() + self.shards.bucket_bytes()
    }

    /// A free chunk, wherever there is one.
    pub(crate) fn search(self) -> Result<ChunkPtr, AllocError> {
        match self.my_shard_or_new()? {
            Some(shard) => self.allocate_for(shard),
            None => self.allocate_as_guest(),
        }
    }

    #[inline(always)]
    pub(crate) fn my_shard(self) -> Option<ShardPtr> {
        // No shard has the index 0.
        self.shards.get(thread_index::current())
    }

    /// A chunk for the owner of a shard.
    #[cold]
    #[inline(never)]
    pub(crate) fn allocate_for(self, shard: ShardPtr) -> Result<ChunkPtr, AllocError> {
        // Between any two steps the parent may have used the pool, on this thread: look again from the start.
        loop {
            // What other threads freed may have been whole blocks. Before a chunk is taken: the parent may panic.
            shard.trim(RESERVE);
            if let Some(chunk) = shard.take() {
                return Ok(chunk);
            }
            let home = self.home();
            // The parent may have used the pool: what comes now needs an empty hand.
            if let Some(chunk) = shard.take() {
                return Ok(chunk);
            }
            if self.find_for(shard, Reach::Near(home)) {
                continue;
            }
            if let Err(error) = self.grow(home, 1) {
                // Also a parent that refuses may have used the pool.
                if let Some(chunk) = shard.take() {
                    return Ok(chunk);
                }
                if !self.find_for(shard, Reach::Anywhere) {
                    return Err(error);
                }
            }
        }
    }

    /// The home of memory that this thread would ask for now.
    pub(crate) fn home(self) -> Home {
        Home::of_this_thread(&*self.parent)
    }

    /// Free chunks that are no running thread's own. False if there are none.
    fn find_for(self, shard: ShardPtr, reach: Reach) -> bool {
        self.give_block_to(shard, reach) || self.raid_for(shard, reach) || self.steal_for(shard, reach)
    }

    /// A block from a store. False if there is none.
    fn give_block_to(self, shard: ShardPtr, reach: Reach) -> bool {
        let block = self.with_locked(|locked| locked.give_block_to(shard, reach, &self.geometry));
        if let Some(block) = block {
            shard.front.room.push(block);
        }
        block.is_some()
    }

    /// A segment of at least `least` chunks, or what another thread freed meanwhile.
    pub(crate) fn grow(self, home: Home, least: usize) -> Result<(), AllocError> {
        // First: what goes back now may be what the parent gives.
        closing::look_over();
        growth::grow(&StoreAt { pool: self, home }, least)
    }

    /// The shard of this thread's index, made if there is none yet; `None` if the thread has no index.
    pub(crate) fn my_shard_or_new(self) -> Result<Option<ShardPtr>, AllocError> {
        let Some(index) = thread_index::current_or_new() else { return Ok(None) };
        if let Some(shard) = self.shards.get(index) {
            return Ok(Some(shard));
        }
        self.shards.prepare(index, &*self.parent).map_err(|layout| AllocError::OutOfMemory { layout })?;
        let new = self.new_shard(ShardId::new(index))?;
        // The parent may have used the pool, on this thread.
        let shard = self.shards.get(index);
        if shard.is_some() {
            self.free_shard(new);
        } else {
            self.shards.set(index, new);
        }
        Ok(shard.or(Some(new)))
    }

    fn new_shard(self, id: ShardId) -> Result<ShardPtr, AllocError> {
        let layout = Shard::layout();
        let Some(memory) = self.parent.allocate(layout) else {
            return Err(AllocError::OutOfMemory { layout });
        };
        let place = memory.cast::<Shard>();
        // SAFETY: the memory is ours, sized and aligned for it (Parent 1).
        unsafe { place.write(Shard::new(self, id)) };
        // SAFETY: it lives as long as the pool from now on.
        Ok(unsafe { ShardPtr::new(place) })
    }

    /// For a shard that nobody else has seen.
    fn free_shard(self, shard: ShardPtr) {
        // SAFETY: it came from there, and nobody else has seen it. It has nothing to drop.
        unsafe { self.parent.deallocate(shard.get().cast(), Shard::layout()) };
    }

    /// A chunk for a thread that has no index any more: from a shard that belongs to the lock.
    fn allocate_as_guest(self) -> Result<ChunkPtr, AllocError> {
        loop {
            let Some(guest) = self.with_locked(|locked| locked.guest.get()) else {
                let new = self.new_shard(ShardId::NOBODY)?;
                let there_already = self.with_locked(|locked| {
                    let there = locked.guest.get();
                    locked.guest.set(there.or(Some(new)));
                    there.is_some()
                });
                if there_already {
                    self.free_shard(new);
                }
                continue;
            };
            // Before a chunk is taken: the parent may panic.
            self.settle(false);
            let home = self.home();
            let allocate = |reach| self.with_locked(|locked| locked.allocate_as_guest(guest, reach, &self.geometry));
            if let Some(chunk) = allocate(Reach::Near(home)) {
                return Ok(chunk);
            }
            if let Err(error) = self.grow(home, 1) {
                self.empty_out_unowned();
                return allocate(Reach::Anywhere).ok_or(error);
            }
        }
    }

    /// Gives the parent the segments that the store need not keep, or all spare ones.
    pub(crate) fn settle(self, all: bool) {
        let mut returned = Returned::new(&self.parent);
        self.with_locked(|locked| {
            for store in locked.stores.all() {
                while let Some(segment) = store.next_to_return(all) {
                    returned.push(segment);
                }
            }
        });
    }

    /// Makes room for `additional` more chunks, for this thread, and keeps at least that much from now on.
    pub(crate) fn reserve(self, additional: usize) -> Result<(), AllocError> {
        let home = self.home();
        persist(&self, || self.make_room_at(home, additional))?;
        self.with_locked(|locked| locked.stores.at(home).keep_at_least(additional));
        Ok(())
    }

    /// As [`Handle::prepare`](crate::Handle::prepare).
    pub(crate) fn prepare(self, additional: usize) -> Result<(), AllocError> {
        if additional == 0 || self.capacity() / 64 > additional {
            return Ok(());
        }
        self.make_room(additional)
    }

    /// Makes room for `additional` more chunks, for this thread.
    pub(crate) fn make_room(self, additional: usize) -> Result<(), AllocError> {
        self.make_room_at(self.home(), additional)
    }

    fn make_room_at(self, home: Home, additional: usize) -> Result<(), AllocError> {
        // A thread that has no index yet gets one when it allocates; it does not become a guest.
        let is_guest = thread_index::current_or_new().is_none();
        let missing_within = |reach| {
            let free = self.with_locked(|locked| {
                let mine = if is_guest { locked.guest.get() } else { self.my_shard() };
                self.free_for(locked, mine, reach)
            });
            additional.saturating_sub(free)
        };
        let mut reach = Reach::Near(home);
        if missing_within(reach) == 0 {
            return Ok(());
        }
        self.empty_out_unowned();
        loop {
            let missing = missing_within(reach);
            if missing == 0 {
                return Ok(());
            }
            if let Err(error) = self.grow(home, missing) {
                // What other homes have counts only now, and is taken only then.
                reach = Reach::Anywhere;
                if missing_within(reach) >= missing {
                    return Err(error);
                }
            }
        }
    }

    /// Gives back all segments that are empty now, as far as this thread can tell.
    pub(crate) fn shrink_to_fit(self) {
        self.empty_out_all();
        self.with_locked(|locked| locked.stores.all().iter().for_each(Store::keep_least));
        self.settle(true);
        self.with_locked(|locked| locked.stores.all().iter().for_each(Store::forget_returns));
        closing::look_over();
    }

    /// Gives all blocks that are empty now to the store, as far as this thread can tell.
    pub(crate) fn empty_out_all(self) {
        let mine = self.my_shard();
        // All hands first: they may hold chunks of each other's blocks.
        if let Some(shard) = mine {
            shard.flush();
        }
        self.empty_out_unowned();
        if let Some(shard) = mine {
            self.empty_out(shard);
        }
    }

    /// Gives all of a shard's free blocks to the store. By its owner.
    pub(crate) fn empty_out(self, shard: ShardPtr) {
        shard.flush();
        self.with_locked(|locked| locked.sweep(shard, &self.geometry));
        shard.trim(0);
    }
}

impl Held {
    /// The pool, with the handle, which is the caller's to release.
    pub(crate) fn into_shared(self) -> SharedPtr {
        std::mem::ManuallyDrop::new(self).0
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.release_handle();
    }
}
