//! The pool of many sizes for many threads, which can be a program's global allocator.

use std::alloc::{GlobalAlloc, Layout};
use std::fmt;
use std::mem;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::{self, NonNull};

use super::builder::ClassPoolBuilder;
use super::classes::{AbortOnUnwind, Classes};
use super::source::Source;
use crate::error::AllocError;
use crate::parent::{Global, Parent, System};
use crate::stats::Stats;
use crate::sync::SharedPtr;

/// A pool of chunks of many sizes, for many threads: each may allocate, and free what any other allocated.
///
/// As [`ClassPool`](crate::ClassPool), with the classes made of what a [`SyncRawPool`](crate::SyncRawPool) is made of: allocating
/// and freeing on one thread take no locked instruction, freeing on another one or two, and what an ended thread left is used again.
///
/// # As global allocator
///
/// It can be a `static`, and a program's global allocator. Its memory comes from [`System`] then, or from any other parent that does not
/// itself use the global allocator. A panic of the parent ends the process.
///
/// That works where the standard library's `Mutex` does not allocate: on Linux, Android, Windows, FreeBSD, OpenBSD and DragonFly, but not
/// on Apple's systems. After a `fork` of a program with several threads, the child must not allocate before it calls `exec`.
///
/// # Examples
///
/// ```
/// use std::thread;
/// use goo_pool_core::SyncClassPool;
///
/// #[global_allocator]
/// static GLOBAL: SyncClassPool = SyncClassPool::new();
///
/// let words = thread::spawn(|| "all this lies in the pool".split(' ').map(String::from).collect::<Vec<_>>()).join().unwrap();
/// assert!(GLOBAL.owns(words.as_ptr().cast()));
/// ```
pub struct SyncClassPool {
    classes: Classes<SharedPtr>,
}

impl SyncClassPool {
    /// A pool over the system's allocator. It asks for no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_parent(&System)
    }

    /// A pool over a parent that is always there. It asks for no memory yet.
    #[must_use]
    pub const fn with_parent(parent: &'static (dyn Parent + Send + Sync)) -> Self {
        Self::from_classes(Classes::new(Source::Static(parent), None))
    }

    /// Settings for a pool; [`build_sync`](ClassPoolBuilder::build_sync) makes it. It starts from the global allocator as parent.
    pub fn builder() -> ClassPoolBuilder<Global> {
        ClassPoolBuilder::new()
    }

    pub(crate) const fn from_classes(classes: Classes<SharedPtr>) -> Self {
        Self { classes }
    }

    /// As [`ClassPool::allocate`](crate::ClassPool::allocate), from any thread.
    ///
    /// # Errors
    ///
    /// As there.
    #[inline]
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.classes.allocate(layout)
    }

    /// For the adapters, whose error says nothing.
    #[cfg(any(feature = "allocator-api2-02", feature = "allocator-api2-04", feature = "nightly"))]
    #[inline(always)]
    pub(crate) fn allocate_or_none(&self, layout: Layout) -> Option<NonNull<[u8]>> {
        self.classes.allocate_or_none(layout)
    }

    /// As [`ClassPool::allocate_zeroed`](crate::ClassPool::allocate_zeroed), from any thread.
    ///
    /// # Errors
    ///
    /// As there.
    #[inline]
    pub fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.classes.allocate_zeroed(layout)
    }

    /// As [`ClassPool::deallocate`](crate::ClassPool::deallocate), from any thread.
    ///
    /// # Safety
    ///
    /// As there.
    ///
    /// # Panics
    ///
    /// In debug builds, if the chunk is already free and that can be seen without a lock.
    #[inline]
    #[track_caller]
    pub unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { self.classes.deallocate(ptr, layout) };
    }

    /// As [`ClassPool::grow`](crate::ClassPool::grow), from any thread.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Safety
    ///
    /// As there.
    #[inline]
    pub unsafe fn grow(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        debug_assert!(new.size() >= old.size(), "a block grows from {} to {} bytes", old.size(), new.size());
        // SAFETY: the caller's promise.
        unsafe { self.classes.resize(ptr, old, new) }
    }

    /// As [`ClassPool::grow_zeroed`](crate::ClassPool::grow_zeroed), from any thread.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Safety
    ///
    /// As there.
    #[inline]
    pub unsafe fn grow_zeroed(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        debug_assert!(new.size() >= old.size(), "a block grows from {} to {} bytes", old.size(), new.size());
        // SAFETY: the caller's promise.
        unsafe { self.classes.grow_zeroed(ptr, old, new) }
    }

    /// As [`ClassPool::shrink`](crate::ClassPool::shrink), from any thread.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Safety
    ///
    /// As there.
    #[inline]
    pub unsafe fn shrink(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        debug_assert!(new.size() <= old.size(), "a block shrinks from {} to {} bytes", old.size(), new.size());
        // SAFETY: the caller's promise.
        unsafe { self.classes.resize(ptr, old, new) }
    }

    /// Gives every segment back that is empty as far as this thread can tell, as
    /// [`SyncRawPool::shrink_to_fit`](crate::SyncRawPool::shrink_to_fit).
    pub fn shrink_to_fit(&self) {
        self.classes.shrink_to_fit();
    }

    /// As [`ClassPool::stats`](crate::ClassPool::stats); takes the lock of one class after the other. Exact while no other thread uses
    /// the pool.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.classes.stats()
    }

    /// As [`ClassPool::class_stats`](crate::ClassPool::class_stats), with the same reservation as [`stats`](Self::stats).
    pub fn class_stats(&self) -> impl Iterator<Item = (Layout, Stats)> {
        self.classes.class_stats()
    }

    /// As [`ClassPool::owns`](crate::ClassPool::owns).
    #[must_use]
    pub fn owns(&self, ptr: *const u8) -> bool {
        self.classes.owns(ptr)
    }

    /// Checks the classes' inner invariants in full, for tests.
    ///
    /// # Panics
    ///
    /// If the pool is broken: because of a bug in it, or a broken safety duty.
    ///
    /// # Safety
    ///
    /// As [`SyncRawPool::assert_valid`](crate::SyncRawPool::assert_valid).
    pub unsafe fn assert_valid(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.classes.assert_valid() };
    }
}

