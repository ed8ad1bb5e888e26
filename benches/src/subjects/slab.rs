//! slab: one growing vector and indices.

use std::ptr;

use crate::subject::{Reset, Subject, Value};

/// `slab::Slab`. Its objects have no stable address, and its keys go stale without notice.
#[derive(Debug)]
pub struct Slab;

impl Subject for Slab {
    const NAME: &'static str = "slab";

    type Pool<T: Value> = slab::Slab<T>;
    type Handle<T: Value> = usize;

    fn pool<T: Value>() -> slab::Slab<T> {
        slab::Slab::new()
    }

    #[inline(always)]
    fn alloc<T: Value>(pool: &mut slab::Slab<T>, value: T) -> usize {
        pool.insert(value)
    }

    #[inline(always)]
    unsafe fn get<'a, T: Value>(pool: &'a slab::Slab<T>, handle: &'a usize) -> &'a T {
        &pool[*handle]
    }

    #[inline(always)]
    unsafe fn get_mut<'a, T: Value>(pool: &'a mut slab::Slab<T>, handle: &'a mut usize) -> &'a mut T {
        &mut pool[*handle]
    }

    #[inline(always)]
    unsafe fn free<T: Value>(pool: &mut slab::Slab<T>, handle: usize) {
        pool.remove(handle);
    }

    #[inline(always)]
    fn word<T: Value>(handle: &usize) -> *const u8 {
        ptr::without_provenance(*handle)
    }
}

impl Reset for Slab {
    #[inline(always)]
    unsafe fn reset<T: Value>(pool: &mut slab::Slab<T>) {
        pool.clear();
    }
}
