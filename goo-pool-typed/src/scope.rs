//! The scope: values that live in a pool's blocks and all go at once.

mod filled;
mod rows;

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::forget;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;
use core::slice;

use goo_pool_core::{AllocError, PoolHandle};

use crate::error::{TryAllocError, fail};
use crate::generic::{AnyThread, Kind, Pool, Source};
use crate::pool::GeometryOf;
use rows::Rows;

/// An arena on a pool's blocks: hands out `&mut T`, and drops all values at once.
///
/// Made by [`Pool::scope`]. The values live until [`reset`](Self::reset) or the end of the scope, which runs every
/// destructor once, in the order of allocation. If one panics, the rest still run, as with a `Vec`.
///
/// # Cost
///
/// A value costs a pointer that moves and one comparison; there is nothing to do for it alone when it goes. The scope
/// takes whole blocks from the pool, which then count as live there (a block is 64 KiB for most types; in a new pool the
/// first are smaller). `reset` keeps them. At its end the scope gives them back, in a step for each 64 chunks.
///
/// A scope has a handle to its pool. One that is forgotten keeps its values, its blocks and the pool for ever.
///
/// # Values that refer to each other
///
/// A value may refer to others of its scope, as long as dropping it does not look at them:
///
/// ```
/// use goo_pool_typed::Pool;
/// use std::cell::Cell;
///
/// struct Node<'s> {
///     name: String,
///     next: Cell<Option<&'s Node<'s>>>,
/// }
///
/// let pool = Pool::new();
/// let scope = pool.scope();
/// let one = scope.alloc(Node { name: "one".into(), next: Cell::new(None) });
/// let two = scope.alloc(Node { name: "two".into(), next: Cell::new(Some(one)) });
/// one.next.set(Some(two));
/// assert_eq!(one.next.get().unwrap().next.get().unwrap().name, "one");
/// ```
///
/// A destructor that could look at a neighbour that is dropped already does not compile:
///
/// ```compile_fail,E0597
/// # use goo_pool_typed::Pool;
/// # use std::cell::Cell;
/// # struct Node<'s> {
/// #     name: String,
/// #     next: Cell<Option<&'s Node<'s>>>,
/// # }
/// impl Drop for Node<'_> {
///     fn drop(&mut self) {
///         println!("{} goes before {:?}", self.name, self.next.get().map(|next| &next.name));
///     }
/// }
///
/// let pool = Pool::new();
/// let scope = pool.scope();
/// let one = scope.alloc(Node { name: "one".into(), next: Cell::new(None) });
/// let two = scope.alloc(Node { name: "two".into(), next: Cell::new(Some(one)) });
/// one.next.set(Some(two));
/// ```
///
/// # Values that stay longer
///
/// What should outlive the scope is moved out of it, into a box of the same pool or elsewhere:
///
/// ```
/// use goo_pool_typed::{Pool, PoolBox};
///
/// let pool = Pool::new();
/// let longest: PoolBox<String> = {
///     let scope = pool.scope();
///     let lines = scope.alloc_iter(["short", "longest", "long"].map(String::from));
///     let longest = lines.max_by_key(|line| line.len()).unwrap();
///     pool.alloc(std::mem::take(longest))
/// };
/// assert_eq!((longest.as_str(), pool.len()), ("longest", 1));
/// ```
///
/// A scope never gives a `Pin`: when it is reset, the memory of a value is used again, though somebody may have forgotten
/// what kept it alive. [`PoolBox::into_pin`](crate::generic::PoolBox::into_pin) does.
///
/// # Threads
///
/// The scope of a `SyncPool` is a [`SyncScope`](crate::SyncScope).
pub struct Scope<T, H: Kind = PoolHandle> {
    /// Drops the values, and does not name their type: see [`Rows`].
    rows: Rows<H>,
    /// What makes that sound: for the drop check, the scope owns values, so what their destructors may look at has to
    /// outlive it. And since it takes values in through `&self`, it is invariant.
    values: PhantomData<Cell<T>>,
}

/// The scope of a [`SyncPool`](crate::SyncPool): one thread at a time allocates in it, and it goes to another together with
/// its values, if they may.
///
/// Threads that allocate at the same time take a scope each; a value then costs what it costs in any [`Scope`]. Only
/// taking a block and giving it back take the pool's lock. A scope that several threads fill at once would need a locked
/// instruction for each value, which is as much as a [`SyncPoolBox`](crate::SyncPoolBox) costs that is freed elsewhere.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::{SyncPool, SyncScope};
/// use std::thread;
///
/// let pool = SyncPool::new();
/// let parse = |text: &'static str| -> SyncScope<&str> {
///     let scope = pool.scope();
///     text.split(' ').for_each(|word| *scope.alloc("") = word);
///     scope
/// };
/// let mut words = thread::scope(|threads| threads.spawn(|| parse("made over there")).join().unwrap());
/// assert!(words.iter_mut().map(|word| &*word).eq(&["made", "over", "there"]));
/// ```
#[cfg(feature = "std")]
pub type SyncScope<T> = Scope<T, goo_pool_core::SyncPoolHandle>;

