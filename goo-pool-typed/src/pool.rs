//! The pool: where values of one type live.

use core::alloc::Layout;
use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::pin::Pin;
use core::ptr;

use goo_pool_core::{AllocError, Geometry, Global, Handle, PoolHandle, Stats};

use crate::PoolBuilder;
use crate::error::{TryAllocError, fail_to_build, refused};
use crate::generic::{AnyThread, Over, PoolBox, Reservation, Source};

/// A pool of values of one type: [`Pool`](crate::Pool), whose chunks come from a [`PoolHandle`].
///
/// Code for every kind of pool is generic over `S`: see [`Source`].
///
/// A `Pool` and a `LocalPool` stay on their thread. The methods of a `SyncPool` may be called from every thread; there is
/// also said what they cost in locked instructions.
pub struct Pool<T, S = PoolHandle> {
    /// Invariant: for pools for `Layout::new::<T>()`, without a hint of chunks per block.
    source: S,
    /// The pool hands out `T`s and never reads or drops one, so it is covariant and needs no drop check.
    values: PhantomData<fn() -> T>,
}

// SAFETY: the source is for any thread (`AnyThread`), and no value goes from one thread to another through the pool,
// whatever `T` is: each is in a box from when it comes, on the thread of the caller who has it, and where the box may
// go is the box's matter. What the pool keeps is memory, in which there is no value.
unsafe impl<T, S: AnyThread> Send for Pool<T, S> {}
// SAFETY: the same.
unsafe impl<T, S: AnyThread> Sync for Pool<T, S> {}

/// A type's geometry in pools behind an `H`, computed by the compiler.
pub(crate) struct GeometryOf<T, H>(PhantomData<(T, H)>);

impl<T, H: Handle> GeometryOf<T, H> {
    pub(crate) const VALUE: Geometry = match Geometry::of::<H>(Layout::new::<T>()) {
        Ok(geometry) => geometry,
        Err(_) => panic!("the type is too large for a pool"),
    };
}

impl<T> Pool<T> {
    /// A new pool. It asks for no memory for values until the first is allocated.
    ///
    /// Without memory for the pool's own record (a few hundred bytes) it fails as `Box::new` does.
    ///
    /// # Panics
    ///
    /// If a block of 16 such values does not fit into the address space, which takes a type of terabytes.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(0)
    }
}

impl<T, S: Over<Global>> Pool<T, S> {
    /// A new pool with room for `capacity` values. It keeps that room until
    /// [`shrink_to_fit`](Self::shrink_to_fit).
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new), or if so many values do not fit. Without memory it fails as `Box::new` does.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        match Self::builder().capacity(capacity).build() {
            Ok(pool) => pool,
            Err(error) => fail_to_build(error, Layout::new::<T>()),
        }
    }

    /// Settings for a pool: limits, growth, where its memory comes from.
    pub fn builder() -> PoolBuilder<T, Global, S> {
        PoolBuilder::new()
    }
}

impl<T, S: Source> Pool<T, S> {
    /// Takes over the source of a pool for `Layout::new::<T>()`.
    pub(crate) const fn from_source(source: S) -> Self {
        Self { source, values: PhantomData }
    }

    #[cfg(feature = "tracking")]
    pub(crate) const fn source(&self) -> &S {
        &self.source
    }

    pub(crate) fn handle_or_build(&self) -> Result<&S::Handle, AllocError> {
        let layout = Layout::new::<T>();
        self.source.handle_or_build(layout).map_err(|error| refused(error, layout))
    }

    /// Moves `value` into the pool.
    ///
    /// # Panics
    ///
    /// If the pool's limit is reached. Without memory it fails as `Box::new` does.
    #[inline]
    #[must_use = "the value is dropped at once if its box is not used"]
    #[cfg_attr(feature = "tracking", track_caller)]
    pub fn alloc(&self, value: T) -> PoolBox<T, S::Handle> {
        PoolBox::write(self.alloc_uninit(), value)
    }

    /// Moves `value` into the pool, or gives it back.
    ///
    /// # Errors
    ///
    /// [`TryAllocError`], which holds the value, if the limit is reached or there is no memory.
    #[inline]
    #[cfg_attr(feature = "tracking", track_caller)]
    pub fn try_alloc(&self, value: T) -> Result<PoolBox<T, S::Handle>, TryAllocError<T>> {
        match self.try_alloc_uninit() {
            Ok(slot) => Ok(PoolBox::write(slot, value)),
            Err(error) => Err(TryAllocError::new(value, error)),
        }
    }

