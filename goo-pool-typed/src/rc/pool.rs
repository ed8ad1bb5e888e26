//! The pool of shared values.

use core::fmt;
use core::mem::MaybeUninit;
use core::pin::Pin;
use core::ptr::NonNull;

use goo_pool_core::{AllocError, Global, PoolHandle, Stats};

use crate::PoolBuilder;
use crate::error::TryAllocError;
use crate::generic::{Kind, Over, Pool, PoolBox, PoolRc, PoolWeak, Source};
use crate::rc::counted::{Counted, counts_of, value_of};
use crate::rc::counts::Counts;

/// A pool of shared values of one type: [`RcPool`](crate::RcPool), whose chunks come from a [`PoolHandle`].
///
/// It is a [`Pool<Counted<T>>`](Pool) that hands out [`PoolRc`]s: [`as_pool`](Self::as_pool) is that pool, and `from` makes
/// one of shared values from it.
///
/// Code for every kind of pool takes a `&generic::RcPool<T, S>` and gives out `generic::PoolRc<T, S::Handle>`.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::RcPool;
/// use goo_pool_typed::generic::{self, Source};
///
/// fn both<S: Source>(pool: &generic::RcPool<u32, S>) -> [generic::PoolRc<u32, S::Handle>; 2] {
///     let one = pool.alloc(1);
///     [one.clone(), one]
/// }
///
/// let [one, other] = both(&RcPool::new());
/// assert_eq!(*one + *other, 2);
/// ```
pub struct RcPool<T, S = PoolHandle> {
    pool: Pool<Counted<T>, S>,
}

impl<T> RcPool<T> {
    /// A new pool. It asks for no memory for values until the first is allocated.
    ///
    /// Without memory for the pool's own record (a few hundred bytes) it fails as `Box::new` does.
    ///
    /// # Panics
    ///
    /// If a block of 16 such values does not fit into the address space, which takes a type of terabytes.
    #[must_use]
    pub fn new() -> Self {
        crate::Pool::new().into()
    }
}

impl<T, S: Over<Global>> RcPool<T, S> {
    /// A new pool with room for `capacity` values. It keeps that room until [`shrink_to_fit`](Self::shrink_to_fit).
    ///
    /// # Panics
    ///
    /// If so many values do not fit into the address space. Without memory it fails as `Box::new` does.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Pool::with_capacity(capacity).into()
    }

    /// Settings for a pool: limits, growth, where its memory comes from. What it builds is the pool of boxes that
    /// `from` makes one of shared values.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::RcPool;
    ///
    /// # fn main() -> Result<(), goo_pool_typed::BuildError> {
    /// let pool = RcPool::from(RcPool::builder().max_chunks(1).build()?);
    /// let _first = pool.alloc("first");
    /// assert_eq!(pool.try_alloc("second").unwrap_err().into_value(), "second");
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> PoolBuilder<Counted<T>, Global, S> {
        Pool::builder()
    }
}

impl<T, S: Source> RcPool<T, S> {
    /// Moves `value` into the pool, to be shared.
    ///
    /// # Panics
    ///
    /// If the pool's limit is reached. Without memory it fails as `Box::new` does.
    #[inline]
    #[must_use = "the value is dropped at once if its handle is not used"]
    #[cfg_attr(feature = "tracking", track_caller)]
    pub fn alloc(&self, value: T) -> PoolRc<T, S::Handle> {
        self.alloc_box(value).into()
    }

    /// Moves `value` into the pool, or gives it back.
    ///
    /// # Errors
    ///
    /// [`TryAllocError`], which holds the value, if the limit is reached or there is no memory.
    #[inline]
    #[cfg_attr(feature = "tracking", track_caller)]
    pub fn try_alloc(&self, value: T) -> Result<PoolRc<T, S::Handle>, TryAllocError<T>> {
        match self.pool.try_alloc_uninit() {
            Ok(slot) => Ok(PoolBox::write(slot, Counted::new(value)).into()),
            Err(error) => Err(TryAllocError::new(value, error)),
        }
    }

    /// Calls `make` and puts its value into a chunk that is reserved before. `make` may use the pool, and may panic: the chunk
    /// is then free again.
    ///
    /// # Panics
    ///
    /// As [`alloc`](Self::alloc), before `make` is called.
    #[inline]
    #[must_use = "the value is dropped at once if its handle is not used"]
    #[cfg_attr(feature = "tracking", track_caller)]
    pub fn alloc_with(&self, make: impl FnOnce() -> T) -> PoolRc<T, S::Handle> {
        self.pool.alloc_with(|| Counted::new(make())).into()
    }

    /// As [`alloc_with`](Self::alloc_with), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if the limit is reached or there is no memory; `make` is not called then.
    #[inline]
    #[cfg_attr(feature = "tracking", track_caller)]
    pub fn try_alloc_with(&self, make: impl FnOnce() -> T) -> Result<PoolRc<T, S::Handle>, AllocError> {
        self.pool.try_alloc_with(|| Counted::new(make())).map(PoolRc::from)
    }

