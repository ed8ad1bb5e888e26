//! The scope: values that live in a pool's blocks and all go at once.

use core::alloc::Layout;
use core::cell::{Cell, RefCell};
use core::fmt;
use core::iter;
use core::marker::PhantomData;
use core::mem::{forget, needs_drop};
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::{self, NonNull};
use core::slice;

use alloc::vec::Vec;
use goo_pool_core::{AllocError, PoolHandle, Row};

use crate::error::{TryAllocError, fail};
use crate::generic::{AnyThread, Kind, Pool, Source};
use crate::pool::GeometryOf;

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

#[expect(clippy::mut_from_ref, reason = "each is to a value of its own")]
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
        let chunk = match self.rows.bump(Self::STRIDE) {
            Some(chunk) => chunk,
            None => self.rows.bump_slow_or_fail(),
        };
        // SAFETY: the chunk was just taken.
        unsafe { self.write(chunk, value) }
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
        let chunk = match self.rows.bump(Self::STRIDE) {
            Some(chunk) => chunk,
            None => match self.rows.bump_slow() {
                Ok(chunk) => chunk,
                Err(error) => return Err(TryAllocError::new(value, error)),
            },
        };
        // SAFETY: the chunk was just taken.
        Ok(unsafe { self.write(chunk, value) })
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
        let chunk = match self.rows.bump(Self::STRIDE) {
            Some(chunk) => chunk,
            None => self.rows.bump_slow_or_fail(),
        };
        // SAFETY: the chunk was just taken.
        unsafe { self.write_with(chunk, make) }
    }

    /// As [`alloc_with`](Self::alloc_with), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if the pool has no wholly free block left within its limit, or there is no memory. `make` is not called
    /// then.
    #[inline]
    pub fn try_alloc_with(&self, make: impl FnOnce() -> T) -> Result<&mut T, AllocError> {
        let chunk = match self.rows.bump(Self::STRIDE) {
            Some(chunk) => chunk,
            None => self.rows.bump_slow()?,
        };
        // SAFETY: the chunk was just taken.
        Ok(unsafe { self.write_with(chunk, make) })
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

    /// # Safety
    ///
    /// 1. `chunk` is what [`Rows::bump`] gave just now.
    #[inline(always)]
    unsafe fn write_with(&self, chunk: NonNull<u8>, make: impl FnOnce() -> T) -> &mut T {
        let guard = VacateOnUnwind { rows: &self.rows, chunk };
        let value = make();
        forget(guard);
        // SAFETY: (1); `make` cannot reach it.
        unsafe { self.write(chunk, value) }
    }

    /// # Safety
    ///
    /// 1. `chunk` is what [`Rows::bump`] gave, and nobody has used it yet.
    #[inline(always)]
    unsafe fn write(&self, chunk: NonNull<u8>, value: T) -> &mut T {
        let mut place = chunk.cast::<T>();
        // SAFETY: the chunk is for a `T`, and ours alone (1).
        unsafe { place.write(value) };
        // SAFETY: just written; it stays until the scope ends or is borrowed mutably, which nobody can do while the
        // result is used.
        unsafe { place.as_mut() }
    }
}

impl<T, H: Kind> fmt::Debug for Scope<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// The untyped half of a scope: rows of values, filled one after the other.
///
/// It has the destructor, which knows the type of the values by a function's address alone. A destructor of `Scope<T>`
/// itself would make the compiler ask that all that a `T` refers to outlives the scope strictly, other values of the
/// scope included. So the compiler asks that only where a `T` has a destructor which may look (`Scope::values`).
struct Rows<H: Kind> {
    /// Where the next value goes, and the end of the row. Invariant: both in or at the end of the row in use, a multiple
    /// of `stride` apart; equal if no row is in use.
    next: Cell<NonNull<u8>>,
    end: Cell<NonNull<u8>>,
    /// So many rows are in use, the last one up to `next`. Those behind are empty.
    used: Cell<usize>,
    stride: usize,
    /// Drops so many values from there on. `None` if they need none.
    drop_values: Option<unsafe fn(NonNull<u8>, usize)>,
    /// Chunks without a value between those with one: where a `make` panicked that had allocated before.
    holes: RefCell<Vec<NonNull<u8>>>,
    /// Dropped behind the values, also if a destructor panics.
    blocks: Blocks<H>,
}

