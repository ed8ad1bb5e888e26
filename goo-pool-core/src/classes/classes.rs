//! All that a pool of many sizes does, for one thread or for many.

use core::alloc::Layout;
use core::mem;
use core::ptr::{self, NonNull};

use super::engine::Engine;
use super::size_class::{CLASSES, index_of, layout_of};
use super::source::Source;
use crate::block::ChunkPtr;
use crate::config::Config;
use crate::error::{AllocError, BuildError};
use crate::failure::{Asks, persist};
use crate::parent::Parent;
use crate::stats::Stats;
use crate::watch::WATCHED;

/// The classes and what they have in common.
pub(crate) struct Classes<E: Engine> {
    /// By their index. They end before the parent (K2).
    classes: [Class<E>; CLASSES],
    parent: Source<E::AnyParent>,
    /// Of each class; `None` is the usual.
    config: Option<Config>,
    asking: E::Asking,
}

/// One class: nothing, until somebody asks for a chunk of it, and then the same engine until its end (K1).
struct Class<E: Engine>(E::Slot);

impl<E: Engine> Drop for Class<E> {
    fn drop(&mut self) {
        if let Some(engine) = E::get(&self.0) {
            // SAFETY: the class was its only owner, and who still has a chunk may not use it, for the pool ends.
            unsafe { engine.end() };
        }
    }
}

impl<E: Engine> Asks for Classes<E> {
    fn parent(&self) -> &dyn Parent {
        &self.parent
    }

    fn unless_asking<R>(&self, ask: impl FnOnce() -> R) -> Option<R> {
        E::unless_asking(&self.asking, ask)
    }
}

impl<E: Engine> Classes<E> {
    pub(crate) const fn new(parent: Source<E::AnyParent>, config: Option<Config>) -> Self {
        Self { classes: [const { Class(E::EMPTY) }; CLASSES], parent, config, asking: E::NOT_ASKING }
    }

    /// Memory that is at hand: a free chunk of a class that has one in its hand.
    #[inline(always)]
    fn take(&self, layout: Layout) -> Option<NonNull<[u8]>> {
        let engine = E::get(&self.classes.get(index_of(layout))?.0)?;
        let stride = engine.stride();
        // SAFETY: it is the engine's.
        let chunk = unsafe { engine.at_hand(stride) }?;
        Some(NonNull::slice_from_raw_parts(chunk.get(), stride))
    }