    /// Reserves memory for a value without writing one: what is too large for the stack is built where it is to be.
    ///
    /// The constructors that [`#[derive(Pooled)]`](crate::Pooled) makes take no pool of shared values.
    ///
    /// # Panics
    ///
    /// As [`alloc`](Self::alloc).
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{PoolRc, RcPool};
    ///
    /// let pool = RcPool::<[u64; 100_000]>::new();
    /// let mut numbers = pool.alloc_uninit();
    /// let place = PoolRc::get_mut(&mut numbers).unwrap().as_mut_ptr().cast::<u64>();
    /// for n in 0..100_000 {
    ///     // SAFETY: within the array.
    ///     unsafe { place.add(n).write(n as u64) };
    /// }
    /// // SAFETY: every number is written.
    /// let numbers: PoolRc<[u64; 100_000]> = unsafe { numbers.assume_init() };
    /// assert_eq!(numbers[99_999], 99_999);
    /// ```
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "tracking", track_caller)]
    pub fn alloc_uninit(&self) -> PoolRc<MaybeUninit<T>, S::Handle> {
        reserved(self.pool.alloc_uninit())
    }

    /// As [`alloc_uninit`](Self::alloc_uninit), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if the limit is reached or there is no memory.
    #[inline]
    #[cfg_attr(feature = "tracking", track_caller)]
    pub fn try_alloc_uninit(&self) -> Result<PoolRc<MaybeUninit<T>, S::Handle>, AllocError> {
        self.pool.try_alloc_uninit().map(reserved)
    }

    /// A default value in the pool.
    ///
    /// # Panics
    ///
    /// As [`alloc`](Self::alloc).
    #[inline]
    #[must_use = "the value is dropped at once if its handle is not used"]
    #[cfg_attr(feature = "tracking", track_caller)]
    pub fn alloc_default(&self) -> PoolRc<T, S::Handle>
    where
        T: Default,
    {
        self.alloc_with(T::default)
    }

    /// Moves `value` into the pool, not shared yet: see [`Counted`].
    ///
    /// # Panics
    ///
    /// As [`alloc`](Self::alloc).
    #[inline]
    #[must_use = "the value is dropped at once if its box is not used"]
    #[cfg_attr(feature = "tracking", track_caller)]
    pub fn alloc_box(&self, value: T) -> PoolBox<Counted<T>, S::Handle> {
        self.pool.alloc(Counted::new(value))
    }

    /// A value that has a weak handle to itself. Until it is made, that handle finds nothing.
    ///
    /// `make` may keep clones of its argument, may use the pool, and may panic: the chunk is then free as soon as the last
    /// clone is gone.
    ///
    /// # Panics
    ///
    /// As [`alloc`](Self::alloc), before `make` is called.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{PoolRc, PoolWeak, RcPool};
    ///
    /// struct Node {
    ///     me: PoolWeak<Node>,
    ///     children: Vec<PoolRc<Node>>,
    /// }
    ///
    /// let pool = RcPool::new();
    /// let leaf = pool.new_cyclic(|me| Node { me: me.clone(), children: vec![] });
    /// let root = pool.new_cyclic(|me| Node { me: me.clone(), children: vec![leaf] });
    /// assert!(PoolRc::ptr_eq(&root, &root.me.upgrade().unwrap()));
    /// drop(root);
    /// assert!(pool.is_empty());
    /// ```
    #[inline]
    #[must_use = "the value is dropped at once if its handle is not used"]
    #[cfg_attr(feature = "tracking", track_caller)]
    pub fn new_cyclic(&self, make: impl FnOnce(&PoolWeak<T, S::Handle>) -> T) -> PoolRc<T, S::Handle> {
        let slot: PoolBox<MaybeUninit<Counted<T>>, _> = self.pool.alloc_uninit();
        // SAFETY: a box's pointer is not null.
        let chunk = unsafe { NonNull::new_unchecked(PoolBox::into_raw(slot)) };
        // SAFETY: a chunk of this layout.
        let value = unsafe { value_of::<T>(chunk.cast()) };
        // SAFETY: it came from `value_of`.
        let counts = unsafe { counts_of::<T, <S::Handle as Kind>::Word>(value) };
        // SAFETY: the room for the counts, in a chunk that is ours alone.
        unsafe { counts.cast().write(Counts::<<S::Handle as Kind>::Word>::UNBORN) };
        // If `make` panics, this ends as any weak handle.
        // SAFETY: R1: as the box's; R2: just written.
        let weak = unsafe { PoolWeak::from_value(value) };
        let made = make(&weak);
        // SAFETY: the chunk is ours until there is a strong handle: weak ones do not look at the value.
        unsafe { value.write(made) };
        // SAFETY: just written, and there was none.
        unsafe { weak.be_born() }
    }

    /// Moves `value` into the pool, pinned: a pool never moves its values, and never reuses the memory of one that was not
    /// dropped.
    ///
    /// # Panics
    ///
    /// As [`alloc`](Self::alloc).
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::RcPool;
    /// use std::marker::PhantomPinned;
    ///
    /// let pinned = RcPool::new().pin((7, PhantomPinned));
    /// let other = pinned.clone();
    /// assert_eq!(pinned.0 + other.0, 14);
    /// ```
    #[inline]
    #[must_use = "the value is dropped at once if its handle is not used"]
    #[cfg_attr(feature = "tracking", track_caller)]
    pub fn pin(&self, value: T) -> Pin<PoolRc<T, S::Handle>> {
        // SAFETY: the value stays where it is until it is dropped. This is its first handle and pinned, so all that come from it
        // are: none gives out `&mut T`, or the value.
        unsafe { Pin::new_unchecked(self.alloc(value)) }
    }

    /// The same pool as one of boxes, which [`PoolRc::from`] shares.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{Counted, PoolRc, RcPool};
    ///
    /// let pool = RcPool::new();
    /// let boxes = pool.as_pool().alloc_iter((0..3).map(Counted::new));
    /// let shared: Vec<PoolRc<u32>> = boxes.map(PoolRc::from).collect();
    /// assert_eq!((*shared[2], pool.len()), (2, 3));
    /// ```
    #[must_use]
    pub const fn as_pool(&self) -> &Pool<Counted<T>, S> {
        &self.pool
    }

    /// Makes room for `additional` more values, as [`Pool::reserve`] does.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if that is beyond the limit, the address space or the parent's memory; the pool stays as it was.
    pub fn reserve(&self, additional: usize) -> Result<(), AllocError> {
        self.pool.reserve(additional)
    }

    /// Gives all memory back that holds nothing now, as [`Pool::shrink_to_fit`] does.
    pub fn shrink_to_fit(&self) {
        self.pool.shrink_to_fit();
    }

    /// How many chunks are in use: for values that live, and for those that are gone but have weak handles. As
    /// [`Pool::len`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.pool.len()
    }

    /// Whether [`len`](Self::len) is 0.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pool.is_empty()
    }

    /// How many values fit without another request for memory, live ones included.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.pool.capacity()
    }

    /// The pool's numbers, as [`Pool::stats`]. Chunks that only weak handles keep are live.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.pool.stats()
    }

    /// Whether both are handles to one pool.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.pool.ptr_eq(&other.pool)
    }
}