    /// Calls `make` and puts its value into a chunk that is reserved before. `make` may use the pool, and
    /// may panic: the chunk is then free again.
    ///
    /// # Panics
    ///
    /// As [`alloc`](Self::alloc), before `make` is called.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{Pool, PoolBox};
    ///
    /// struct Node { value: u32, next: Option<PoolBox<Node>> }
    ///
    /// let pool = Pool::new();
    /// let list = pool.alloc_with(|| Node { value: 1, next: Some(pool.alloc(Node { value: 2, next: None })) });
    /// assert_eq!(list.value + list.next.as_ref().unwrap().value, 3);
    /// ```
    #[inline]
    #[must_use = "the value is dropped at once if its box is not used"]
    #[cfg_attr(feature = "tracking", track_caller)]
    pub fn alloc_with(&self, make: impl FnOnce() -> T) -> PoolBox<T, S::Handle> {
        let slot = self.alloc_uninit();
        PoolBox::write(slot, make())
    }

    /// As [`alloc_with`](Self::alloc_with), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if the limit is reached or there is no memory; `make` is not called then.
    #[inline]
    #[cfg_attr(feature = "tracking", track_caller)]
    pub fn try_alloc_with(&self, make: impl FnOnce() -> T) -> Result<PoolBox<T, S::Handle>, AllocError> {
        let slot = self.try_alloc_uninit()?;
        Ok(PoolBox::write(slot, make()))
    }

    /// Moves `value` into the pool, pinned, as `Box::pin` does.
    ///
    /// A pool is for one type, and a future has one although nobody can write it: the compiler finds it, as that of a
    /// closure. [`unsize!`](crate::unsize) makes futures of different types, each from its own pool, one type.
    ///
    /// # Panics
    ///
    /// As [`alloc`](Self::alloc).
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{Pool, PoolBox, unsize};
    /// use std::future::Future;
    /// use std::pin::Pin;
    /// # use std::task::{Context, Poll, Waker};
    ///
    /// async fn double(n: u32) -> u32 {
    ///     2 * n
    /// }
    ///
    /// let (doubles, texts) = (Pool::new(), Pool::new());
    /// let mut tasks: Vec<Pin<PoolBox<dyn Future<Output = u32>>>> = Vec::new();
    /// for n in 0..3 {
    ///     tasks.push(unsize!(doubles.pin(double(n)), dyn Future<Output = u32>));
    ///     tasks.push(unsize!(texts.pin(async move { n.to_string().len() as u32 }), dyn Future<Output = u32>));
    /// }
    /// # let mut context = Context::from_waker(Waker::noop());
    /// let results: Vec<Poll<u32>> = tasks.iter_mut().map(|task| task.as_mut().poll(&mut context)).collect();
    /// assert_eq!(results, [0, 1, 2, 1, 4, 1].map(Poll::Ready));
    /// assert_eq!((doubles.len(), texts.len()), (3, 3));
    /// ```
    #[inline]
    #[must_use = "the value is dropped at once if its box is not used"]
    #[cfg_attr(feature = "tracking", track_caller)]
    pub fn pin(&self, value: T) -> Pin<PoolBox<T, S::Handle>> {
        PoolBox::into_pin(self.alloc(value))
    }

    /// Moves `value` into the pool, pinned, or gives it back.
    ///
    /// # Errors
    ///
    /// As [`try_alloc`](Self::try_alloc).
    #[inline]
    #[cfg_attr(feature = "tracking", track_caller)]
    pub fn try_pin(&self, value: T) -> Result<Pin<PoolBox<T, S::Handle>>, TryAllocError<T>> {
        self.try_alloc(value).map(PoolBox::into_pin)
    }

    /// A default value in the pool.
    ///
    /// # Panics
    ///
    /// As [`alloc`](Self::alloc).
    #[inline]
    #[must_use = "the value is dropped at once if its box is not used"]
    #[cfg_attr(feature = "tracking", track_caller)]
    pub fn alloc_default(&self) -> PoolBox<T, S::Handle>
    where
        T: Default,
    {
        self.alloc_with(T::default)
    }