    /// A chunk, and all its bytes; or what no class serves.
    #[inline(always)]
    pub(crate) fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        match self.take(layout) {
            Some(memory) => Ok(memory),
            None => self.allocate_slow(layout),
        }
    }

    /// The same for callers that do not tell errors apart: what comes back fits into registers.
    #[cfg_attr(not(feature = "std"), allow(dead_code, reason = "adapters and the global allocator use it"))]
    #[inline(always)]
    pub(crate) fn allocate_or_none(&self, layout: Layout) -> Option<NonNull<[u8]>> {
        match self.take(layout) {
            Some(memory) => Some(memory),
            None => self.allocate_slow_or_none(layout),
        }
    }

    #[cold]
    #[inline(never)]
    fn allocate_slow(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let index = index_of(layout);
        let Some(class) = self.classes.get(index) else {
            return persist(self, || served_elsewhere(layout, |layout| self.parent.allocate(layout)));
        };
        // The engine asks nobody: the parent is asked once, whatever failed, and for all classes together (H7).
        let (engine, chunk) = persist(self, || {
            let engine = match E::get(&class.0) {
                Some(engine) => engine,
                None => self.engine_or_new(index)?,
            };
            Ok((engine, engine.search()?))
        })?;
        if WATCHED {
            engine.watch(chunk);
        }
        Ok(NonNull::slice_from_raw_parts(chunk.get(), engine.stride()))
    }

    #[cfg_attr(not(feature = "std"), allow(dead_code, reason = "see above"))]
    #[cold]
    #[inline(never)]
    fn allocate_slow_or_none(&self, layout: Layout) -> Option<NonNull<[u8]>> {
        self.allocate_slow(layout).ok()
    }

    /// The engine of a class, made if there is none yet.
    fn engine_or_new(&self, index: usize) -> Result<E, AllocError> {
        let slot = &self.classes[index].0;
        let config = self.config.clone().unwrap_or_default();
        let new = E::create(layout_of(index), config, &self.parent).map_err(|error| match error {
            BuildError::Alloc(error) => error,
            BuildError::Layout(_) => unreachable!("every class has a geometry"),
        })?;
        if E::set(slot, new) {
            return Ok(new);
        }
        // The parent, or another thread, was faster.
        // SAFETY: nobody else has seen it.
        unsafe { new.end() };
        Ok(E::get(slot).unwrap_or_else(|| unreachable!("a class keeps its engine")))
    }

    pub(crate) fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if index_of(layout) >= CLASSES {
            return persist(self, || served_elsewhere(layout, |layout| self.parent.allocate_zeroed(layout)));
        }
        let memory = self.allocate(layout)?;
        // SAFETY: it is ours, and so long.
        unsafe { memory.cast::<u8>().write_bytes(0, memory.len()) };
        Ok(memory)
    }

    /// # Safety
    ///
    /// 1. `ptr` came from these classes and has not been given back since.
    /// 2. `layout` fits it.
    /// 3. Nobody touches its bytes after this call.
    #[inline(always)]
    #[track_caller]
    pub(crate) unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        let Some(class) = self.classes.get(index_of(layout)) else {
            // SAFETY: (1) to (3).
            return unsafe { self.deallocate_elsewhere(ptr, layout) };
        };
        let Some(engine) = E::get(&class.0) else { not_from_here() };
        // SAFETY: every layout that fits leads to the class (K3) that gave the chunk (1), (2).
        let chunk = unsafe { ChunkPtr::new(ptr) };
        // SAFETY: (1), (3).
        unsafe { engine.free(chunk) };
    }

    /// # Safety
    ///
    /// 1. As [`deallocate`](Self::deallocate), for a layout that no class serves.
    #[cold]
    #[inline(never)]
    unsafe fn deallocate_elsewhere(&self, ptr: NonNull<u8>, layout: Layout) {
        if layout.size() != 0 {
            // SAFETY: only one layout fits what no class gave, so this is what the parent was asked for (1).
            unsafe { self.parent.deallocate(ptr, layout) };
        }
    }

    /// The same bytes for another layout: in place if both are of one class.
    ///
    /// # Safety
    ///
    /// 1. `ptr` came from these classes and has not been given back since.
    /// 2. `old` fits it.
    /// 3. If this succeeds, `ptr` is not used any more.
    #[inline]
    pub(crate) unsafe fn resize(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let index = index_of(new);
        if index < CLASSES && index == index_of(old) {
            // A class has the alignment of every layout that it serves (K3).
            return Ok(NonNull::slice_from_raw_parts(ptr, layout_of(index).size()));
        }
        // SAFETY: (1) to (3).
        unsafe { self.resize_by_moving(ptr, old, new) }
    }

    /// # Safety
    ///
    /// 1. As [`resize`](Self::resize).
    #[inline(never)]
    unsafe fn resize_by_moving(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let is_parents = |layout: Layout| index_of(layout) >= CLASSES && layout.size() != 0;
        if old.align() == new.align() && is_parents(old) && is_parents(new) {
            // SAFETY: the parent served it with that layout (1); both sizes are a layout's, and not 0.
            let memory = unsafe { self.parent.reallocate(ptr, old, new.size()) };
            if let Some(memory) = memory {
                return Ok(NonNull::slice_from_raw_parts(memory, new.size()));
            }
        }
        let memory = self.allocate(new)?;
        // SAFETY: both have so many bytes, and are two live pieces.
        unsafe { ptr.copy_to_nonoverlapping(memory.cast(), old.size().min(new.size())) };
        // Whoever sees a panic instead of a result goes on using the old block.
        let abort = AbortOnUnwind;
        // SAFETY: (1).
        unsafe { self.deallocate(ptr, old) };
        mem::forget(abort);
        Ok(memory)
    }

    /// As `resize`, with zeros behind the old size.
    ///
    /// # Safety
    ///
    /// 1. As [`resize`](Self::resize).
    /// 2. `new` is not smaller than `old`.
    pub(crate) unsafe fn grow_zeroed(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: (1).
        let memory = unsafe { self.resize(ptr, old, new) }?;
        // SAFETY: it has at least the old size's bytes (2).
        let tail = unsafe { memory.cast::<u8>().byte_add(old.size()) };
        // SAFETY: and so many more.
        unsafe { tail.write_bytes(0, memory.len() - old.size()) };
        Ok(memory)
    }

    fn engines(&self) -> impl Iterator<Item = E> {
        self.classes.iter().filter_map(|class| E::get(&class.0))
    }

    /// The sum over all classes in use, and what the pool itself has from the parent.
    pub(crate) fn stats(&self) -> Stats {
        let own = self.parent.own_bytes();
        let mut sum = Stats { bytes_reserved: own, bytes_overhead: own, ..Stats::default() };
        for stats in self.engines().map(E::stats) {
            sum.total_chunks += stats.total_chunks;
            sum.free_chunks += stats.free_chunks;
            sum.live_chunks += stats.live_chunks;
            sum.blocks += stats.blocks;
            sum.segments += stats.segments;
            sum.bytes_reserved += stats.bytes_reserved;
            sum.bytes_overhead += stats.bytes_overhead;
        }
        sum
    }

    pub(crate) fn class_stats(&self) -> impl Iterator<Item = (Layout, Stats)> {
        let each = self.classes.iter().enumerate();
        each.filter_map(|(index, class)| Some((layout_of(index), E::get(&class.0)?.stats())))
    }

    pub(crate) fn shrink_to_fit(&self) {
        self.engines().for_each(E::shrink_to_fit);
    }

    pub(crate) fn owns(&self, ptr: *const u8) -> bool {
        self.engines().any(|engine| engine.owns(ptr))
    }

    /// # Safety
    ///
    /// 1. No other thread uses the pool, or frees a chunk of it, meanwhile.
    pub(crate) unsafe fn assert_valid(&self) {
        // SAFETY: (1).
        self.engines().for_each(|engine| unsafe { engine.assert_valid() });
    }
}

/// What no class serves: the parent's memory, no longer than was asked for, so that no other layout fits it; or an address for
/// nothing.
fn served_elsewhere(
    layout: Layout,
    by_parent: impl FnOnce(Layout) -> Option<NonNull<u8>>,
) -> Result<NonNull<[u8]>, AllocError> {
    let memory = match layout.size() {
        0 => NonNull::new(ptr::without_provenance_mut(layout.align())),
        _ => by_parent(layout),
    };
    let Some(memory) = memory else { return Err(AllocError::OutOfMemory { layout }) };
    Ok(NonNull::slice_from_raw_parts(memory, layout.size()))
}

/// Ends the process if it is dropped while a panic unwinds, and is to be forgotten otherwise.
pub(crate) struct AbortOnUnwind;

impl Drop for AbortOnUnwind {
    fn drop(&mut self) {
        panic!("an allocator must not panic here");
    }
}

#[cold]
#[track_caller]
fn not_from_here() -> ! {
    panic!("foreign pointer: this pool has given no chunk of that size")
}
