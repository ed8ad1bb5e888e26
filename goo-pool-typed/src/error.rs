//! What can go wrong, beyond what the untyped pool reports.

use core::alloc::Layout;
use core::fmt;

use goo_pool_core::{AllocError, BuildError};

/// There was no chunk for a value. The value is in here.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::Pool;
///
/// # fn main() -> Result<(), goo_pool_typed::BuildError> {
/// let pool = Pool::builder().max_chunks(1).build()?;
/// let _first = pool.alloc(String::from("first"));
/// let refused = pool.try_alloc(String::from("second")).unwrap_err();
/// println!("{refused}");
/// assert_eq!(refused.into_value(), "second");
/// # Ok(())
/// # }
/// ```
pub struct TryAllocError<T> {
    value: T,
    error: AllocError,
}

impl<T> TryAllocError<T> {
    pub(crate) const fn new(value: T, error: AllocError) -> Self {
        Self { value, error }
    }

    /// Why there was no chunk.
    #[must_use]
    pub const fn error(&self) -> AllocError {
        self.error
    }

    /// The value back.
    #[must_use]
    pub fn into_value(self) -> T {
        self.value
    }
}

impl<T> fmt::Debug for TryAllocError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryAllocError").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for TryAllocError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<T> core::error::Error for TryAllocError<T> {}

/// As a function pointer for [`Handle::allocate_in_or`](goo_pool_core::Handle::allocate_in_or).
#[cold]
pub(crate) fn fail(error: AllocError) -> ! {
    error.fail()
}

/// Why a pool that is made when it is first used has no chunk. A type too large for any pool is no lack of memory, so
/// that panics.
#[cold]
pub(crate) fn refused(error: BuildError, layout: Layout) -> AllocError {
    match error {
        BuildError::Alloc(error) => error,
        error => fail_to_build(error, layout),
    }
}

#[cold]
pub(crate) fn fail_to_build(error: BuildError, layout: Layout) -> ! {
    match error {
        BuildError::Alloc(error) => fail(error),
        error => panic!("no pool for {layout:?}: {error}"),
    }
}