    /// A chunk to be written later.
    ///
    /// # Panics
    ///
    /// As [`alloc`](Self::alloc).
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{Pool, PoolBox};
    ///
    /// let pool = Pool::<[u8; 1024]>::new();
    /// let mut slot = pool.alloc_uninit();
    /// let first = slot.as_mut_ptr().cast::<u8>();
    /// // SAFETY: the slot has 1024 bytes.
    /// unsafe { first.write_bytes(7, 1024) };
    /// // SAFETY: every byte is written.
    /// let buffer = unsafe { slot.assume_init() };
    /// assert_eq!(buffer[1023], 7);
    /// ```
    #[inline]
    #[must_use = "the chunk is freed at once if it is not used"]
    #[cfg_attr(feature = "tracking", track_caller)]
    pub fn alloc_uninit(&self) -> PoolBox<MaybeUninit<T>, S::Handle> {
        let geometry = const { &GeometryOf::<T, S::Handle>::VALUE };
        // SAFETY: the pool is for the layout that this geometry is made from (`source`).
        let chunk = unsafe { self.source.allocate_in_or_fail(Layout::new::<T>(), geometry) };
        // SAFETY: a chunk of a pool for this layout; `MaybeUninit` needs no value.
        unsafe { PoolBox::from_non_null(chunk.cast()) }
    }

    /// As [`alloc_uninit`](Self::alloc_uninit), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if the limit is reached or there is no memory.
    #[inline]
    #[cfg_attr(feature = "tracking", track_caller)]
    pub fn try_alloc_uninit(&self) -> Result<PoolBox<MaybeUninit<T>, S::Handle>, AllocError> {
        let geometry = const { &GeometryOf::<T, S::Handle>::VALUE };
        // SAFETY: as in `alloc_uninit`.
        let chunk = unsafe { self.source.allocate_in(Layout::new::<T>(), geometry) }?;
        // SAFETY: as in `alloc_uninit`.
        Ok(unsafe { PoolBox::from_non_null(chunk.cast()) })
    }

    /// A chunk whose bytes are all 0.
    ///
    /// # Panics
    ///
    /// As [`alloc`](Self::alloc).
    #[inline]
    #[must_use = "the chunk is freed at once if it is not used"]
    #[cfg_attr(feature = "tracking", track_caller)]
    pub fn alloc_zeroed(&self) -> PoolBox<MaybeUninit<T>, S::Handle> {
        let mut slot = self.alloc_uninit();
        // SAFETY: the slot is ours and as large as a `T`.
        unsafe { slot.as_mut_ptr().write_bytes(0, 1) };
        slot
    }

