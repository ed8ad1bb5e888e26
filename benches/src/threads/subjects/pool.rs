//! Ours for one thread: `Pool<T>` and `PoolBox<T>`.

use goo_pool_typed::{Pool, PoolBox};

use crate::classics::subject::{Subject, Value};

/// `Pool::alloc` and the drop of the `PoolBox`: what being thread-safe costs is measured against it.
#[derive(Debug)]
pub struct Local;

impl<T: Value> Subject<T> for Local {
    const NAME: &'static str = "Pool";

    type Pool = Pool<T>;
    type Local<'p> = &'p Pool<T>;
    type Handle = PoolBox<T>;

    fn pool() -> Pool<T> {
        Pool::new()
    }

    fn local(pool: &Pool<T>) -> &Pool<T> {
        pool
    }

    #[inline(always)]
    fn alloc(local: &&Pool<T>, value: T) -> PoolBox<T> {
        local.alloc(value)
    }

    #[inline(always)]
    fn look<R>(_: &&Pool<T>, handle: &PoolBox<T>, look: impl FnOnce(&T) -> R) -> R {
        look(handle)
    }
}
