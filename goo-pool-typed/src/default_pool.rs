//! Default pools: a type has a pool of its own, so that a `PoolBox` is made as a `Box` is.

use core::mem::MaybeUninit;
use core::pin::Pin;

use crate::TryAllocError;
use crate::error::fail;
use crate::generic::{Kind, Pool, PoolBox};

/// A type with a pool of its own: what `#[pooled(thread_local)]` or `#[pooled(global)]` adds to `#[derive(Pooled)]`.
///
/// Boxes of such a type are made without a pool at hand, by [`PoolBox::new`](PoolBox::new) and its kin, `From`, `Default`,
/// and the constructors that the derive adds, `Node::new(fields...)`.
///
/// | | `thread_local` | `global` |
/// |---|---|---|
/// | the pool | a [`LazyPool`](crate::LazyPool) for each thread | one [`SyncPool`](crate::SyncPool) in a static |
/// | the boxes | [`PoolBox`](crate::PoolBox), which stay on their thread | [`SyncPoolBox`](crate::SyncPoolBox), which go where the value may |
/// | the memory goes back | when the thread has ended and its last box is dropped | as that of any pool; the static itself stays |
///
/// Without the derive, or for one instance of a generic type, [`default_pool!`](crate::default_pool) does the same; a pool
/// with settings takes an implementation by hand.
///
/// # At the end of a thread
///
/// A thread's pool is dropped with the other thread-local variables, in an order that nobody should rely on. Boxes that are
/// there still stay valid, as always. A box that is made yet later, in the destructor of another variable, gets a fresh pool
/// of its own, which goes with it.
///
/// # Examples
///
/// ```
/// # #[cfg(all(feature = "derive", feature = "std"))] {
/// use goo_pool_typed::{DefaultPool, PoolBox, Pooled};
///
/// #[derive(Pooled, Default)]
/// #[pooled(thread_local)]
/// struct Node {
///     value: u32,
///     next: Option<PoolBox<Node>>,
/// }
///
/// let last = PoolBox::new(Node { value: 1, next: None });
/// let list = Node::new(2, Some(last));
/// assert_eq!(list.next.as_ref().unwrap().value, 1);
/// assert_eq!(Node::default_pool().len(), 2);
/// assert_eq!(PoolBox::<Node>::default().value, 0);
/// # }
/// ```
///
/// By hand, with settings:
///
/// ```
/// # #[cfg(feature = "std")] {
/// use goo_pool_typed::{DefaultPool, LazyPool, PoolBox, generic::PoolHandle};
///
/// #[derive(Debug)]
/// struct Job(u32);
///
/// thread_local! {
///     static JOBS: LazyPool<Job> = LazyPool::builder().max_chunks(2).build().unwrap();
/// }
///
/// impl DefaultPool for Job {
///     type Handle = PoolHandle;
///
///     fn with_default_pool<R>(use_it: impl FnOnce(&LazyPool<Self>) -> R) -> R {
///         JOBS.with(use_it)
///     }
/// }
///
/// let jobs = [PoolBox::new(Job(1)), PoolBox::new(Job(2))];
/// let refused = PoolBox::try_new(Job(3)).unwrap_err();
/// assert_eq!(refused.into_value().0, jobs[0].0 + jobs[1].0);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no default pool",
    label = "the pool of this type is not known",
    note = "`#[derive(Pooled)]` with `#[pooled(thread_local)]` or `#[pooled(global)]` gives a type one",
    note = "without one, a pool makes the boxes: `pool.alloc(value)`, `Type::new_in(&pool, ...)`"
)]
pub trait DefaultPool: Sized + 'static {
    /// The kind of boxes: [`PoolHandle`](crate::generic::PoolHandle) for a `PoolBox`, `SyncPoolHandle` for a `SyncPoolBox`.
    type Handle: Kind;

    /// Calls `use_it` with the pool: a [`LazyPool`](crate::LazyPool) or a [`SyncPool`](crate::SyncPool). It may use the
    /// pool in any other way meanwhile.
    fn with_default_pool<R>(use_it: impl FnOnce(&Pool<Self, <Self::Handle as Kind>::Lazy>) -> R) -> R;

    /// A handle to the pool, for its numbers, for `reserve` and `shrink_to_fit`, and for loops: it does without
    /// the lookup of each `PoolBox::new`.
    ///
    /// Without memory for the pool's own record it fails as `Box::new` does.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(feature = "derive", feature = "std"))] {
    /// use goo_pool_typed::{DefaultPool, Pool, PoolBox, Pooled};
    ///
    /// #[derive(Pooled)]
    /// #[pooled(thread_local)]
    /// struct Point(i32, i32);
    ///
    /// # fn main() -> Result<(), goo_pool_typed::AllocError> {
    /// let points: Pool<Point> = Point::default_pool();
    /// points.reserve(1000)?;
    /// let diagonal: Vec<PoolBox<Point>> = (0..1000).map(|n| points.alloc(Point(n, n))).collect();
    /// let one = Point::new(1, 2);
    /// assert_eq!((points.len(), one.0 + diagonal[7].1), (1001, 8));
    /// # Ok(())
    /// # }
    /// # main().unwrap();
    /// # }
    /// ```
    #[must_use]
    fn default_pool() -> Pool<Self, <Self::Handle as Kind>::Source> {
        match Self::with_default_pool(|pool| pool.handle_or_build().cloned()) {
            Ok(handle) => Pool::from_source(handle.into()),
            Err(error) => fail(error),
        }
    }
}

