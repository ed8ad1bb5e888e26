//! infinity_pool: pools whose objects are pinned.

use infinity_pool::{LocalPinnedPool, LocalPooledMut};

use crate::subject::{Subject, Value};

/// `LocalPinnedPool`, its single-threaded pool with owning handles.
#[derive(Debug)]
pub struct InfinityPool;

impl Subject for InfinityPool {
    const NAME: &'static str = "infinity_pool";

    type Pool<T: Value> = LocalPinnedPool<T>;
    type Handle<T: Value> = LocalPooledMut<T>;

    fn pool<T: Value>() -> LocalPinnedPool<T> {
        LocalPinnedPool::new()
    }

    #[inline(always)]
    fn alloc<T: Value>(pool: &mut LocalPinnedPool<T>, value: T) -> LocalPooledMut<T> {
        pool.insert(value)
    }

    #[inline(always)]
    unsafe fn get<'a, T: Value>(_pool: &'a LocalPinnedPool<T>, handle: &'a LocalPooledMut<T>) -> &'a T {
        handle
    }

    #[inline(always)]
    unsafe fn get_mut<'a, T: Value>(_pool: &'a mut LocalPinnedPool<T>, handle: &'a mut LocalPooledMut<T>) -> &'a mut T {
        handle
    }

    #[inline(always)]
    unsafe fn free<T: Value>(_pool: &mut LocalPinnedPool<T>, handle: LocalPooledMut<T>) {
        drop(handle);
    }

    #[inline(always)]
    fn word<T: Value>(handle: &LocalPooledMut<T>) -> *const u8 {
        handle.ptr().as_ptr().cast()
    }
}
