//! How a pool takes memory and gives it back, as far as its user has a say.

/// How much memory a pool asks its parent for when it has no chunk left. The benches' `strategies` compare the ways.
///
/// # Examples
///
/// ```
/// use std::alloc::Layout;
/// use goo_pool_core::{Growth, RawPool};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = RawPool::builder(Layout::new::<[u64; 8]>()).growth(Growth::Fixed { bytes: 64 * 1024 }).build()?;
/// for _ in 0..3_000 {
///     pool.allocate()?;
/// }
/// assert_eq!(pool.stats().segments, 3);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Growth {
    /// The same each time, rounded down to whole chunks, at least one: for a parent that has pieces of one size, or a
    /// program that wants no large step. The parent is not asked for less if it refuses.
    Fixed {
        /// Bytes of a segment. [`first_segment`](crate::Config::first_segment) and
        /// [`max_segment`](crate::Config::max_segment) mean nothing then.
        bytes: usize,
    },
    /// As much as the pool has already, from `first_segment` to `max_segment` bytes: the number of requests is logarithmic,
    /// then linear with a large step. The default.
    #[default]
    Doubling,
    /// As `Doubling`, but a step is at least an eighth of what the pool has, or of its last peak if it gave memory back since,
    /// whatever `max_segment` says. So the number of requests stays logarithmic in a pool of any size, and a load that comes back needs
    /// a few. Peaks that do not come back are forgotten by and by.
    Adaptive,
}

/// What becomes of a segment whose chunks are all free. The benches' `strategies` compare the ways.
///
/// Whatever is chosen, [`reserve`](crate::RawPool::reserve)d room is kept, and
/// [`shrink_to_fit`](crate::RawPool::shrink_to_fit) gives all back that is free.
///
/// # Examples
///
/// ```
/// use std::alloc::Layout;
/// use goo_pool_core::{RawPool, Return};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = RawPool::builder(Layout::new::<u64>()).returns(Return::Never).build()?;
/// let chunks: Vec<_> = (0..10_000).map(|_| pool.allocate()).collect::<Result<_, _>>()?;
/// let capacity = pool.capacity();
/// for chunk in chunks {
///     // SAFETY: it came from this pool and is not used any more.
///     unsafe { pool.deallocate(chunk) };
/// }
/// assert_eq!(pool.capacity(), capacity);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Return {
    /// It stays.
    Never,
    /// It goes back if the pool has another one to spare. The pool keeps twice as much each time it turns out that what went
    /// back was needed again. The default.
    #[default]
    Hysteresis,
    /// It goes back. One chunk that comes and goes may cost two calls of the parent each time.
    ///
    /// What the pool has in its hand, up to 65 chunks for each thread, keeps their segments, of which the last one may be
    /// large; in a pool for many threads each thread keeps one free block besides.
    AtOnce,
}