impl<T: DefaultPool<Handle = H>, H: Kind> PoolBox<T, H> {
    /// Moves `value` into the [default pool](DefaultPool) of its type: `Box::new`.
    ///
    /// # Panics
    ///
    /// If the pool has a limit and has reached it. Without memory it fails as `Box::new` does.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(all(feature = "derive", feature = "std"))] {
    /// use goo_pool_typed::{Pooled, SyncPoolBox};
    ///
    /// #[derive(Pooled)]
    /// #[pooled(global)]
    /// struct Message(&'static str);
    ///
    /// let message = SyncPoolBox::new(Message("from anywhere to anywhere"));
    /// std::thread::spawn(move || assert!(message.0.starts_with("from"))).join().unwrap();
    /// # }
    /// ```
    #[inline]
    #[must_use = "the value is dropped at once if its box is not used"]
    pub fn new(value: T) -> Self {
        PoolBox::write(Self::new_uninit(), value)
    }

    /// As [`new`](Self::new), but the value comes back if there is no room for it.
    ///
    /// # Errors
    ///
    /// [`TryAllocError`], which holds the value, if the limit is reached or there is no memory.
    #[inline]
    pub fn try_new(value: T) -> Result<Self, TryAllocError<T>> {
        match T::with_default_pool(Pool::try_alloc_uninit) {
            Ok(slot) => Ok(PoolBox::write(slot, value)),
            Err(error) => Err(TryAllocError::new(value, error)),
        }
    }

    /// Calls `make` and puts its value into a chunk that is reserved before: [`alloc_with`](Pool::alloc_with).
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new), before `make` is called.
    #[inline]
    #[must_use = "the value is dropped at once if its box is not used"]
    pub fn new_with(make: impl FnOnce() -> T) -> Self {
        let slot = Self::new_uninit();
        PoolBox::write(slot, make())
    }

    /// A chunk to be written later: `Box::new_uninit`.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    #[inline]
    #[must_use = "the chunk is freed at once if it is not used"]
    pub fn new_uninit() -> PoolBox<MaybeUninit<T>, H> {
        T::with_default_pool(Pool::alloc_uninit)
    }

    /// A pinned value: `Box::pin`.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    #[inline]
    #[must_use = "the value is dropped at once if its box is not used"]
    pub fn pin(value: T) -> Pin<Self> {
        Self::into_pin(Self::new(value))
    }
}

impl<T: DefaultPool<Handle = H>, H: Kind> From<T> for PoolBox<T, H> {
    /// [`PoolBox::new`].
    #[inline]
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: DefaultPool<Handle = H> + Default, H: Kind> Default for PoolBox<T, H> {
    /// A default value in its default pool. The chunk is reserved before the value is made.
    #[inline]
    fn default() -> Self {
        Self::new_with(T::default)
    }
}

/// Gives a type a default pool without the derive: `default_pool!(thread_local, Type)`, `default_pool!(global, Type)`.
///
/// The type may be one instance of a generic type, which the derive cannot know: a variable has no type parameters.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::{PoolBox, default_pool};
///
/// struct List<T> {
///     value: T,
///     next: Option<PoolBox<List<T>>>,
/// }
///
/// default_pool!(thread_local, List<String>);
/// default_pool!(thread_local, List<u32>);
///
/// let second = PoolBox::new(List { value: 2, next: None });
/// let list = PoolBox::new(List { value: 1, next: Some(second) });
/// assert_eq!(list.value + list.next.as_ref().unwrap().value, 3);
/// ```
#[cfg(feature = "std")]
#[macro_export]
macro_rules! default_pool {
    (thread_local, $type:ty $(,)?) => {
        #[allow(deprecated)]
        impl $crate::DefaultPool for $type {
            type Handle = $crate::generic::PoolHandle;

            #[inline]
            fn with_default_pool<__R>(use_it: impl $crate::__private::FnOnce(&$crate::LazyPool<Self>) -> __R) -> __R {
                $crate::__private::thread_local! {
                    static __POOL: $crate::LazyPool<$type> = const { $crate::LazyPool::new() };
                }
                $crate::__private::with_thread_pool(&__POOL, use_it)
            }
        }
    };
    (global, $type:ty $(,)?) => {
        #[allow(deprecated)]
        impl $crate::DefaultPool for $type {
            type Handle = $crate::generic::SyncPoolHandle;

            #[inline]
            fn with_default_pool<__R>(use_it: impl $crate::__private::FnOnce(&$crate::SyncPool<Self>) -> __R) -> __R {
                static __POOL: $crate::SyncPool<$type> = $crate::SyncPool::new();
                use_it(&__POOL)
            }
        }
    };
}

/// Without std there are no thread-local variables and no locks. The implementation is there so that the message stands
/// alone.
#[cfg(not(feature = "std"))]
#[macro_export]
macro_rules! default_pool {
    ($kind:ident, $type:ty $(,)?) => {
        $crate::__private::compile_error! {
            "a default pool needs the feature `std` of goo-pool-typed; without it, boxes are made by a pool: `new_in`"
        }

        #[allow(deprecated)]
        impl $crate::DefaultPool for $type {
            type Handle = $crate::generic::PoolHandle;

            fn with_default_pool<__R>(_: impl $crate::__private::FnOnce(&$crate::LazyPool<Self>) -> __R) -> __R {
                $crate::__private::reported()
            }
        }
    };
}
