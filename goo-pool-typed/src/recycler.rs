//! The recycler: values that are expensive to make stay alive for the next one who needs one.

use core::fmt;
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, forget, take};
use core::ops::{Deref, DerefMut};

use goo_pool_core::{AllocError, PoolHandle};

use crate::error::fail;
use crate::generic::{Kind, Pool, PoolBox, Source};
use crate::shelf::{RecyclerStats, Shelf};

/// So many values are kept unless [`Recycler::keep`] says otherwise.
const KEEP: usize = 32;

/// Lends values of a pool, and keeps those that come back for the next one who asks.
///
/// Made by [`Pool::recycler`]. It is for values that are worth more than their memory: a `Vec`'s capacity, a parser's
/// tables, a hasher's state. [`take`](Self::take) gives a guard that dereferences to the value; when the guard is dropped, the
/// value is reset and kept. At most as many as [`keep`](Self::keep) says are kept; what comes back beyond that is dropped.
///
/// The guard borrows the recycler. One that does not, to be stored or sent, has an `Rc` or an `Arc` of it:
///
/// ```
/// use goo_pool_typed::{Pool, Recycled, Recycler};
/// use std::rc::Rc;
///
/// struct Request {
///     body: Recycled<Rc<Recycler<Vec<u8>>>>,
/// }
///
/// let buffers = Rc::new(Pool::new().recycler(Vec::clear));
/// let mut request = Request { body: Recycled::take(buffers.clone()) };
/// request.body.extend_from_slice(b"hello");
/// drop(request);
/// assert_eq!(buffers.stats().kept, 1);
/// ```
///
/// The recycler of a `SyncPool` is a [`SyncRecycler`](crate::SyncRecycler).
pub struct Recycler<T, H: Kind = PoolHandle> {
    pool: Pool<T, H::Source>,
    reset: fn(&mut T),
    shelf: H::Shelf<PoolBox<T, H>>,
}

/// The recycler of a [`SyncPool`](crate::SyncPool), for many threads: each may take, and each may give back what another
/// took.
///
/// What is kept is spread over as many places as the machine runs threads at a time, each under a lock. A thread looks into its
/// own place first, and into the others' only if that is empty (or, when a value comes back, full). So threads seldom
/// meet, and a thread that only takes what another gives back finds it all the same. To take a value and to give it back
/// costs an uncontended lock each.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::{Recycled, SyncPool, SyncRecycler};
/// use std::sync::{Arc, mpsc};
/// use std::thread;
///
/// let lines: Arc<SyncRecycler<String>> = Arc::new(SyncPool::new().recycler(String::clear));
/// let (sender, receiver) = mpsc::sync_channel::<Recycled<Arc<SyncRecycler<String>>>>(4);
/// let reader = thread::spawn({
///     let lines = lines.clone();
///     move || {
///         for n in 0..1000 {
///             let mut line = Recycled::take(lines.clone());
///             line.push_str(&n.to_string());
///             sender.send(line).unwrap();
///         }
///     }
/// });
/// assert_eq!(receiver.iter().map(|line| line.len()).sum::<usize>(), 10 + 2 * 90 + 3 * 900);
/// reader.join().unwrap();
/// let stats = lines.stats();
/// assert_eq!((stats.made + stats.reused, stats.dropped), (1000, 0));
/// ```
#[cfg(feature = "std")]
pub type SyncRecycler<T> = Recycler<T, goo_pool_core::SyncPoolHandle>;

impl<T, S: Source> Pool<T, S> {
    /// Lends values that are kept alive when they come back, after a call of `reset`.
    ///
    /// `reset` sees each value as its last user left it, perhaps in the middle of a panic. What it needs to know is in the
    /// value: it is a function, or a closure that captures nothing. If it panics, the value is dropped.
    ///
    /// # Panics
    ///
    /// Never in a `Pool`. A `SyncPool` that was not used before makes its own record now, and fails as `Box::new` does if
    /// there is no memory for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::Pool;
    ///
    /// let buffers = Pool::new().recycler(|buffer: &mut Vec<u8>| {
    ///     buffer.clear();
    ///     // What was needed once may be too much to keep.
    ///     buffer.shrink_to(1 << 16);
    /// });
    /// for line in ["one", "two"] {
    ///     let mut buffer = buffers.take();
    ///     buffer.extend_from_slice(line.as_bytes());
    /// }
    /// assert_eq!((buffers.stats().made, buffers.stats().reused), (1, 1));
    /// ```
    #[must_use]
    pub fn recycler(&self, reset: fn(&mut T)) -> Recycler<T, S::Handle> {
        match self.handle_or_build() {
            Ok(handle) => Recycler { pool: Pool::from_source(handle.clone().into()), reset, shelf: Shelf::new(KEEP) },
            Err(error) => fail(error),
        }
    }
}

