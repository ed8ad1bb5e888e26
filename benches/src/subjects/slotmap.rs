//! slotmap: one growing vector and keys with a version.

use std::ptr;

use slotmap::{DefaultKey, Key};

use crate::subject::{Subject, Value};

/// `slotmap::SlotMap`. Its objects have no stable address; a stale key is noticed.
#[derive(Debug)]
pub struct SlotMap;

impl Subject for SlotMap {
    const NAME: &'static str = "slotmap";

    type Pool<T: Value> = slotmap::SlotMap<DefaultKey, T>;
    type Handle<T: Value> = DefaultKey;

    fn pool<T: Value>() -> Self::Pool<T> {
        slotmap::SlotMap::new()
    }

    #[inline(always)]
    fn alloc<T: Value>(pool: &mut Self::Pool<T>, value: T) -> DefaultKey {
        pool.insert(value)
    }

    #[inline(always)]
    unsafe fn get<'a, T: Value>(pool: &'a Self::Pool<T>, handle: &'a DefaultKey) -> &'a T {
        &pool[*handle]
    }

    #[inline(always)]
    unsafe fn get_mut<'a, T: Value>(pool: &'a mut Self::Pool<T>, handle: &'a mut DefaultKey) -> &'a mut T {
        &mut pool[*handle]
    }

    #[inline(always)]
    unsafe fn free<T: Value>(pool: &mut Self::Pool<T>, handle: DefaultKey) {
        pool.remove(handle);
    }

    #[inline(always)]
    fn word<T: Value>(handle: &DefaultKey) -> *const u8 {
        ptr::without_provenance(handle.data().as_ffi() as usize)
    }
}
