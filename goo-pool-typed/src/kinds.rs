//! The kinds of pools by their plain names. They are one body of code: `pool.rs` and `pool_box.rs`.

use core::cell::OnceCell;
#[cfg(feature = "std")]
use std::sync::OnceLock;

use goo_pool_core::PoolHandle;
#[cfg(feature = "std")]
use goo_pool_core::SyncPoolHandle;

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

/// A [`Pool`] that is made when it is first used, for a `thread_local!`: [`new`](LazyPool::new) is a constant.
///
/// Its boxes are [`PoolBox`]es, and a clone of it is the same pool. `#[pooled(thread_local)]` declares one for a type: see
/// [`DefaultPool`](crate::DefaultPool).
///
/// # Examples
///
/// ```
/// use goo_pool_typed::{LazyPool, PoolBox};
///
/// thread_local! {
///     static NAMES: LazyPool<String> = const { LazyPool::new() };
/// }
///
/// let name: PoolBox<String> = NAMES.with(|names| names.alloc(String::from("mine")));
/// assert_eq!((name.as_str(), NAMES.with(LazyPool::len)), ("mine", 1));
/// ```
pub type LazyPool<T> = generic::Pool<T, OnceCell<PoolHandle>>;

/// Owns a value in a [`Pool`]; dropping it drops the value and gives its chunk back.
///
/// It is one pointer wide, as is `Option<PoolBox<T>>`, has no lifetime and may outlive every handle to its
/// pool. What is not about the value itself is an associated function, as with `Box`:
/// `PoolBox::into_inner(b)`.
///
/// A type with a [default pool](crate::DefaultPool) has `PoolBox::new(value)` besides `pool.alloc(value)`.
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

/// Room in a [`Pool`] for so many values, which nobody else can take; made by
/// [`reserve_exact`](generic::Pool::reserve_exact).
///
/// # Examples
///
/// ```
/// use goo_pool_typed::{AllocError, Pool, PoolBox, Reservation};
///
/// /// Needs no memory that is not there already, so it cannot fail half way.
/// fn move_in(reserved: &Reservation<String>, names: [String; 2]) -> [PoolBox<String>; 2] {
///     names.map(|name| reserved.alloc(name))
/// }
///
/// # fn main() -> Result<(), AllocError> {
/// let pool = Pool::new();
/// let boxes = move_in(&pool.reserve_exact(2)?, ["one".into(), "two".into()]);
/// assert_eq!((boxes[1].as_str(), pool.len()), ("two", 2));
/// # Ok(())
/// # }
/// ```
pub type Reservation<T> = generic::Reservation<T>;

/// Room in a [`SyncPool`] for so many values, which no other thread can take. It goes to other threads itself.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::{AllocError, SyncPool, SyncReservation};
/// use std::thread;
///
/// # fn main() -> Result<(), AllocError> {
/// let pool = SyncPool::new();
/// let reserved: SyncReservation<u64> = pool.reserve_exact(100)?;
/// let sum = thread::spawn(move || {
///     let boxes: Vec<_> = (1..=100).map(|n| reserved.alloc(n)).collect();
///     boxes.iter().map(|n| **n).sum::<u64>()
/// });
/// assert_eq!(sum.join().unwrap(), 5050);
/// assert!(pool.is_empty());
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "std")]
pub type SyncReservation<T> = generic::Reservation<T, SyncPoolHandle>;

/// A pool of values of one type, for many threads: each may allocate, and each may drop what any other allocated.
///
/// As a [`Pool`], it is a handle: clones of it are the same pool. It may also be a static, and then takes no memory
/// before it is first used. Its boxes go to other threads as a `Box` may. The pool itself is for every thread, whatever
/// the type of its values: it hands a value to nobody but the caller who has just given it.
///
/// # Threads
///
/// Every method may be called from any thread, also in a thread-local destructor. Each thread has memory of its own
/// within the pool, so that threads do not wait for each other:
///
/// | | locked instructions |
/// |---|---|
/// | to allocate, as long as this thread's memory has a free chunk | none |
/// | to drop a box, or move its value out, on the thread that allocated it | none, but a few when all of a block becomes free |
/// | the same on another thread | one; one or two more for the first of 64 neighbours |
/// | to clone a handle, or get one from a box; to drop one that is not the last | one |
/// | to clone a box | two more than to allocate: it gets a handle, and drops it |
/// | `alloc_iter`, `reserve`, `shrink_to_fit`, `len`, `capacity`, `stats`; to allocate when this thread's memory is full | the pool's lock |
///
/// A thread's first use of a pool costs a few more. The lock is never held while memory is asked for or given back, nor
/// while code of yours runs.
///
/// Memory of a thread that has ended is used by others. Threads do not take each other's free chunks while they run: with a
/// limit, one may be refused while another has some. The numbers ([`len`](generic::Pool::len), [`stats`](generic::Pool::stats))
/// are exact while no other thread uses the pool. A child process after a `fork` must not use its parent's pools.
///
/// A thread that never shares its boxes is better off with a [`Pool`] of its own, which costs less still.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::SyncPool;
/// use std::{sync::mpsc, thread};
///
/// static LINES: SyncPool<String> = SyncPool::new();
///
/// let (sender, lines) = mpsc::channel();
/// let reader = thread::spawn(move || {
///     for line in ["first", "second"] {
///         sender.send(LINES.alloc(line.to_string())).unwrap();
///     }
/// });
/// let lengths: Vec<_> = lines.iter().map(|line| line.len()).collect();
/// reader.join().unwrap();
/// assert_eq!(lengths, [5, 6]);
/// assert!(LINES.is_empty());
/// ```
#[cfg(feature = "std")]
pub type SyncPool<T> = generic::Pool<T, OnceLock<SyncPoolHandle>>;

/// A [`SyncPool`] as one thread uses it, made by [`SyncPool::local`] for hot loops. It stays on its
/// thread; the boxes do not have to.
///
/// It has the methods of a pool, and allocates without looking up each time which part of the pool is this thread's.
/// It borrows the pool: what is there for longer than a loop keeps a clone of the pool instead.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::{SyncPool, SyncPoolBox};
///
/// let pool = SyncPool::new();
/// let local = pool.local();
/// let squares: Vec<SyncPoolBox<u64>> = (0..1000).map(|n| local.alloc(n * n)).collect();
/// assert_eq!((*squares[30], pool.len()), (900, 1000));
/// ```
#[cfg(feature = "std")]
pub type LocalPool<'p, T> = generic::Pool<T, generic::ThisThread<'p>>;

/// Owns a value in a [`SyncPool`]; dropping it, on any thread, drops the value and gives its chunk back.
///
/// A [`PoolBox`] that goes to other threads, and is shared between them, exactly as a `Box` of the value may be. It has
/// the same methods and traits: `SyncPoolBox::into_inner(b)`. What they cost in locked instructions says [`SyncPool`].
///
/// # Examples
///
/// ```
/// use goo_pool_typed::{SyncPool, SyncPoolBox, unsize};
/// use std::{fmt::Display, thread};
///
/// let pool = SyncPool::new();
/// let boxed = pool.alloc(String::from("made here"));
/// drop(pool);
/// let boxed = thread::spawn(move || {
///     println!("{boxed}");
///     boxed
/// });
/// let boxed: SyncPoolBox<dyn Display + Send> = unsize!(boxed.join().unwrap(), dyn Display + Send);
/// thread::spawn(move || drop(boxed)).join().unwrap();
/// ```
#[cfg(feature = "std")]
pub type SyncPoolBox<T> = generic::PoolBox<T, SyncPoolHandle>;