/// A scope's rows, given back when this is dropped.
struct Blocks<H: Kind> {
    /// Invariant: all from the handle's pool. Never borrowed while code runs that is not ours.
    rows: RefCell<Vec<Filled>>,
    handle: H,
}

/// A row and how many of its chunks are taken: the first ones. (Of the last row in use, `next` alone says so.)
struct Filled {
    row: Row,
    taken: usize,
}

/// Values side by side.
struct Run {
    first: NonNull<u8>,
    values: usize,
}

/// # Safety
///
/// 1. So many values of type `T` lie from `first` on, side by side; nobody uses them any more.
unsafe fn drop_values<T>(first: NonNull<u8>, values: usize) {
    // If a destructor panics, the rest still run.
    // SAFETY: (1).
    unsafe { ptr::slice_from_raw_parts_mut(first.cast::<T>().as_ptr(), values).drop_in_place() };
}

/// Gives up a chunk whose value was not made.
struct VacateOnUnwind<'s, H: Kind> {
    rows: &'s Rows<H>,
    chunk: NonNull<u8>,
}

impl<H: Kind> Drop for VacateOnUnwind<'_, H> {
    #[cold]
    fn drop(&mut self) {
        self.rows.vacate(self.chunk);
    }
}

/// Takes the next step, until there is none. If one panics, the rest are taken while unwinding.
struct Steps<F: FnMut() -> bool>(F);

impl<F: FnMut() -> bool> Steps<F> {
    fn take_all(mut self) {
        while (self.0)() {}
    }
}

impl<F: FnMut() -> bool> Drop for Steps<F> {
    fn drop(&mut self) {
        while (self.0)() {}
    }
}

impl<H: Kind> Rows<H> {
    fn new<T>(handle: H) -> Self {
        Self {
            next: Cell::new(NonNull::dangling()),
            end: Cell::new(NonNull::dangling()),
            used: Cell::new(0),
            stride: Scope::<T, H>::STRIDE,
            drop_values: needs_drop::<T>().then_some(drop_values::<T>),
            holes: RefCell::new(Vec::new()),
            blocks: Blocks { rows: RefCell::new(Vec::new()), handle },
        }
    }

    /// The place for one more value. It counts as there, so the caller writes it, or calls `vacate`.
    #[inline(always)]
    fn bump(&self, stride: usize) -> Option<NonNull<u8>> {
        debug_assert_eq!(stride, self.stride);
        let chunk = self.next.get();
        if chunk == self.end.get() {
            return None;
        }
        // SAFETY: `next` is at least one stride before the end of its row.
        self.next.set(unsafe { chunk.byte_add(stride) });
        Some(chunk)
    }