impl<T, H: Kind> Recycler<T, H> {
    /// Keeps at most so many values, instead of 32. Set it first: what is kept now is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::Pool;
    ///
    /// let buffers = Pool::<Vec<u8>>::new().recycler(Vec::clear).keep(1);
    /// let both = (buffers.take(), buffers.take());
    /// drop(both);
    /// assert_eq!((buffers.stats().kept, buffers.stats().dropped), (1, 1));
    /// ```
    #[must_use]
    pub fn keep(self, values: usize) -> Self {
        Self { shelf: Shelf::new(values), ..self }
    }

    /// A kept value, or a new default one.
    ///
    /// # Panics
    ///
    /// If none is kept and the pool's limit is reached. Without memory it fails as `Box::new` does.
    #[inline]
    pub fn take(&self) -> Recycled<&Self>
    where
        T: Default,
    {
        Recycled::take(self)
    }

    /// A kept value, or what `make` makes. `make` may use the recycler, and may panic.
    ///
    /// # Panics
    ///
    /// As [`take`](Self::take), before `make` is called.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::Pool;
    ///
    /// let buffers = Pool::new().recycler(Vec::clear);
    /// let mut buffer = buffers.take_or_else(|| Vec::with_capacity(4096));
    /// buffer.push(1_u8);
    /// ```
    #[inline]
    pub fn take_or_else(&self, make: impl FnOnce() -> T) -> Recycled<&Self> {
        Recycled::take_or_else(self, make)
    }

    /// As [`take_or_else`](Self::take_or_else), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if none is kept, and the pool's limit is reached or there is no memory. `make` is not called then.
    #[inline]
    pub fn try_take_or_else(&self, make: impl FnOnce() -> T) -> Result<Recycled<&Self>, AllocError> {
        Recycled::try_take_or_else(self, make)
    }

    /// Drops all values that are kept now.
    pub fn clear(&self) {
        // Dropped with no borrow and no lock.
        self.shelf.with_each(|kept| take(&mut kept.boxes)).for_each(drop);
    }

    /// The recycler's numbers. What it keeps and what it lends live in its [`pool`](Self::pool), whose `len` and `stats` count
    /// both.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::Pool;
    ///
    /// let buffers = Pool::<Vec<u8>>::new().recycler(Vec::clear);
    /// let two = (buffers.take(), buffers.take());
    /// drop(two);
    /// let one = buffers.take();
    /// let stats = buffers.stats();
    /// assert_eq!((stats.made, stats.reused, stats.kept, stats.dropped), (2, 1, 1, 0));
    /// assert_eq!(buffers.pool().len(), 2);
    /// # drop(one);
    /// ```
    #[must_use]
    pub fn stats(&self) -> RecyclerStats {
        self.shelf.with_each(|kept| kept.stats()).fold(RecyclerStats::default(), RecyclerStats::plus)
    }

    /// The pool that the values live in.
    #[must_use]
    pub fn pool(&self) -> &Pool<T, H::Source> {
        &self.pool
    }
}

impl<T, H: Kind> fmt::Debug for Recycler<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recycler").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// Lends a value of a [`Recycler`]; dropping it resets the value and gives it back.
///
/// `R` says how it reaches the recycler: `&Recycler<T>`, `Rc<Recycler<T>>`, `Arc<SyncRecycler<T>>`. With the pointer to the
/// value, that makes two words. A guard that is forgotten keeps its value for ever, and whatever `R` holds.
pub struct Recycled<R: Deref<Target: AnyRecycler>> {
    /// Taken out when the guard is dropped.
    boxed: ManuallyDrop<BoxOf<R::Target>>,
    recycler: R,
}

type BoxOf<A> = PoolBox<<A as AnyRecycler>::Value, <A as AnyRecycler>::Handle>;

impl<R: Deref<Target: AnyRecycler>> Recycled<R> {
    /// A kept value, or a new default one: [`Recycler::take`], with a guard that has its own way to the recycler.
    ///
    /// # Panics
    ///
    /// As there.
    #[inline]
    pub fn take(recycler: R) -> Self
    where
        <R::Target as AnyRecycler>::Value: Default,
    {
        Self::take_or_else(recycler, Default::default)
    }

    /// A kept value, or what `make` makes, as [`Recycler::take_or_else`].
    ///
    /// # Panics
    ///
    /// As there.
    #[inline]
    pub fn take_or_else(recycler: R, make: impl FnOnce() -> <R::Target as AnyRecycler>::Value) -> Self {
        match Self::try_take_or_else(recycler, make) {
            Ok(recycled) => recycled,
            Err(error) => fail(error),
        }
    }

