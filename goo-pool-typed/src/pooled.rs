//! The [`Pooled`] trait.

/// A type with constructors that build it in a pool: what `#[derive(Pooled)]` writes.
///
/// The constructors are functions of the type itself, since their arguments are its fields, and take a pool of any
/// kind. The trait only says that they are there, so it has no items; implement it where constructors are written by
/// hand.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "derive")] {
/// use goo_pool_typed::{Pool, Pooled};
///
/// #[derive(Pooled)]
/// struct Point {
///     x: f64,
///     y: f64,
/// }
///
/// let pool = Pool::new();
/// let mut point = Point::new_in(&pool, 1.0, 2.0);
/// point.x += point.y;
/// assert_eq!(point.x, 3.0);
/// # }
/// ```
pub trait Pooled: Sized {}
