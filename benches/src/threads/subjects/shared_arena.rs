//! shared_arena: pages of 63 objects with an atomic bitmap each.

use shared_arena::ArenaBox;

use crate::classics::subject::{Subject, Value};

/// `SharedArena::alloc` and the drop of the `ArenaBox`.
#[derive(Debug)]
pub struct SharedArena;

impl<T: Value> Subject<T> for SharedArena {
    const NAME: &'static str = "shared_arena";

    type Pool = shared_arena::SharedArena<T>;
    type Local<'p> = &'p shared_arena::SharedArena<T>;
    type Handle = ArenaBox<T>;

    fn pool() -> shared_arena::SharedArena<T> {
        shared_arena::SharedArena::new()
    }

    fn local(pool: &shared_arena::SharedArena<T>) -> &shared_arena::SharedArena<T> {
        pool
    }

    #[inline(always)]
    fn alloc(local: &&shared_arena::SharedArena<T>, value: T) -> ArenaBox<T> {
        local.alloc(value)
    }

    #[inline(always)]
    fn look<R>(_: &&shared_arena::SharedArena<T>, handle: &ArenaBox<T>, look: impl FnOnce(&T) -> R) -> R {
        look(handle)
    }
}
