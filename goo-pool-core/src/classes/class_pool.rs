//! The pool of many sizes for one thread.

use core::alloc::Layout;
use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;

use super::builder::ClassPoolBuilder;
use super::classes::Classes;
use super::source::Source;
use crate::error::AllocError;
use crate::heap::HeapPtr;
use crate::parent::{Global, Parent};
use crate::stats::Stats;

/// A pool of chunks of many sizes: an allocator for containers. It belongs to one thread.
///
/// A request is served from one of 44 size classes: every 8 bytes up to 64, then four to each doubling, up to 32 KiB. So
/// 7.9% of a chunk is unused in the mean over all sizes, and less than a fifth above 32 bytes. Each class is a pool of its own,
/// made when its first chunk is asked for, and all have one parent. What is larger than 32 KiB, or so aligned, goes straight to the parent. A
/// request for no bytes gets an address, and no memory.
///
/// Dropping the pool gives the classes' memory back to the parent, also that of chunks that were never freed; what the parent
/// served itself stays until it is freed. A [`ClassPoolHandle`](crate::ClassPoolHandle) owns a pool together with others.
///
/// # Examples
///
/// ```
/// use std::alloc::Layout;
/// use goo_pool_core::ClassPool;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = ClassPool::new();
/// let (small, large) = (Layout::new::<[u8; 100]>(), Layout::new::<[u8; 110]>());
/// let chunk = pool.allocate(small)?;
/// assert_eq!(chunk.len(), 112);
/// // SAFETY: it came from this pool for `small`, and is not used afterwards but as what `grow` gives.
/// let grown = unsafe { pool.grow(chunk.cast(), small, large) }?;
/// assert_eq!(grown, chunk); // it fits
/// // SAFETY: it came from this pool, `large` fits it, and it is not used any more.
/// unsafe { pool.deallocate(grown.cast(), large) };
/// # Ok(())
/// # }
/// ```
pub struct ClassPool {
    classes: Classes<HeapPtr>,
}

impl ClassPool {
    /// A pool over the global allocator. It asks for no memory yet.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_parent(&Global)
    }

    /// A pool over a parent that is always there. It asks for no memory yet.
    #[must_use]
    pub const fn with_parent(parent: &'static dyn Parent) -> Self {
        Self::from_classes(Classes::new(Source::Static(parent), None))
    }

    /// Settings for a pool.
    pub fn builder() -> ClassPoolBuilder<Global> {
        ClassPoolBuilder::new()
    }

    pub(crate) const fn from_classes(classes: Classes<HeapPtr>) -> Self {
        Self { classes }
    }

    /// Memory for `layout`, its bytes uninitialised. The slice is as long as the chunk: at least as was asked for, and any
    /// layout of that alignment and a size in between fits it.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if the parent has no memory; the pool stays as it was.
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

    /// Memory for `layout`, all bytes of the slice 0. Otherwise as [`allocate`](Self::allocate).
    ///
    /// # Errors
    ///
    /// As [`allocate`](Self::allocate).
    #[inline]
    pub fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.classes.allocate_zeroed(layout)
    }

    /// Gives memory back.
    ///
    /// # Safety
    ///
    /// 1. `ptr` came from this pool and has not been given back since. It is the pointer that the pool gave, not one made
    ///    from a reference to what is there.
    /// 2. `layout` fits it: its alignment is the one last asked for, its size at least the one last asked for, and at most the
    ///    length of the slice that the pool returned.
    /// 3. Nobody touches its bytes after this call.
    ///
    /// # Panics
    ///
    /// In debug builds, if the chunk is already free, or the address is not that of a chunk of the layout's class.
    #[inline]
    #[track_caller]
    pub unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: (1) to (3).
        unsafe { self.classes.deallocate(ptr, layout) };
    }

    /// The same bytes, and room for more: where they are if the chunk is large enough, and otherwise in another chunk.
    ///
    /// # Errors
    ///
    /// As [`allocate`](Self::allocate). The old block stays as it is.
    ///
    /// # Safety
    ///
    /// 1. `ptr` came from this pool and has not been given back since, as for [`deallocate`](Self::deallocate).
    /// 2. `old` fits it.
    /// 3. `new.size()` is at least `old.size()`. The alignment may be another.
    /// 4. If this succeeds, `ptr` is not used any more, also if the new memory is at the same address.
    #[inline]
    pub unsafe fn grow(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        debug_assert!(new.size() >= old.size(), "a block grows from {} to {} bytes", old.size(), new.size());
        // SAFETY: (1), (2) and (4).
        unsafe { self.classes.resize(ptr, old, new) }
    }

    /// As [`grow`](Self::grow), and what lies behind the old size is 0.
    ///
    /// # Errors
    ///
    /// As [`grow`](Self::grow).
    ///
    /// # Safety
    ///
    /// As [`grow`](Self::grow).
    #[inline]
    pub unsafe fn grow_zeroed(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        debug_assert!(new.size() >= old.size(), "a block grows from {} to {} bytes", old.size(), new.size());
        // SAFETY: (1) to (4).
        unsafe { self.classes.grow_zeroed(ptr, old, new) }
    }

    /// The first bytes, in a chunk for less: the same one if a smaller one would be of the same class.
    ///
    /// # Errors
    ///
    /// As [`grow`](Self::grow).
    ///
    /// # Safety
    ///
    /// As [`grow`](Self::grow), but
    ///
    /// 3. `new.size()` is at most `old.size()`.
    #[inline]
    pub unsafe fn shrink(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        debug_assert!(new.size() <= old.size(), "a block shrinks from {} to {} bytes", old.size(), new.size());
        // SAFETY: (1), (2) and (4).
        unsafe { self.classes.resize(ptr, old, new) }
    }

    /// Gives every segment without a live chunk back to the parent.
    pub fn shrink_to_fit(&self) {
        self.classes.shrink_to_fit();
    }

    /// The sum of the classes' numbers: one step for each 64 chunks. What the parent serves itself is not in it.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.classes.stats()
    }

    /// The numbers of each class in use, with the layout of its chunks.
    pub fn class_stats(&self) -> impl Iterator<Item = (Layout, Stats)> {
        self.classes.class_stats()
    }

    /// Whether `ptr` is the address of a chunk of one of the classes, live or free. Any pointer may be asked for. What the parent
    /// served itself is not known.
    #[must_use]
    pub fn owns(&self, ptr: *const u8) -> bool {
        self.classes.owns(ptr)
    }

    /// Checks the classes' inner invariants in full, for tests.
    ///
    /// # Panics
    ///
    /// If the pool is broken: because of a bug in it, or a broken safety duty.
    pub fn assert_valid(&self) {
        // SAFETY: the pool is this thread's alone.
        unsafe { self.classes.assert_valid() };
    }
}

impl Default for ClassPool {
    fn default() -> Self {
        Self::new()
    }
}

// A panic of the parent leaves a pool whole.
impl UnwindSafe for ClassPool {}
impl RefUnwindSafe for ClassPool {}

impl fmt::Debug for ClassPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClassPool").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
