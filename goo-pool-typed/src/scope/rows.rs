//! The untyped half of a scope: rows of values, filled one after the other.

use core::alloc::Layout;
use core::cell::{Cell, RefCell};
use core::mem::needs_drop;
use core::ptr::{self, NonNull};

use alloc::vec::Vec;
use goo_pool_core::AllocError;

use super::Scope;
use super::filled::{Filled, Run};
use crate::error::fail;
use crate::generic::Kind;

/// Has the scope's destructor, which knows the type of the values by a function's address alone. A destructor of `Scope<T>`
/// itself would make the compiler ask that all that a `T` refers to outlives the scope strictly, other values of the
/// scope included. So the compiler asks that only where a `T` has a destructor which may look (`Scope::values`).
pub(super) struct Rows<H: Kind> {
    /// Where the next value goes, and the end of the row. Invariant: both in or at the end of the row in use, a multiple
    /// of `stride` apart; equal if no row is in use.
    next: Cell<NonNull<u8>>,
    end: Cell<NonNull<u8>>,
    /// So many rows are in use, the last one up to `next`. Those behind are empty.
    used: Cell<usize>,
    stride: usize,
    /// Drops so many values from there on. `None` if they need none.
    drop_values: Option<unsafe fn(NonNull<u8>, usize)>,
    /// Chunks without a value between those with one: where a constructor panicked that had allocated before.
    holes: RefCell<Vec<NonNull<u8>>>,
    /// Dropped behind the values, also if a destructor panics.
    blocks: Blocks<H>,
}

/// A scope's rows, given back when this is dropped.
struct Blocks<H: Kind> {
    /// Invariant: all from the handle's pool. Neither this nor `holes` is borrowed while code runs that is not ours, but for
    /// the global allocator.
    rows: RefCell<Vec<Filled>>,
    handle: H,
}

/// # Safety
///
/// 1. So many values of type `T` lie from `first` on, side by side; nobody uses them any more.
unsafe fn drop_values<T>(first: NonNull<u8>, values: usize) {
    // If a destructor panics, the rest still run.
    // SAFETY: (1).
    unsafe { ptr::slice_from_raw_parts_mut(first.cast::<T>().as_ptr(), values).drop_in_place() };
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
    pub(super) fn new<T>(handle: H) -> Self {
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
    pub(super) fn bump(&self, stride: usize) -> Option<NonNull<u8>> {
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
    pub(super) fn bump_slow(&self) -> Result<NonNull<u8>, AllocError> {
        loop {
            let opened = self.open_row();
            // The parent may have used the scope when it was asked for memory, also if it refused.
            if let Some(chunk) = self.bump(self.stride) {
                return Ok(chunk);
            }
            opened?;
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn bump_slow_or_fail(&self) -> NonNull<u8> {
        self.bump_slow().unwrap_or_else(|error| fail(error))
    }

    /// No value comes to this place, which `bump` gave.
    pub(super) fn vacate(&self, chunk: NonNull<u8>) {
        if self.next.get().addr().get() - self.stride == chunk.addr().get() {
            self.next.set(chunk);
        } else {
            self.holes.borrow_mut().push(chunk);
        }
    }

    /// Goes on with an empty row.
    fn open_row(&self) -> Result<(), AllocError> {
        if self.used.get() == self.blocks.rows.borrow().len() {
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

    pub(super) fn len(&self) -> usize {
        self.close_row();
        let taken: usize = self.blocks.rows.borrow()[..self.used.get()].iter().map(|filled| filled.taken).sum();
        taken - self.holes.borrow().len()
    }

    /// All values, in the order in which they were allocated.
    pub(super) fn runs(&mut self) -> impl Iterator<Item = Run> {
        self.close_row();
        self.holes.get_mut().sort_unstable();
        let (holes, stride) = (&*self.holes.get_mut(), self.stride);
        self.blocks.rows.get_mut()[..self.used.get()].iter().flat_map(move |filled| filled.runs(holes, stride))
    }

    /// Drops all values and keeps the rows. There are no values afterwards, even if a destructor panics.
    pub(super) fn drop_values(&mut self) {
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
    pub(super) fn rewind(&mut self) {
        if !self.blocks.rows.get_mut().is_empty() {
            self.enter_row();
        }
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
