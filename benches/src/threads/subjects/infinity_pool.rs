//! infinity_pool: its pool for threads, under a lock.

use infinity_pool::{PinnedPool, PooledMut};

use crate::classics::subject::{Subject, Value};

/// `PinnedPool::insert` and the drop of the `PooledMut`; each takes the pool's lock.
#[derive(Debug)]
pub struct InfinityPool;

impl<T: Value> Subject<T> for InfinityPool {
    const NAME: &'static str = "infinity_pool";

    type Pool = PinnedPool<T>;
    type Local<'p> = &'p PinnedPool<T>;
    type Handle = PooledMut<T>;

    fn pool() -> PinnedPool<T> {
        PinnedPool::new()
    }

    fn local(pool: &PinnedPool<T>) -> &PinnedPool<T> {
        pool
    }

    #[inline(always)]
    fn alloc(local: &&PinnedPool<T>, value: T) -> PooledMut<T> {
        local.insert(value)
    }

    #[inline(always)]
    fn look<R>(_: &&PinnedPool<T>, handle: &PooledMut<T>, look: impl FnOnce(&T) -> R) -> R {
        look(handle)
    }
}