// SAFETY: the values go with the scope, and may (`T: Send`); nobody else has a reference to one while it moves. Its rows go
// back, and its handle is used, on whatever thread it is then: `AnyThread`.
unsafe impl<T: Send, H: Kind + AnyThread> Send for Scope<T, H> {}

/// Whoever panics in the middle of a call finds the scope whole; its values are as safe as they are in a `Vec`.
impl<T: UnwindSafe, H: Kind> UnwindSafe for Scope<T, H> {}
impl<T: RefUnwindSafe, H: Kind> RefUnwindSafe for Scope<T, H> {}

/// The values are elsewhere, and never pinned.
impl<T, H: Kind> Unpin for Scope<T, H> {}

impl<T, S: Source> Pool<T, S> {
    /// An arena on this pool's blocks: its values are dropped together.
    ///
    /// It takes no memory before its first value. Any number of scopes may be there at a time, one within the other
    /// or side by side.
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
    /// let pool = Pool::new();
    /// let mut scope = pool.scope();
    /// for frame in 0..3 {
    ///     let first = scope.alloc((frame, 1.0));
    ///     let second = scope.alloc((frame, 2.0));
    ///     std::mem::swap(first, second);
    ///     scope.reset();
    /// }
    /// ```
    #[must_use]
    pub fn scope(&self) -> Scope<T, S::Handle> {
        self.scope_of()
    }

    /// A scope of values of another type of the same size and alignment; another layout does not compile.
    ///
    /// It is for values that refer to each other. Their type names the scope that they refer into, so it is another type for
    /// each scope, while the pool is of one:
    ///
    /// ```
    /// use goo_pool_typed::{Pool, Scope};
    /// use std::cell::Cell;
    ///
    /// struct Node<'s> {
    ///     next: Cell<Option<&'s Node<'s>>>,
    /// }
    ///
    /// let pool = Pool::<Node<'static>>::new();
    /// for _request in 0..3 {
    ///     let scope: Scope<Node<'_>> = pool.scope_of();
    ///     let one = scope.alloc(Node { next: Cell::new(None) });
    ///     let two = scope.alloc(Node { next: Cell::new(Some(one)) });
    ///     one.next.set(Some(two));
    /// }
    /// ```
    ///
    /// ```compile_fail,E0080
    /// # use goo_pool_typed::{Pool, Scope};
    /// let scope: Scope<[u16; 2]> = Pool::<u32>::new().scope_of();
    /// ```
    ///
    /// # Panics
    ///
    /// As [`scope`](Self::scope).
    #[must_use]
    pub fn scope_of<U>(&self) -> Scope<U, S::Handle> {
        const {
            let same = size_of::<U>() == size_of::<T>() && align_of::<U>() == align_of::<T>();
            assert!(same, "the values of a scope have the layout of the pool's");
        }
        match self.handle_or_build() {
            Ok(handle) => Scope { rows: Rows::new::<U>(handle.clone()), values: PhantomData },
            Err(error) => fail(error),
        }
    }
}

impl<T, H: Kind> Scope<T, H> {
    /// Bytes from one value to the next, as the pool has it.
    const STRIDE: usize = GeometryOf::<T, H>::VALUE.stride();

    /// Moves `value` into the scope.
    ///
    /// # Panics
    ///
    /// If the pool has no wholly free block left within its limit. Without memory it fails as `Box::new` does.
    #[inline]
    pub fn alloc(&self, value: T) -> &mut T {
        self.place().write(value)
    }

    /// Moves `value` into the scope, or gives it back.
    ///
    /// # Errors
    ///
    /// [`TryAllocError`], which holds the value, if the pool has no wholly free block left within its limit, or there
    /// is no memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::Pool;
    ///
    /// # fn main() -> Result<(), goo_pool_typed::BuildError> {
    /// let pool = Pool::builder().max_chunks(1).build()?;
    /// let scope = pool.scope();
    /// let first = scope.alloc(String::from("first"));
    /// let refused = scope.try_alloc(String::from("second")).unwrap_err();
    /// assert_eq!((first.as_str(), refused.into_value().as_str()), ("first", "second"));
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn try_alloc(&self, value: T) -> Result<&mut T, TryAllocError<T>> {
        match self.try_place() {
            Ok(place) => Ok(place.write(value)),
            Err(error) => Err(TryAllocError::new(value, error)),
        }
    }

