//! plurality: thread-aware pools with one-word handles.

use plurality::{Box, Pool};

use crate::subject::{Subject, Value};

/// `plurality::Box`, its handle that owns and has no lifetime. (`Alloc`, which borrows the pool, is cheaper, and
/// cannot be stored beside its pool or in another node.)
#[derive(Debug)]
pub struct Plurality;

impl Subject for Plurality {
    const NAME: &'static str = "plurality";

    type Pool<T: Value> = Pool<T>;
    type Handle<T: Value> = Box<T>;

    fn pool<T: Value>() -> Pool<T> {
        Pool::new()
    }

    #[inline(always)]
    fn alloc<T: Value>(pool: &mut Pool<T>, value: T) -> Box<T> {
        pool.alloc_box(value)
    }

    #[inline(always)]
    unsafe fn get<'a, T: Value>(_pool: &'a Pool<T>, handle: &'a Box<T>) -> &'a T {
        handle
    }

    #[inline(always)]
    unsafe fn get_mut<'a, T: Value>(_pool: &'a mut Pool<T>, handle: &'a mut Box<T>) -> &'a mut T {
        handle
    }

    #[inline(always)]
    unsafe fn free<T: Value>(_pool: &mut Pool<T>, handle: Box<T>) {
        drop(handle);
    }

    #[inline(always)]
    fn word<T: Value>(handle: &Box<T>) -> *const u8 {
        (&raw const **handle).cast()
    }
}