impl Default for SyncClassPool {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: a class's engine may be used by any thread, and is found through an atomic; the parent is `Send` and `Sync`.
unsafe impl Send for SyncClassPool {}
// SAFETY: the same.
unsafe impl Sync for SyncClassPool {}

// A panic of the parent leaves a pool whole.
impl UnwindSafe for SyncClassPool {}
impl RefUnwindSafe for SyncClassPool {}

/// Memory, or null. A panic of the parent ends the process, since a global allocator must not unwind.
#[inline(always)]
fn or_null(allocate: impl FnOnce() -> Option<NonNull<[u8]>>) -> *mut u8 {
    let abort = AbortOnUnwind;
    let memory = allocate();
    mem::forget(abort);
    memory.map_or(ptr::null_mut(), |memory| memory.cast().as_ptr())
}

// SAFETY: memory is valid, fits its layout, and stays until it is given back: the classes' chunks because of K1 and K3, all other
// because of the parent's contract. Nothing here unwinds, and nothing here allocates but from the parent.
unsafe impl GlobalAlloc for SyncClassPool {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        or_null(|| self.classes.allocate_or_none(layout))
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        or_null(|| self.allocate_zeroed(layout).ok())
    }

    #[inline]
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        let abort = AbortOnUnwind;
        // SAFETY: what `alloc` gave is not null.
        let ptr = unsafe { NonNull::new_unchecked(ptr) };
        // SAFETY: it came from here with this layout, by the caller's promise.
        unsafe { self.deallocate(ptr, layout) };
        mem::forget(abort);
    }

    #[inline]
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the new size, rounded up to the alignment, does not overflow, by the caller's promise.
        let new = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        // SAFETY: what `alloc` gave is not null.
        let ptr = unsafe { NonNull::new_unchecked(ptr) };
        // SAFETY: it came from here with this layout, and is not used again, by the caller's promise.
        or_null(|| unsafe { self.classes.resize(ptr, layout, new) }.ok())
    }
}

impl fmt::Debug for SyncClassPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncClassPool").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
