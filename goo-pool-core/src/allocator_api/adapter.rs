//! The way from [`Memory`](super::Memory) to `Allocator`, and from `Allocator` to [`Parent`](crate::Parent).

/// All that belongs to one version of `Allocator`, which the place of use names.
macro_rules! adapters {
    () => {
        use core::alloc::Layout;
        use core::ptr::NonNull;

        use $crate::Parent;
        use $crate::allocator_api::Memory;

        allocator!(&$crate::RawPool);
        allocator!($crate::PoolHandle);
        allocator!(&$crate::ClassPool);
        allocator!($crate::ClassPoolHandle);
        #[cfg(feature = "std")]
        allocator!(&$crate::SyncRawPool);
        #[cfg(feature = "std")]
        allocator!($crate::SyncPoolHandle);
        #[cfg(feature = "std")]
        allocator!(&$crate::SyncClassPool);
        #[cfg(feature = "std")]
        allocator!($crate::SyncClassPoolHandle);

        /// An allocator as the parent of pools.
        ///
        /// As any parent it is the pool's own: a reference must be `'static`. A thread-safe pool needs one that is `Send`
        /// and `Sync`.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct AllocatorParent<A>(pub A);

        // SAFETY: an allocator's memory is valid, fits, and stays when the allocator is moved, until it is given back or the
        // allocator is dropped. Nobody drops it before: a pool drops its parent last, after it gave back all memory.
        unsafe impl<A: Allocator> Parent for AllocatorParent<A> {
            fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
                self.0.allocate(layout).ok().map(NonNull::cast)
            }

            unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
                // SAFETY: the parent's promise is the allocator's: its memory (1), which nobody touches (2).
                unsafe { self.0.deallocate(ptr, layout) };
            }

            fn allocate_zeroed(&self, layout: Layout) -> Option<NonNull<u8>> {
                self.0.allocate_zeroed(layout).ok().map(NonNull::cast)
            }

            unsafe fn reallocate(&self, ptr: NonNull<u8>, layout: Layout, new_size: usize) -> Option<NonNull<u8>> {
                let new = Layout::from_size_align(new_size, layout.align()).ok()?;
                let memory = if new_size < layout.size() {
                    // SAFETY: the parent's promise is the allocator's (1), (3), and the new size is the smaller one.
                    unsafe { self.0.shrink(ptr, layout, new) }
                } else {
                    // SAFETY: the same, and the new size is not the smaller one.
                    unsafe { self.0.grow(ptr, layout, new) }
                };
                memory.ok().map(NonNull::cast)
            }
        }
    };
}

/// `Allocator` for what leads to a pool: a shared reference, or a handle.
macro_rules! allocator {
    ($way:ty) => {
        // SAFETY: memory is as the contract asks (Memory 1) and stays as long as this is there: a reference does not outlive the pool, a handle
        // keeps it. To move or to clone one moves no memory, and a clone leads to the same pool.
        unsafe impl Allocator for $way {
            #[inline]
            fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
                Memory::allocate(&**self, layout).ok_or(AllocError)
            }

            #[inline]
            fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
                Memory::allocate_zeroed(&**self, layout).ok_or(AllocError)
            }

            #[inline]
            unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
                // SAFETY: our caller's promise is the same.
                unsafe { Memory::deallocate(&**self, ptr, layout) };
            }

            #[inline]
            unsafe fn grow(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
                debug_assert!(new.size() >= old.size(), "growing from {} to {} bytes", old.size(), new.size());
                // SAFETY: our caller's promise is the same.
                unsafe { Memory::resize(&**self, ptr, old, new) }.ok_or(AllocError)
            }

            #[inline]
            unsafe fn grow_zeroed(
                &self,
                ptr: NonNull<u8>,
                old: Layout,
                new: Layout,
            ) -> Result<NonNull<[u8]>, AllocError> {
                // SAFETY: our caller's promise is the same.
                let memory = unsafe { self.grow(ptr, old, new) }?;
                // SAFETY: it has at least the new size, which is not below the old one.
                let tail = unsafe { memory.cast::<u8>().byte_add(old.size()) };
                // SAFETY: as far as the memory goes.
                unsafe { tail.write_bytes(0, memory.len() - old.size()) };
                Ok(memory)
            }

            #[inline]
            unsafe fn shrink(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
                debug_assert!(new.size() <= old.size(), "shrinking from {} to {} bytes", old.size(), new.size());
                // SAFETY: our caller's promise is the same.
                unsafe { Memory::resize(&**self, ptr, old, new) }.ok_or(AllocError)
            }
        }
    };
}
