//! sharded-slab: a slab for each thread, and keys.

use sharded_slab::Slab;

use crate::classics::subject::{Subject, Value};

/// `Slab::insert` and `Slab::remove`. Who looks at an object counts a reference to it.
#[derive(Debug)]
pub struct ShardedSlab;

impl<T: Value> Subject<T> for ShardedSlab {
    const NAME: &'static str = "sharded-slab";

    type Pool = Slab<T>;
    type Local<'p> = &'p Slab<T>;
    type Handle = usize;

    fn pool() -> Slab<T> {
        Slab::new()
    }

    fn local(pool: &Slab<T>) -> &Slab<T> {
        pool
    }

    #[inline(always)]
    fn alloc(local: &&Slab<T>, value: T) -> usize {
        local.insert(value).expect("room for the object")
    }

    #[inline(always)]
    fn look<R>(local: &&Slab<T>, handle: &usize, look: impl FnOnce(&T) -> R) -> R {
        look(&local.get(*handle).expect("a live object"))
    }

    #[inline(always)]
    fn free(local: &&Slab<T>, handle: usize) {
        local.remove(handle);
    }
}
