//! `Pool<T>`: where values of one type live.

use core::alloc::Layout;
use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::panic::{RefUnwindSafe, UnwindSafe};

use goo_pool_core::{AllocError, Geometry, Global, PoolHandle, Stats};

use crate::error::{TryAllocError, fail, fail_to_build};
use crate::{PoolBox, PoolBuilder};

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
pub struct Pool<T> {
    /// Invariant: a pool for `Layout::new::<T>()`, without a hint of chunks per block.
    handle: PoolHandle,
    /// The pool hands out `T`s and never reads or drops one, so it is covariant and needs no drop check.
    values: PhantomData<fn() -> T>,
}

/// A type's geometry, computed by the compiler.
struct GeometryOf<T>(PhantomData<T>);

impl<T> GeometryOf<T> {
    const VALUE: Geometry = match Geometry::new(Layout::new::<T>()) {
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
    pub fn builder() -> PoolBuilder<T, Global> {
        PoolBuilder::new()
    }

    /// Takes over a handle to a pool for `Layout::new::<T>()`.
    pub(crate) const fn from_handle(handle: PoolHandle) -> Self {
        Self { handle, values: PhantomData }
    }

    /// Moves `value` into the pool.
    ///
    /// # Panics
    ///
    /// If the pool's limit is reached. Without memory it fails as `Box::new` does.
    #[inline]
    #[must_use = "the value is dropped at once if its box is not used"]
    pub fn alloc(&self, value: T) -> PoolBox<T> {
        PoolBox::write(self.alloc_uninit(), value)
    }

    /// Moves `value` into the pool, or gives it back.
    ///
    /// # Errors
    ///
    /// [`TryAllocError`], which holds the value, if the limit is reached or there is no memory.
    #[inline]
    pub fn try_alloc(&self, value: T) -> Result<PoolBox<T>, TryAllocError<T>> {
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
    pub fn alloc_with(&self, make: impl FnOnce() -> T) -> PoolBox<T> {
        let slot = self.alloc_uninit();
        PoolBox::write(slot, make())
    }

    /// As [`alloc_with`](Self::alloc_with), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if the limit is reached or there is no memory; `make` is not called then.
    #[inline]
    pub fn try_alloc_with(&self, make: impl FnOnce() -> T) -> Result<PoolBox<T>, AllocError> {
        let slot = self.try_alloc_uninit()?;
        Ok(PoolBox::write(slot, make()))
    }

    /// A default value in the pool.
    ///
    /// # Panics
    ///
    /// As [`alloc`](Self::alloc).
    #[inline]
    #[must_use = "the value is dropped at once if its box is not used"]
    pub fn alloc_default(&self) -> PoolBox<T>
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
    pub fn alloc_uninit(&self) -> PoolBox<MaybeUninit<T>> {
        // SAFETY: the pool is for the layout that this geometry is made from (`handle`).
        let chunk = unsafe { self.handle.allocate_in_or(const { &GeometryOf::<T>::VALUE }, fail) };
        // SAFETY: a chunk of a pool for this layout; `MaybeUninit` needs no value.
        unsafe { PoolBox::from_non_null(chunk.cast()) }
    }

    /// As [`alloc_uninit`](Self::alloc_uninit), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if the limit is reached or there is no memory.
    #[inline]
    pub fn try_alloc_uninit(&self) -> Result<PoolBox<MaybeUninit<T>>, AllocError> {
        // SAFETY: as in `alloc_uninit`.
        let chunk = unsafe { self.handle.allocate_in(const { &GeometryOf::<T>::VALUE }) }?;
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
    pub fn alloc_zeroed(&self) -> PoolBox<MaybeUninit<T>> {
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
    pub fn alloc_iter<I: IntoIterator<Item = T>>(&self, iter: I) -> AllocIter<'_, T, I::IntoIter> {
        let values = iter.into_iter();
        // A hint may be wrong or endless: what cannot be had at once fails when it is needed, if ever.
        let _ = self.handle.prepare(values.size_hint().0);
        AllocIter { pool: self, values }
    }

    /// Makes room for `additional` more values than are live now, in one piece if something is missing. From
    /// then on at least so much room is kept, until [`shrink_to_fit`](Self::shrink_to_fit). One step for each 64 chunks of the
    /// capacity.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if that is beyond the limit, the address space or the parent's memory; the pool stays
    /// as it was.
    pub fn reserve(&self, additional: usize) -> Result<(), AllocError> {
        self.handle.reserve(additional)
    }

    /// Gives all memory back that holds no value now.
    pub fn shrink_to_fit(&self) {
        self.handle.shrink_to_fit();
    }

    /// How many values live in the pool, forgotten boxes included. One step for each 64 chunks of the
    /// capacity.
    #[must_use]
    pub fn len(&self) -> usize {
        self.handle.len()
    }

    /// Whether no value lives in the pool.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.handle.is_empty()
    }

    /// How many values fit without another request for memory, live ones included.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.handle.capacity()
    }

    /// The pool's numbers, added up now: one step for each 64 chunks.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.handle.stats()
    }

    /// Whether both are handles to one pool.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.handle.ptr_eq(&other.handle)
    }
}

/// Whoever panics in the middle of a call finds the pool whole: no borrow is held and no step half done while
/// foreign code runs.
impl<T> UnwindSafe for Pool<T> {}
impl<T> RefUnwindSafe for Pool<T> {}

impl<T> Clone for Pool<T> {
    /// Another handle to the same pool.
    fn clone(&self) -> Self {
        Self::from_handle(self.handle.clone())
    }
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("stats", &self.stats()).finish()
    }
}

/// The iterator of [`Pool::alloc_iter`].
#[must_use = "iterators are lazy: nothing is allocated until it is iterated"]
pub struct AllocIter<'p, T, I> {
    pool: &'p Pool<T>,
    values: I,
}

impl<T, I: Iterator<Item = T>> Iterator for AllocIter<'_, T, I> {
    type Item = PoolBox<T>;

    #[inline]
    fn next(&mut self) -> Option<PoolBox<T>> {
        self.values.next().map(|value| self.pool.alloc(value))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.values.size_hint()
    }
}

impl<T, I: DoubleEndedIterator<Item = T>> DoubleEndedIterator for AllocIter<'_, T, I> {
    #[inline]
    fn next_back(&mut self) -> Option<PoolBox<T>> {
        self.values.next_back().map(|value| self.pool.alloc(value))
    }
}

impl<T, I: ExactSizeIterator<Item = T>> ExactSizeIterator for AllocIter<'_, T, I> {}
impl<T, I: FusedIterator<Item = T>> FusedIterator for AllocIter<'_, T, I> {}

impl<T, I: fmt::Debug> fmt::Debug for AllocIter<'_, T, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AllocIter").field("values", &self.values).finish_non_exhaustive()
    }
}
