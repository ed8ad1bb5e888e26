//! No pool: its row is what the workload itself costs.

use crate::classics::subject::{Subject, Value};

/// The object lies in its handle, so it is written, read and moved about, and nothing is allocated or freed.
#[derive(Debug)]
pub struct Harness;

impl<T: Value> Subject<T> for Harness {
    const NAME: &'static str = "harness";

    type Pool = ();
    type Local<'p> = ();
    type Handle = T;

    fn pool() {}

    fn local(_: &()) {}

    #[inline(always)]
    fn alloc(_: &(), value: T) -> T {
        value
    }

    #[inline(always)]
    fn look<R>(_: &(), handle: &T, look: impl FnOnce(&T) -> R) -> R {
        look(handle)
    }
}
