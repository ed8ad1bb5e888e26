//! Ours, typed: `Pool<T>` and `PoolBox<T>`.

use goo_pool_typed::{Pool, PoolBox};

use crate::subject::{Subject, Value};

/// `Pool::alloc` and the drop of the `PoolBox`.
#[derive(Debug)]
pub struct Typed;

impl Subject for Typed {
    const NAME: &'static str = "typed";

    type Pool<T: Value> = Pool<T>;
    type Handle<T: Value> = PoolBox<T>;

    fn pool<T: Value>() -> Pool<T> {
        Pool::new()
    }

    #[inline(always)]
    fn alloc<T: Value>(pool: &mut Pool<T>, value: T) -> PoolBox<T> {
        pool.alloc(value)
    }

    #[inline(always)]
    unsafe fn get<'a, T: Value>(_pool: &'a Pool<T>, handle: &'a PoolBox<T>) -> &'a T {
        handle
    }

    #[inline(always)]
    unsafe fn get_mut<'a, T: Value>(_pool: &'a mut Pool<T>, handle: &'a mut PoolBox<T>) -> &'a mut T {
        handle
    }

    #[inline(always)]
    unsafe fn free<T: Value>(_pool: &mut Pool<T>, handle: PoolBox<T>) {
        drop(handle);
    }

    #[inline(always)]
    fn word<T: Value>(handle: &PoolBox<T>) -> *const u8 {
        (&raw const **handle).cast()
    }
}
