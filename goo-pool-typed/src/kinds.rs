//! The kinds of pools by their plain names. They are one body of code: `pool.rs` and `pool_box.rs`.

use crate::generic;

/// A pool of values of one type, for one thread.
///
/// It is a handle: clones of it are the same pool, as with `Rc`. The values are owned by the [`PoolBox`]es
/// it hands out, which may outlive every handle. They are freed faster while there is one, so a struct that
/// owns boxes and their pool declares the pool last.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::Pool;
///
/// let pool = Pool::new();
/// let mut point = pool.alloc((1.0, 2.0));
/// point.0 = 5.0;
/// drop(pool);
/// assert_eq!(*point, (5.0, 2.0));
/// ```
pub type Pool<T> = generic::Pool<T>;

/// Owns a value in a [`Pool`]; dropping it drops the value and gives its chunk back.
///
/// It is one pointer wide, as is `Option<PoolBox<T>>`, has no lifetime and may outlive every handle to its
/// pool. What is not about the value itself is an associated function, as with `Box`:
/// `PoolBox::into_inner(b)`.
///
/// A forgotten box keeps its value's chunk, and with it one segment of memory, for ever.
///
/// Values that borrow from each other need [`leak`](generic::PoolBox::leak): only std's own types may promise the compiler
/// that dropping them does not look at what they borrow.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::{Pool, PoolBox};
///
/// struct Node {
///     value: u32,
///     next: Option<PoolBox<Node>>,
/// }
///
/// let pool = Pool::new();
/// let mut list = None;
/// for value in 0..3 {
///     list = Some(pool.alloc(Node { value, next: list }));
/// }
/// let first = PoolBox::into_inner(list.unwrap());
/// assert_eq!((first.value, first.next.unwrap().value), (2, 1));
/// assert!(pool.is_empty());
/// ```
pub type PoolBox<T> = generic::PoolBox<T>;
