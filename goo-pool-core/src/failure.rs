//! What becomes of an allocation that fails. The parent is asked, which has the memory and so knows what can be done; by
//! default it lets the error go to the caller.
//!
//! This is on the cold path alone: an allocation that finds a chunk knows nothing of it.

use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::ptr::NonNull;

use crate::error::AllocError;
use crate::parent::{Parent, memory_of};

/// What a pool does about an allocation that failed: said by [`Parent::on_failure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnFailure {
    /// The caller gets the error.
    #[default]
    ReturnError,
    /// The pool tries again: something was freed, or will have been.
    Retry,
    /// The program ends, as without memory for a `Box`: see [`AllocError::fail`].
    Abort,
}

/// A parent, and a handler for when there is no memory, or a limit is reached; made by
/// [`on_failure`](crate::RawPoolBuilder::on_failure).
///
/// What the parent itself says comes first: so handlers can be put one around another. The first that does not return the error
/// decides.
///
/// # Examples
///
/// A parent for any kind of pool. If there is no memory, the second half of a cache goes, twice at most, and then the program:
///
/// ```
/// use std::alloc::Layout;
/// use std::sync::{Arc, Mutex};
/// use goo_pool_core::{Global, Handled, OnFailure, RawPool};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cache = Arc::new(Mutex::new(vec![0; 1000]));
/// let in_handler = cache.clone();
/// let parent = Handled::new(Global, 2, move |_error, _attempt| {
///     let mut cache = in_handler.lock().unwrap();
///     let half = cache.len() / 2;
///     cache.truncate(half);
///     OnFailure::Retry
/// });
/// let pool = RawPool::builder(Layout::new::<u64>()).max_chunks(1).parent(parent).build_sync()?;
/// assert!(pool.allocate().is_ok());
/// assert!(pool.allocate().is_err());
/// assert_eq!(cache.lock().unwrap().len(), 250);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Handled<P, F> {
    parent: P,
    attempts: u32,
    handler: F,
}

impl<P, F: Fn(&AllocError, u32) -> OnFailure> Handled<P, F> {
    /// Asks `handler` about the first `attempts` failures of each allocation, which it gets with their numbers, from 1 on.
    pub const fn new(parent: P, attempts: u32, handler: F) -> Self {
        Self { parent, attempts, handler }
    }
}

/// A parent that gives up by ending the program; made by
/// [`abort_on_failure`](crate::RawPoolBuilder::abort_on_failure).
pub type Aborting<P> = Handled<P, fn(&AllocError, u32) -> OnFailure>;

impl<P> Aborting<P> {
    /// Ends the program when the parent gives up.
    pub const fn aborting(parent: P) -> Self {
        Self { parent, attempts: u32::MAX, handler: |_, _| OnFailure::Abort }
    }
}

// SAFETY: all memory comes from `parent`, which keeps the contract.
unsafe impl<P: Parent, F: Fn(&AllocError, u32) -> OnFailure> Parent for Handled<P, F> {
    memory_of!(self => self.parent);

    fn piece_size(&self) -> Option<usize> {
        self.parent.piece_size()
    }

    fn home(&self) -> u32 {
        self.parent.home()
    }

    fn on_failure(&self, error: &AllocError, attempt: u32) -> OnFailure {
        match self.parent.on_failure(error, attempt) {
            OnFailure::ReturnError if attempt <= self.attempts => (self.handler)(error, attempt),
            decided => decided,
        }
    }
}

impl<P: fmt::Debug, F> fmt::Debug for Handled<P, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handled")
            .field("parent", &self.parent)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// A pool with a parent that can be asked.
pub(crate) trait Asks {
    fn parent(&self) -> &dyn Parent;

    /// `ask`s, unless this thread is asking already because of this pool.
    fn unless_asking<R>(&self, ask: impl FnOnce() -> R) -> Option<R>;
}

/// Tries as often as the parent wants.
///
/// Nothing is half done when the parent is asked, and no lock is held. What fails while it is being asked, on this thread and in the same
/// pool, is not asked about: so a handler may use its pool, and does not end up in itself.
pub(crate) fn persist<R>(pool: &impl Asks, attempt: impl FnMut() -> Result<R, AllocError>) -> Result<R, AllocError> {
    retry(attempt, |error, number| {
        pool.unless_asking(|| pool.parent().on_failure(error, number)).unwrap_or(OnFailure::ReturnError)
    })
}

/// `ask`s, unless that is being done already; for pools of one thread.
pub(crate) fn unless_asking<R>(asking: &Cell<bool>, ask: impl FnOnce() -> R) -> Option<R> {
    struct Asked<'a>(&'a Cell<bool>);

    impl Drop for Asked<'_> {
        fn drop(&mut self) {
            self.0.set(false);
        }
    }

    if asking.replace(true) {
        return None;
    }
    let _asked = Asked(asking);
    Some(ask())
}

/// How a pool that is to be made gets memory for its record: [`obtain`] or [`obtain_once`].
pub(crate) type Obtain = fn(&dyn Parent, Layout) -> Result<NonNull<u8>, AllocError>;

/// Memory for a pool that nobody knows yet: tries as often as the parent wants.
pub(crate) fn obtain(parent: &dyn Parent, layout: Layout) -> Result<NonNull<u8>, AllocError> {
    retry(|| obtain_once(parent, layout), |error, number| parent.on_failure(error, number))
}

/// The same for a pool that is made within an attempt of another pool's, which asks the parent about the whole of it.
pub(crate) fn obtain_once(parent: &dyn Parent, layout: Layout) -> Result<NonNull<u8>, AllocError> {
    parent.allocate(layout).ok_or(AllocError::OutOfMemory { layout })
}

fn retry<R>(
    mut attempt: impl FnMut() -> Result<R, AllocError>,
    ask: impl Fn(&AllocError, u32) -> OnFailure,
) -> Result<R, AllocError> {
    let mut failures: u32 = 0;
    loop {
        let error = match attempt() {
            Ok(result) => return Ok(result),
            Err(error) => error,
        };
        failures = failures.saturating_add(1);
        match ask(&error, failures) {
            OnFailure::Retry => {}
            OnFailure::ReturnError => return Err(error),
            OnFailure::Abort => error.fail(),
        }
    }
}
