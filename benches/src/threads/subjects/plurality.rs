//! plurality: its pool is for one thread at a time, so threads share it through a lock.

use std::sync::Mutex;

use plurality::{Box, Pool};

use crate::classics::subject::{Subject, Value};

/// `Pool::alloc_box` under a `Mutex`, as its documentation says, and the drop of the `Box`, which needs no lock.
#[derive(Debug)]
pub struct Plurality;

impl<T: Value> Subject<T> for Plurality {
    const NAME: &'static str = "plurality";

    type Pool = Mutex<Pool<T>>;
    type Local<'p> = &'p Mutex<Pool<T>>;
    type Handle = Box<T>;

    fn pool() -> Mutex<Pool<T>> {
        Mutex::new(Pool::new())
    }

    fn local(pool: &Mutex<Pool<T>>) -> &Mutex<Pool<T>> {
        pool
    }

    #[inline(always)]
    fn alloc(local: &&Mutex<Pool<T>>, value: T) -> Box<T> {
        local.lock().expect("no thread panics while it allocates").alloc_box(value)
    }

    #[inline(always)]
    fn look<R>(_: &&Mutex<Pool<T>>, handle: &Box<T>, look: impl FnOnce(&T) -> R) -> R {
        look(handle)
    }
}
