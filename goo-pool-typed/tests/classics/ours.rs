//! Ours: `SyncPool<T>`, and the same through a thread's `LocalPool`.

use goo_pool_typed::{LocalPool, SyncPool, SyncPoolBox};

use super::subject::{Subject, Value};

/// `SyncPool::alloc` and the drop of the `SyncPoolBox`.
#[derive(Debug)]
pub struct Ours;

/// `LocalPool::alloc` and the drop of the `SyncPoolBox`.
#[derive(Debug)]
pub struct OursLocal;

impl<T: Value> Subject<T> for Ours {
    const NAME: &'static str = "SyncPool";

    type Pool = SyncPool<T>;
    type Local<'p> = &'p SyncPool<T>;
    type Handle = SyncPoolBox<T>;

    fn pool() -> SyncPool<T> {
        SyncPool::new()
    }

    fn local(pool: &SyncPool<T>) -> &SyncPool<T> {
        pool
    }

    #[inline(always)]
    fn alloc(local: &&SyncPool<T>, value: T) -> SyncPoolBox<T> {
        local.alloc(value)
    }

    #[inline(always)]
    fn look<R>(_: &&SyncPool<T>, handle: &SyncPoolBox<T>, look: impl FnOnce(&T) -> R) -> R {
        look(handle)
    }
}

impl<T: Value> Subject<T> for OursLocal {
    const NAME: &'static str = "SyncPool::local";

    type Pool = SyncPool<T>;
    type Local<'p> = LocalPool<'p, T>;
    type Handle = SyncPoolBox<T>;

    fn pool() -> SyncPool<T> {
        SyncPool::new()
    }

    fn local(pool: &SyncPool<T>) -> LocalPool<'_, T> {
        pool.local()
    }

    #[inline(always)]
    fn alloc(local: &LocalPool<'_, T>, value: T) -> SyncPoolBox<T> {
        local.alloc(value)
    }

    #[inline(always)]
    fn look<R>(_: &LocalPool<'_, T>, handle: &SyncPoolBox<T>, look: impl FnOnce(&T) -> R) -> R {
        look(handle)
    }
}