/// The only handle to memory that has no value yet.
#[inline(always)]
fn reserved<T, H: Kind>(slot: PoolBox<MaybeUninit<Counted<T>>, H>) -> PoolRc<MaybeUninit<T>, H> {
    let raw = PoolBox::into_raw(slot).cast::<Counted<MaybeUninit<T>>>();
    // SAFETY: the pointer came from `into_raw`. A `MaybeUninit` has its value's layout, and so has a `Counted` of it; neither
    // it nor the room before it needs to be written.
    unsafe { PoolBox::from_raw(raw) }.into()
}

impl<T, S> From<Pool<Counted<T>, S>> for RcPool<T, S> {
    /// The same pool, for shared values.
    fn from(pool: Pool<Counted<T>, S>) -> Self {
        Self { pool }
    }
}

impl<T, S: Source + From<S::Handle>> Clone for RcPool<T, S> {
    /// Another handle to the same pool.
    fn clone(&self) -> Self {
        self.pool.clone().into()
    }
}

impl<T> Default for RcPool<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, S: Source> fmt::Debug for RcPool<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RcPool").field("stats", &self.stats()).finish()
    }
}

#[cfg(feature = "std")]
mod sync {
    use super::{AllocError, RcPool};
    use crate::{ArcPool, LocalArcPool, SyncPool};

    impl<T> ArcPool<T> {
        /// A new pool. It asks for no memory, not even for its own record, until it is first used. Threads that use it first
        /// at the same time do not wait for each other.
        ///
        /// # Examples
        ///
        /// ```
        /// use goo_pool_typed::{ArcPool, PoolArc};
        ///
        /// static NAMES: ArcPool<String> = ArcPool::new();
        ///
        /// let name: PoolArc<String> = NAMES.alloc(String::from("name"));
        /// assert_eq!((name.as_str(), NAMES.len()), ("name", 1));
        /// ```
        #[must_use]
        pub const fn new() -> Self {
            Self { pool: SyncPool::new() }
        }

        /// The pool as this thread uses it, for hot loops: the thread's part of the pool is looked up once.
        ///
        /// Without memory for the pool's own record it fails as `Box::new` does.
        ///
        /// # Examples
        ///
        /// ```
        /// use goo_pool_typed::ArcPool;
        ///
        /// let pool = ArcPool::new();
        /// let local = pool.local();
        /// let shared: Vec<_> = (0..1000).map(|n| local.alloc(n)).collect();
        /// std::thread::spawn(move || drop(shared)).join().unwrap();
        /// assert!(pool.is_empty());
        /// ```
        #[must_use]
        pub fn local(&self) -> LocalArcPool<'_, T> {
            self.pool.local().into()
        }

        /// As [`local`](Self::local), with an error instead of a failure.
        ///
        /// # Errors
        ///
        /// [`AllocError`] if there is no memory for the pool's own record.
        pub fn try_local(&self) -> Result<LocalArcPool<'_, T>, AllocError> {
            self.pool.try_local().map(RcPool::from)
        }
    }

    impl<T> Default for ArcPool<T> {
        fn default() -> Self {
            Self::new()
        }
    }
}