    #[cold]
    #[inline(never)]
    fn bump_slow(&self) -> Result<NonNull<u8>, AllocError> {
        loop {
            self.open_row()?;
            if let Some(chunk) = self.bump(self.stride) {
                return Ok(chunk);
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn bump_slow_or_fail(&self) -> NonNull<u8> {
        self.bump_slow().unwrap_or_else(|error| fail(error))
    }

    /// No value comes to this place, which `bump` gave.
    fn vacate(&self, chunk: NonNull<u8>) {
        if self.next.get().addr().get() - self.stride == chunk.addr().get() {
            self.next.set(chunk);
        } else {
            self.holes.borrow_mut().push(chunk);
        }
    }

    /// Goes on with an empty row.
    #[cold]
    #[inline(never)]
    fn open_row(&self) -> Result<(), AllocError> {
        if self.used.get() == self.blocks.rows.borrow().len() {
            // The parent may use the scope while it is asked for memory: what was seen before is looked at again.
            self.blocks.add_row()?;
        }
        self.close_row();
        self.enter_row();
        Ok(())
    }

    /// Goes on with the next row, which is there.
    fn enter_row(&self) {
        let row = &self.blocks.rows.borrow()[self.used.get()].row;
        self.used.set(self.used.get() + 1);
        self.next.set(row.first());
        // SAFETY: the row has so many chunks, a stride apart.
        self.end.set(unsafe { row.first().byte_add(row.chunks() * self.stride) });
    }

    /// Writes down how much of the last row in use is taken.
    fn close_row(&self) {
        if let Some(last) = self.used.get().checked_sub(1) {
            let filled = &mut self.blocks.rows.borrow_mut()[last];
            filled.taken = (self.next.get().addr().get() - filled.row.first().addr().get()) / self.stride;
        }
    }

    fn len(&self) -> usize {
        self.close_row();
        let taken: usize = self.blocks.rows.borrow()[..self.used.get()].iter().map(|filled| filled.taken).sum();
        taken - self.holes.borrow().len()
    }

    /// All values, in the order in which they were allocated.
    fn runs(&mut self) -> impl Iterator<Item = Run> {
        self.close_row();
        let (holes, stride) = (&*self.holes.get_mut(), self.stride);
        self.blocks.rows.get_mut()[..self.used.get()].iter().flat_map(move |filled| filled.runs(holes, stride))
    }

    /// Drops all values and keeps the rows. There are no values afterwards, even if a destructor panics.
    fn drop_values(&mut self) {
        // Emptied while it runs: what is left if a destructor panics has no values to be found.
        struct Emptied<'s, H: Kind>(&'s mut Rows<H>);

        impl<H: Kind> Drop for Emptied<'_, H> {
            fn drop(&mut self) {
                self.0.used.set(0);
                self.0.next.set(NonNull::dangling());
                self.0.end.set(NonNull::dangling());
                self.0.holes.get_mut().clear();
            }
        }

        let emptied = Emptied(self);
        let Some(drop_values) = emptied.0.drop_values else { return };
        let mut runs = emptied.0.runs();
        let drop_next = || {
            let Some(run) = runs.next() else { return false };
            // SAFETY: values that nobody uses any more, and that nobody finds again: not here, since `runs` is past them,
            // nor later (`Emptied`).
            unsafe { drop_values(run.first, run.values) };
            true
        };
        Steps(drop_next).take_all();
    }

    /// Begins with the first row again. There are no values.
    fn rewind(&mut self) {
        if !self.blocks.rows.get_mut().is_empty() {
            self.enter_row();
        }
    }
}

impl Filled {
    /// The row's values: all that is taken but the holes.
    fn runs(&self, holes: &[NonNull<u8>], stride: usize) -> impl Iterator<Item = Run> {
        let (first, taken) = (self.row.first(), self.taken);
        let hole_from = move |from: usize| {
            let index = |hole: &NonNull<u8>| Some(hole.addr().get().checked_sub(first.addr().get())? / stride);
            holes.iter().filter_map(index).filter(|index| (from..taken).contains(index)).min()
        };
        let mut from = 0;
        iter::from_fn(move || {
            let values = hole_from(from).unwrap_or(taken).checked_sub(from)?;
            // SAFETY: not beyond what is taken of the row.
            let first = unsafe { first.byte_add(from * stride) };
            from += values + 1;
            Some(Run { first, values })
        })
    }
}

impl<H: Kind> Drop for Rows<H> {
    fn drop(&mut self) {
        self.drop_values();
    }
}

impl<H: Kind> Blocks<H> {
    /// Adds an empty row.
    fn add_row(&self) -> Result<(), AllocError> {
        let row = self.handle.take_row()?;
        if self.rows.borrow_mut().try_reserve(1).is_err() {
            // SAFETY: it came from this pool, which has a handle: ours.
            unsafe { self.handle.give_row(row) };
            return Err(AllocError::OutOfMemory { layout: Layout::new::<Filled>() });
        }
        self.rows.borrow_mut().push(Filled { row, taken: 0 });
        Ok(())
    }
}

impl<H: Kind> Drop for Blocks<H> {
    fn drop(&mut self) {
        let Self { rows, handle } = self;
        let rows = rows.get_mut();
        let give_last = || {
            let Some(filled) = rows.pop() else { return false };
            // SAFETY: it came from the handle's pool (`rows`), and nobody uses it: its values are gone.
            unsafe { handle.give_row(filled.row) };
            true
        };
        Steps(give_last).take_all();
    }
}
