//! The kinds of shared handles by their plain names. They are one body of code: `pool.rs`, `strong.rs` and `weak.rs`.

#[cfg(feature = "std")]
use std::sync::OnceLock;

#[cfg(feature = "std")]
use goo_pool_core::SyncPoolHandle;

use super::generic;

/// A pool of shared values of one type, for one thread.
///
/// It is a handle: clones of it are the same pool. The values are owned by the [`PoolRc`]s it hands out, which may outlive
/// every handle.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::{PoolRc, RcPool};
///
/// let pool = RcPool::new();
/// let one = pool.alloc(String::from("shared"));
/// let other = one.clone();
/// drop(pool);
/// assert!(PoolRc::ptr_eq(&one, &other));
/// assert_eq!(*other, "shared");
/// ```
pub type RcPool<T> = generic::RcPool<T>;

/// Owns a value in an [`RcPool`] together with others, on one thread: `Rc` in a pool.
///
/// It is one pointer wide, as is `Option<PoolRc<T>>`, has no lifetime and may outlive every handle to its pool. Both counts
/// are in the value's chunk, in 8 bytes before it (or as many as its alignment, if that is more); there is no other
/// allocation. When the last `PoolRc` goes, the value is dropped; when the last [`PoolWeak`] has gone too, the chunk is free.
///
/// Values that own each other in a circle stay for ever, and their pool's memory with them, as with `Rc`: one of them has to
/// hold a [`PoolWeak`], as below.
///
/// What is not about the value itself is an associated function, as with `Rc`: `PoolRc::downgrade(&rc)`. What an `Rc` does
/// not have:
///
/// - [`try_into_box`](generic::PoolRc::try_into_box) and `PoolRc::from(boxed)`: between the only handle and a box, without a
///   copy. See [`Counted`](crate::Counted).
/// - [`pool`](generic::PoolRc::pool): the way back to the pool.
/// - [`drop_with`](generic::PoolRc::drop_with): the value, just before it is dropped.
///
/// And what it has besides: `make_mut` of slices, and conversions from `Vec`, `String` and slices, whose length no pool can
/// know.
///
/// [`unsize!`](crate::unsize) makes a `PoolRc<dyn Trait>` or a `PoolRc<[U]>`. For values that borrow from each other the same
/// holds as for a [`PoolBox`](crate::PoolBox): only std's own types may promise the compiler that dropping them does not look
/// at what they borrow.
///
/// # Examples
///
/// A tree whose nodes know their parents:
///
/// ```
/// use goo_pool_typed::{PoolRc, PoolWeak, RcPool};
/// use std::cell::RefCell;
///
/// struct Node {
///     value: u32,
///     parent: PoolWeak<Node>,
///     children: RefCell<Vec<PoolRc<Node>>>,
/// }
///
/// let pool = RcPool::new();
/// let node = |value, parent| pool.alloc(Node { value, parent, children: RefCell::default() });
/// let root = node(1, PoolWeak::new());
/// let leaf = node(2, PoolRc::downgrade(&root));
/// root.children.borrow_mut().push(leaf.clone());
/// assert_eq!(leaf.parent.upgrade().unwrap().value, 1);
/// drop(root);
/// assert!(leaf.parent.upgrade().is_none());
/// ```
pub type PoolRc<T> = generic::PoolRc<T>;

/// A handle to a [`PoolRc`]'s value that does not keep it, but notices that it is gone: `rc::Weak` in a pool.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::{PoolRc, PoolWeak, RcPool};
///
/// let strong = RcPool::new().alloc(5);
/// let weak: PoolWeak<i32> = PoolRc::downgrade(&strong);
/// assert_eq!(weak.upgrade().as_deref(), Some(&5));
/// drop(strong);
/// assert!(weak.upgrade().is_none());
/// ```
pub type PoolWeak<T> = generic::PoolWeak<T>;

/// A pool of shared values of one type, for many threads: a [`SyncPool`](crate::SyncPool) of [`PoolArc`]s.
///
/// It may be a static. What its methods cost in locked instructions says `SyncPool`; to share a value costs none more.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::ArcPool;
/// use std::thread;
///
/// static POOL: ArcPool<Vec<u32>> = ArcPool::new();
///
/// let numbers = POOL.alloc(vec![1, 2, 3]);
/// let sums: Vec<u32> = (0..3)
///     .map(|_| numbers.clone())
///     .map(|numbers| thread::spawn(move || numbers.iter().sum::<u32>()))
///     .map(|thread| thread.join().unwrap())
///     .collect();
/// assert_eq!(sums, [6, 6, 6]);
/// ```
#[cfg(feature = "std")]
pub type ArcPool<T> = generic::RcPool<T, OnceLock<SyncPoolHandle>>;

/// An [`ArcPool`] as one thread uses it, made by [`ArcPool::local`] for hot loops. It stays on its thread; the handles do not
/// have to.
#[cfg(feature = "std")]
pub type LocalArcPool<'p, T> = generic::RcPool<T, crate::generic::ThisThread<'p>>;

/// Owns a value in an [`ArcPool`] together with others, on any threads: `Arc` in a pool.
///
/// A [`PoolRc`] that goes to other threads, and is shared between them, exactly as an `Arc` of the value may be. It has the
/// same methods and traits.
///
/// # Threads
///
/// | | locked instructions |
/// |---|---|
/// | to clone, to `downgrade`, to clone a weak handle | one |
/// | to `upgrade` | one, or more if others are at the counts too |
/// | to drop a handle that is the only one left, weak ones included; `get_mut`; `make_mut` and `try_unwrap` of the only one | none, but those of the pool if the chunk goes back: see [`SyncPool`](crate::SyncPool) |
/// | to drop another | one; the last strong one while there are weak ones, two |
///
/// # Examples
///
/// ```
/// use goo_pool_typed::{ArcPool, PoolArc};
/// use std::{sync::Mutex, thread};
///
/// let pool = ArcPool::new();
/// let total = pool.alloc(Mutex::new(0));
/// let threads: Vec<_> = (1..=3)
///     .map(|n| {
///         let total = PoolArc::clone(&total);
///         thread::spawn(move || *total.lock().unwrap() += n)
///     })
///     .collect();
/// for thread in threads {
///     thread.join().unwrap();
/// }
/// assert_eq!(PoolArc::into_inner(total).unwrap().into_inner().unwrap(), 6);
/// ```
#[cfg(feature = "std")]
pub type PoolArc<T> = generic::PoolRc<T, SyncPoolHandle>;

/// A handle to a [`PoolArc`]'s value that does not keep it, but notices that it is gone: `sync::Weak` in a pool.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::{ArcPool, PoolArc, PoolArcWeak};
/// use std::thread;
///
/// let strong = ArcPool::new().alloc(5);
/// let weak: PoolArcWeak<i32> = PoolArc::downgrade(&strong);
/// let seen = thread::spawn(move || weak.upgrade().as_deref().copied()).join().unwrap();
/// assert_eq!(seen, Some(*strong));
/// ```
#[cfg(feature = "std")]
pub type PoolArcWeak<T> = generic::PoolWeak<T, SyncPoolHandle>;
