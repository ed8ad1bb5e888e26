//! Ours, untyped: `SyncPoolHandle`.

use std::{alloc::Layout, marker::PhantomData, ptr::NonNull};

use goo_pool_core::{AllocError, Geometry, Handle, SyncPoolHandle, SyncRawPool};

use crate::classics::subject::{Subject, Value};

/// `SyncPoolHandle::allocate_in_or`, the object written to the chunk, and `SyncPoolHandle::deallocate_in`.
#[derive(Debug)]
pub struct Core;

struct GeometryOf<T>(PhantomData<T>);

impl<T> GeometryOf<T> {
    const VALUE: Geometry = match Geometry::of::<SyncPoolHandle>(Layout::new::<T>()) {
        Ok(geometry) => geometry,
        Err(_) => panic!("the type is too large for a pool"),
    };
}

/// Owns a chunk with a `T` in it.
#[derive(Debug)]
pub struct Chunk<T>(NonNull<T>);

// SAFETY: it owns a `T`, and any thread may give the chunk back.
unsafe impl<T: Send> Send for Chunk<T> {}

impl<T> Drop for Chunk<T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the object was written in `alloc`, and nobody can name it any more.
        unsafe { self.0.drop_in_place() };
        // SAFETY: the chunk came from `allocate_in_or` with this geometry, and nobody can name it any more.
        unsafe { SyncPoolHandle::deallocate_in(self.0.cast(), const { &GeometryOf::<T>::VALUE }) };
    }
}

impl<T: Value> Subject<T> for Core {
    const NAME: &'static str = "SyncPoolHandle";

    type Pool = SyncPoolHandle;
    type Local<'p> = &'p SyncPoolHandle;
    type Handle = Chunk<T>;

    fn pool() -> SyncPoolHandle {
        SyncRawPool::builder(Layout::new::<T>()).build_sync_handle().expect("a pool of a small layout")
    }

    fn local(pool: &SyncPoolHandle) -> &SyncPoolHandle {
        pool
    }

    #[inline(always)]
    fn alloc(local: &&SyncPoolHandle, value: T) -> Chunk<T> {
        // SAFETY: `pool` made the pool for the layout of `T`, without other settings.
        let chunk = unsafe { local.allocate_in_or(const { &GeometryOf::<T>::VALUE }, out_of_memory) }.cast::<T>();
        // SAFETY: the chunk has the layout of a `T` and is ours.
        unsafe { chunk.write(value) };
        Chunk(chunk)
    }

    #[inline(always)]
    fn look<R>(_: &&SyncPoolHandle, handle: &Chunk<T>, look: impl FnOnce(&T) -> R) -> R {
        // SAFETY: the object was written in `alloc`, and the chunk lives until the handle is dropped.
        look(unsafe { handle.0.as_ref() })
    }
}

#[cold]
#[inline(never)]
fn out_of_memory(error: AllocError) -> ! {
    panic!("{error}")
}
