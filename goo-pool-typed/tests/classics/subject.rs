//! What a contestant has to do.

/// What can be put into a pool here; `Unpin`, because one of the rivals asks for it.
pub trait Value: Send + Sync + Unpin + 'static {}

impl<T: Send + Sync + Unpin + 'static> Value for T {}

/// A pool of `T`s. An adapter says how its library is called and does nothing else.
///
/// Each function of a workload gets its pool as a thread does: through [`Local`](Self::Local).
pub trait Subject<T: Value>: 'static {
    /// The name of its row.
    const NAME: &'static str;

    /// The pool, or nothing for a general allocator.
    type Pool: 'static;

    /// What a thread looks up once and then uses for each object: a reference to the pool, if there is nothing to look up.
    type Local<'p>;

    /// Owns an object, or names it.
    type Handle: 'static;

    /// Makes an empty pool, as the library's documentation does first.
    fn pool() -> Self::Pool;

    /// This thread's way to the pool.
    fn local(pool: &Self::Pool) -> Self::Local<'_>;

    /// Moves `value` into the pool.
    fn alloc(local: &Self::Local<'_>, value: T) -> Self::Handle;

    /// Shows the object.
    fn look<R>(local: &Self::Local<'_>, handle: &Self::Handle, look: impl FnOnce(&T) -> R) -> R;

    /// Drops the object and gives its memory back, on any thread.
    #[inline(always)]
    fn free(local: &Self::Local<'_>, handle: Self::Handle) {
        let _ = local;
        drop(handle);
    }
}

/// A subject whose pool many threads use, and whose objects go from thread to thread.
pub trait Shared<T: Value>: Subject<T, Pool: Sync, Handle: Send> {}

impl<T: Value, S: Subject<T, Pool: Sync, Handle: Send>> Shared<T> for S {}