    /// A kept value, or what `make` makes, as [`Recycler::try_take_or_else`].
    ///
    /// # Errors
    ///
    /// As there.
    #[inline]
    pub fn try_take_or_else(
        recycler: R,
        make: impl FnOnce() -> <R::Target as AnyRecycler>::Value,
    ) -> Result<Self, AllocError> {
        let boxed = recycler.take_box(make)?;
        Ok(Self { boxed: ManuallyDrop::new(boxed), recycler })
    }

    /// The value, out of the pool. The recycler does not get it back.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{Pool, Recycled};
    ///
    /// let buffers = Pool::new().recycler(String::clear);
    /// let mut buffer = buffers.take();
    /// buffer.push_str("mine now");
    /// let text: String = Recycled::into_inner(buffer);
    /// assert_eq!((text.as_str(), buffers.stats().kept), ("mine now", 0));
    /// ```
    #[must_use]
    pub fn into_inner(recycled: Self) -> <R::Target as AnyRecycler>::Value {
        PoolBox::into_inner(Self::into_box(recycled))
    }

    /// The value, where it is, as an ordinary box. The recycler does not get it back.
    #[must_use]
    pub fn into_box(mut recycled: Self) -> BoxOf<R::Target> {
        // SAFETY: taken once: the guard is not dropped, but for its other field.
        let boxed = unsafe { ManuallyDrop::take(&mut recycled.boxed) };
        let recycled = ManuallyDrop::new(recycled);
        // SAFETY: the field is moved out of what is not used any more.
        drop(unsafe { core::ptr::read(&raw const recycled.recycler) });
        boxed
    }

    /// The recycler that the value goes back to.
    #[must_use]
    pub fn recycler(recycled: &Self) -> &R {
        &recycled.recycler
    }
}

impl<R: Deref<Target: AnyRecycler>> Drop for Recycled<R> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: taken once: the guard is being dropped.
        let boxed = unsafe { ManuallyDrop::take(&mut self.boxed) };
        self.recycler.give_back(boxed);
    }
}

impl<R: Deref<Target: AnyRecycler>> Deref for Recycled<R> {
    type Target = <R::Target as AnyRecycler>::Value;

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.boxed
    }
}

impl<R: Deref<Target: AnyRecycler>> DerefMut for Recycled<R> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.boxed
    }
}

impl<R: Deref<Target: AnyRecycler<Value: fmt::Debug>>> fmt::Debug for Recycled<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<R: Deref<Target: AnyRecycler<Value: fmt::Display>>> fmt::Display for Recycled<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A [`Recycler`] of whatever values and kind. The trait is sealed.
pub trait AnyRecycler: Sealed {
    /// What it lends.
    type Value;
    /// The kind of its pool.
    type Handle: Kind;

    #[doc(hidden)]
    fn take_box(&self, make: impl FnOnce() -> Self::Value) -> Result<PoolBox<Self::Value, Self::Handle>, AllocError>;

    #[doc(hidden)]
    fn give_back(&self, boxed: PoolBox<Self::Value, Self::Handle>);
}

pub trait Sealed {}

impl<T, H: Kind> Sealed for Recycler<T, H> {}

impl<T, H: Kind> AnyRecycler for Recycler<T, H> {
    type Value = T;
    type Handle = H;

    #[inline]
    fn take_box(&self, make: impl FnOnce() -> T) -> Result<PoolBox<T, H>, AllocError> {
        if let Some(kept) = self.shelf.take() {
            return Ok(kept);
        }
        let made = self.pool.try_alloc_with(make)?;
        self.shelf.with_mine(|kept| kept.counted.made += 1);
        Ok(made)
    }

    #[inline]
    fn give_back(&self, mut boxed: PoolBox<T, H>) {
        /// Counts a value that is not kept, because its `reset` panics or there is no room.
        struct CountAsDropped<'s, B, S: Shelf<B>>(&'s S, PhantomData<B>);

        impl<B, S: Shelf<B>> Drop for CountAsDropped<'_, B, S> {
            fn drop(&mut self) {
                self.0.with_mine(|kept| kept.counted.dropped += 1);
            }
        }

        let count = CountAsDropped(&self.shelf, PhantomData);
        (self.reset)(&mut boxed);
        match self.shelf.put(boxed) {
            None => forget(count),
            // With no borrow and no lock: its destructor may use the recycler.
            Some(boxed) => drop(boxed),
        }
    }
}
