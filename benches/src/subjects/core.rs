//! Ours, untyped: `RawPool`.

use std::{alloc::Layout, marker::PhantomData};

use goo_pool_core::{AllocError, Global, RawPool};

use super::Place;
use crate::subject::{Reset, Subject, Value};

/// Where a pool's memory comes from, and the name of its row.
pub trait Source: 'static {
    /// The name of its row.
    const NAME: &'static str;

    /// A pool with room for so many chunks.
    fn pool(layout: Layout, capacity: usize) -> RawPool;
}

/// `RawPool::allocate`, the object written to the chunk, and `RawPool::deallocate`, over some memory.
#[derive(Debug)]
pub struct Over<S>(PhantomData<S>);

/// The usual one.
pub type Core = Over<Global>;

impl Source for Global {
    const NAME: &'static str = "core";

    fn pool(layout: Layout, capacity: usize) -> RawPool {
        RawPool::builder(layout).capacity(capacity).build().expect("a pool of a small layout")
    }
}

impl<S: Source> Subject for Over<S> {
    const NAME: &'static str = S::NAME;

    type Pool<T: Value> = RawPool;
    type Handle<T: Value> = Place<T>;

    fn pool<T: Value>() -> RawPool {
        S::pool(Layout::new::<T>(), 0)
    }

    #[inline(always)]
    fn alloc<T: Value>(pool: &mut RawPool, value: T) -> Place<T> {
        let chunk = match pool.allocate() {
            Ok(chunk) => chunk,
            Err(error) => out_of_memory(error),
        };
        // SAFETY: the chunk has the layout of a `T` and is ours until `free`.
        unsafe { Place::fill(chunk.cast(), value) }
    }

    #[inline(always)]
    unsafe fn get<'a, T: Value>(_pool: &'a RawPool, handle: &'a Place<T>) -> &'a T {
        // SAFETY: freeing takes the handle, and the pool is alive.
        unsafe { handle.get() }
    }

    #[inline(always)]
    unsafe fn get_mut<'a, T: Value>(_pool: &'a mut RawPool, handle: &'a mut Place<T>) -> &'a mut T {
        // SAFETY: freeing takes the handle, and the pool is alive.
        unsafe { handle.get_mut() }
    }

    #[inline(always)]
    unsafe fn free<T: Value>(pool: &mut RawPool, handle: Place<T>) {
        // SAFETY: freeing takes the handle, and the pool is alive.
        let address = unsafe { handle.empty() };
        // SAFETY: the chunk came from this pool, and its only handle is gone.
        unsafe { pool.deallocate(address.cast()) };
    }

    #[inline(always)]
    fn word<T: Value>(handle: &Place<T>) -> *const u8 {
        handle.word()
    }
}

impl<S: Source> Reset for Over<S> {
    #[inline(always)]
    unsafe fn reset<T: Value>(pool: &mut RawPool) {
        // SAFETY: no chunk of the pool is used any more (the caller's promise).
        unsafe { pool.reset() };
    }
}

#[cold]
#[inline(never)]
fn out_of_memory(error: AllocError) -> ! {
    panic!("{error}")
}
