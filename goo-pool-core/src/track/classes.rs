//! Tracked pools of many sizes.

use core::alloc::Layout;
use core::panic::Location;
use core::ptr::NonNull;

use super::tracked::Tracked;
use crate::classes::bytes_of;
use crate::classes::{ClassPool, SyncClassPool};
use crate::error::AllocError;

/// Both kinds have the same methods; one body of code for both. What has no bytes is no chunk and is in no book.
macro_rules! pools_of_many_layouts {
    ($($pool:ident)*) => {
        $(impl Tracked<$pool> {
            #[doc = concat!("As [`", stringify!($pool), "::allocate`], entered with the caller's line.")]
            ///
            /// # Errors
            ///
            /// As there.
            #[track_caller]
            pub fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
                self.entered_block(self.pool().allocate(layout), layout, Location::caller())
            }

            #[doc = concat!("As [`", stringify!($pool), "::allocate_zeroed`], entered with the caller's line.")]
            ///
            /// # Errors
            ///
            /// As there.
            #[track_caller]
            pub fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
                self.entered_block(self.pool().allocate_zeroed(layout), layout, Location::caller())
            }

            #[doc = concat!("As [`", stringify!($pool), "::deallocate`], and struck out.")]
            ///
            /// # Safety
            ///
            #[doc = concat!("1. As [`", stringify!($pool), "::deallocate`]; the block came from this `Tracked`.")]
            ///
            /// # Panics
            ///
            /// With call sites, if no block of this pool is live at that address, or it is one of another size: then nothing has
            /// changed. In debug builds and with the feature `hardened` also as there: then the pool is as it was, but the block
            /// is struck out.
            #[track_caller]
            pub unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
                if layout.size() != 0 {
                    self.ledger().strike(ptr.addr().get(), 1, bytes_of(layout));
                }
                // SAFETY: (1).
                unsafe { self.pool().deallocate(ptr, layout) };
            }

            #[doc = concat!("As [`", stringify!($pool), "::grow`]. The block stays one object, with the line that allocated it.")]
            ///
            /// # Errors
            ///
            /// As there.
            ///
            /// # Safety
            ///
            /// 1. As there; the block came from this `Tracked`.
            ///
            /// # Panics
            ///
            /// As [`deallocate`](Self::deallocate).
            #[track_caller]
            pub unsafe fn grow(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
                // SAFETY: (1).
                self.moved(ptr, old, new, Location::caller(), || unsafe { self.pool().grow(ptr, old, new) })
            }

            #[doc = concat!("As [`", stringify!($pool), "::grow_zeroed`]; the rest as [`grow`](Self::grow).")]
            ///
            /// # Errors
            ///
            /// As there.
            ///
            /// # Safety
            ///
            /// 1. As [`grow`](Self::grow).
            ///
            /// # Panics
            ///
            /// As [`deallocate`](Self::deallocate).
            #[track_caller]
            pub unsafe fn grow_zeroed(
                &self,
                ptr: NonNull<u8>,
                old: Layout,
                new: Layout,
            ) -> Result<NonNull<[u8]>, AllocError> {
                // SAFETY: (1).
                self.moved(ptr, old, new, Location::caller(), || unsafe { self.pool().grow_zeroed(ptr, old, new) })
            }

            #[doc = concat!("As [`", stringify!($pool), "::shrink`]; the rest as [`grow`](Self::grow).")]
            ///
            /// # Errors
            ///
            /// As there.
            ///
            /// # Safety
            ///
            /// 1. As there; the block came from this `Tracked`.
            ///
            /// # Panics
            ///
            /// As [`deallocate`](Self::deallocate).
            #[track_caller]
            pub unsafe fn shrink(
                &self,
                ptr: NonNull<u8>,
                old: Layout,
                new: Layout,
            ) -> Result<NonNull<[u8]>, AllocError> {
                // SAFETY: (1).
                self.moved(ptr, old, new, Location::caller(), || unsafe { self.pool().shrink(ptr, old, new) })
            }
        })*
    };
}

pools_of_many_layouts!(ClassPool SyncClassPool);

impl<P> Tracked<P> {
    fn entered_block(
        &self,
        allocated: Result<NonNull<[u8]>, AllocError>,
        layout: Layout,
        site: &'static Location<'static>,
    ) -> Result<NonNull<[u8]>, AllocError> {
        match &allocated {
            Ok(_) if layout.size() == 0 => {}
            Ok(block) => self.ledger().enter(block.addr().get(), 1, bytes_of(layout), site),
            Err(_) => self.ledger().count_failure(),
        }
        allocated
    }

    /// Enters what `resize` makes of a block.
    #[track_caller]
    fn moved(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
        site: &'static Location<'static>,
        resize: impl FnOnce() -> Result<NonNull<[u8]>, AllocError>,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if old.size() == 0 {
            return self.entered_block(resize(), new, site);
        }
        // Back in the books as it was if `resize` fails or panics.
        let lifted = self.ledger().lift(ptr.addr().get(), bytes_of(old));
        let resized = resize();
        match &resized {
            Ok(_) if new.size() == 0 => lifted.free(),
            Ok(block) => lifted.settle(block.addr().get(), bytes_of(new)),
            Err(_) => self.ledger().count_failure(),
        }
        resized
    }
}