    /// Calls `make` and puts its value into the scope, at a place that is reserved before. `make` may use the scope, and
    /// may panic.
    ///
    /// # Panics
    ///
    /// As [`alloc`](Self::alloc), before `make` is called.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::Pool;
    ///
    /// struct Tree<'s> { left: Option<&'s Tree<'s>>, right: Option<&'s Tree<'s>> }
    ///
    /// let pool = Pool::new();
    /// let scope = pool.scope();
    /// let leaf = || Some(&*scope.alloc(Tree { left: None, right: None }));
    /// let root = scope.alloc_with(|| Tree { left: leaf(), right: leaf() });
    /// assert!(root.left.is_some_and(|left| left.right.is_none()));
    /// ```
    #[inline]
    pub fn alloc_with(&self, make: impl FnOnce() -> T) -> &mut T {
        let place = self.place();
        place.write(make())
    }

    /// As [`alloc_with`](Self::alloc_with), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if the pool has no wholly free block left within its limit, or there is no memory. `make` is not called
    /// then.
    #[inline]
    pub fn try_alloc_with(&self, make: impl FnOnce() -> T) -> Result<&mut T, AllocError> {
        let place = self.try_place()?;
        Ok(place.write(make()))
    }

    /// A default value in the scope.
    ///
    /// # Panics
    ///
    /// As [`alloc`](Self::alloc).
    #[inline]
    pub fn alloc_default(&self) -> &mut T
    where
        T: Default,
    {
        self.alloc_with(T::default)
    }

    /// Moves all values of `iter` into the scope, one by one as the result is iterated.
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
    /// let scope = pool.scope();
    /// let mut squares: Vec<&mut u32> = scope.alloc_iter((0..100).map(|n| n * n)).collect();
    /// *squares[7] += 1;
    /// assert_eq!(*squares[7], 50);
    /// ```
    pub fn alloc_iter<I: IntoIterator<Item = T>>(&self, iter: I) -> impl Iterator<Item = &mut T> + use<'_, T, H, I> {
        iter.into_iter().map(|value| self.alloc(value))
    }

    /// All values, in the order of allocation.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::Pool;
    ///
    /// let pool = Pool::new();
    /// let mut scope = pool.scope();
    /// scope.alloc_iter(0..10).for_each(drop);
    /// scope.iter_mut().for_each(|number| *number *= 2);
    /// assert_eq!(scope.iter_mut().map(|number| *number).sum::<i32>(), 90);
    /// ```
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.rows.runs().flat_map(|run| {
            // SAFETY: so many values lie there side by side, and nobody else has a reference to one: all that were
            // given out borrow the scope, which is borrowed mutably.
            unsafe { slice::from_raw_parts_mut(run.first.cast::<T>().as_ptr(), run.values) }
        })
    }

    /// How many values there are. One step for each block.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops all values and keeps the memory for new ones. If the values need no drop, that takes no time.
    ///
    /// # Panics
    ///
    /// If a destructor does, when all others have run. There is no value then, as always after this.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::Pool;
    ///
    /// let pool = Pool::new();
    /// let mut scope = pool.scope();
    /// scope.alloc(String::from("goes with the reset"));
    /// scope.reset();
    /// assert!(scope.is_empty());
    /// let capacity = pool.capacity();
    /// scope.alloc(String::from("has the same place"));
    /// assert_eq!(pool.capacity(), capacity);
    /// ```
    pub fn reset(&mut self) {
        self.rows.drop_values();
        self.rows.rewind();
    }

    #[inline(always)]
    fn place(&self) -> Place<'_, T, H> {
        let chunk = match self.rows.bump(Self::STRIDE) {
            Some(chunk) => chunk,
            None => self.rows.bump_slow_or_fail(),
        };
        Place { chunk: chunk.cast(), rows: &self.rows }
    }

    #[inline(always)]
    fn try_place(&self) -> Result<Place<'_, T, H>, AllocError> {
        let chunk = match self.rows.bump(Self::STRIDE) {
            Some(chunk) => chunk,
            None => self.rows.bump_slow()?,
        };
        Ok(Place { chunk: chunk.cast(), rows: &self.rows })
    }
}

/// A place for one value. If none comes, because what would make it panics, dropping this gives the place up.
struct Place<'s, T, H: Kind> {
    /// Invariant: what [`Rows::bump`] gave. Nobody else has it.
    chunk: NonNull<T>,
    rows: &'s Rows<H>,
}

impl<'s, T, H: Kind> Place<'s, T, H> {
    #[inline(always)]
    fn write(self, value: T) -> &'s mut T {
        let mut chunk = self.chunk;
        forget(self);
        // SAFETY: it is for a `T`, and ours alone (`chunk`).
        unsafe { chunk.write(value) };
        // SAFETY: just written; it stays until the scope ends or is borrowed mutably, which nobody can do while the
        // result is used.
        unsafe { chunk.as_mut() }
    }
}

impl<T, H: Kind> Drop for Place<'_, T, H> {
    #[cold]
    fn drop(&mut self) {
        self.rows.vacate(self.chunk.cast());
    }
}

impl<T, H: Kind> fmt::Debug for Scope<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("len", &self.len()).finish_non_exhaustive()
    }
}