    /// Boxes for all values of `iter`, one by one as the result is iterated. Room for as many as `iter` says
    /// it has at least is made at once.
    ///
    /// # Panics
    ///
    /// As [`alloc`](Self::alloc), when the next value does not fit.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::Pool;
    ///
    /// let pool = Pool::new();
    /// let squares: Vec<_> = pool.alloc_iter((0..100).map(|n| n * n)).collect();
    /// assert_eq!(*squares[7], 49);
    /// ```
    pub fn alloc_iter<I: IntoIterator<Item = T>>(&self, iter: I) -> AllocIter<'_, T, I::IntoIter, S> {
        let values = iter.into_iter();
        // A hint may be wrong or endless: what cannot be had at once fails when it is needed, if ever.
        let _ = self.handle_or_build().and_then(|handle| handle.prepare(values.size_hint().0));
        AllocIter { pool: self, values }
    }

    /// Makes room for `additional` more values than are live now, in one piece if something is missing. From
    /// then on at least so much room is kept, until [`shrink_to_fit`](Self::shrink_to_fit). One step for each 64 chunks of the
    /// capacity.
    ///
    /// In a `SyncPool` the room is for this thread: what others have free in their own memory does not count.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if that is beyond the limit, the address space or the parent's memory; the pool stays
    /// as it was.
    pub fn reserve(&self, additional: usize) -> Result<(), AllocError> {
        self.handle_or_build()?.reserve(additional)
    }

    /// Takes room for exactly so many values, from which as many allocations cannot fail, whatever others take from the pool
    /// meanwhile: for what must be done wholly or not at all.
    ///
    /// Costs as much as to allocate them, and a word of memory for each. For a pool that another body of code may use up,
    /// [`reserve`](Self::reserve) is not enough: it makes room for whoever comes first.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if they cannot all be had; then none is taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::Pool;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = Pool::builder().max_chunks(5).build()?;
    /// let reserved = pool.reserve_exact(3)?;
    /// let others: Vec<_> = (0..5).map_while(|n| pool.try_alloc(n).ok()).collect();
    /// assert_eq!(others.len(), 2);
    ///
    /// let value = reserved.alloc(7);
    /// assert_eq!((*value, reserved.remaining()), (7, 2));
    /// # Ok(())
    /// # }
    /// ```
    pub fn reserve_exact(&self, values: usize) -> Result<Reservation<T, S::Handle>, AllocError> {
        let chunks = self.handle_or_build()?.reserve_exact(values)?;
        // SAFETY: the pool is for that layout (`source`).
        Ok(unsafe { Reservation::new(chunks) })
    }

    /// Gives all memory back that holds no value now. A `SyncPool` keeps what other threads that run have free in their
    /// own memory.
    pub fn shrink_to_fit(&self) {
        if let Some(handle) = self.source.handle() {
            handle.shrink_to_fit();
        }
    }

    /// How many values live in the pool, forgotten boxes included. One step for each 64 chunks of the
    /// capacity.
    ///
    /// While other threads use a `SyncPool`, this is what was seen in passing.
    #[must_use]
    pub fn len(&self) -> usize {
        self.source.handle().map_or(0, Handle::len)
    }

    /// Whether no value lives in the pool, as [`len`](Self::len) says.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many values fit without another request for memory, live ones included.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.source.handle().map_or(0, Handle::capacity)
    }

    /// The pool's numbers, added up now: one step for each 64 chunks.
    ///
    /// While other threads use a `SyncPool`, they are what was seen in passing, with never more live chunks than there are.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.source.handle().map_or_else(Stats::default, Handle::stats)
    }

    /// Whether both are handles to one pool.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        match (self.source.handle(), other.source.handle()) {
            (Some(handle), Some(other)) => handle.ptr_eq(other),
            // A pool without a handle has no clone.
            _ => ptr::eq(self, other),
        }
    }
}

/// Whoever panics in the middle of a call finds the pool whole: no borrow is held and no step half done while
/// foreign code runs.
impl<T, S> UnwindSafe for Pool<T, S> {}
impl<T, S> RefUnwindSafe for Pool<T, S> {}

impl<T, S: Source + From<S::Handle>> Clone for Pool<T, S> {
    /// Another handle to the same pool.
    fn clone(&self) -> Self {
        let layout = Layout::new::<T>();
        match self.source.handle_or_build(layout) {
            Ok(handle) => Self::from_source(handle.clone().into()),
            Err(error) => fail_to_build(error, layout),
        }
    }
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, S: Source> fmt::Debug for Pool<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("stats", &self.stats()).finish()
    }
}

/// The iterator of [`alloc_iter`](Pool::alloc_iter).
#[must_use = "iterators are lazy: nothing is allocated until it is iterated"]
pub struct AllocIter<'p, T, I, S = PoolHandle> {
    pool: &'p Pool<T, S>,
    values: I,
}

impl<T, I: Iterator<Item = T>, S: Source> Iterator for AllocIter<'_, T, I, S> {
    type Item = PoolBox<T, S::Handle>;

    #[inline]
    #[cfg_attr(feature = "tracking", track_caller)]
    fn next(&mut self) -> Option<PoolBox<T, S::Handle>> {
        let value = self.values.next()?;
        Some(self.pool.alloc(value))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.values.size_hint()
    }
}

impl<T, I: DoubleEndedIterator<Item = T>, S: Source> DoubleEndedIterator for AllocIter<'_, T, I, S> {
    #[inline]
    #[cfg_attr(feature = "tracking", track_caller)]
    fn next_back(&mut self) -> Option<PoolBox<T, S::Handle>> {
        let value = self.values.next_back()?;
        Some(self.pool.alloc(value))
    }
}

impl<T, I: ExactSizeIterator<Item = T>, S: Source> ExactSizeIterator for AllocIter<'_, T, I, S> {}
impl<T, I: FusedIterator<Item = T>, S: Source> FusedIterator for AllocIter<'_, T, I, S> {}

impl<T, I: fmt::Debug, S: Source> fmt::Debug for AllocIter<'_, T, I, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AllocIter").field("values", &self.values).finish_non_exhaustive()
    }
}
