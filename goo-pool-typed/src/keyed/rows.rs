//! Where the slots lie: rows, whole blocks of a pool that nobody else has.

use core::alloc::Layout;
use core::hint;
use core::ops::Range;

use alloc::vec::Vec;
use goo_pool_core::{AllocError, Geometry, Handle, PoolHandle, RawPool, Row};

use super::slots::{WORD, reach};
use crate::error::refused;

/// How a type's slots are numbered: so many numbers a row that those of a slot's row are a shift away.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    layout: Layout,
    /// Slots of a whole block.
    whole: u32,
    /// A row has this power of two of numbers, at least a word's, and at least one for each slot.
    shift: u32,
}

impl Shape {
    pub(super) const fn of<T>() -> Self {
        let layout = Layout::new::<T>();
        let whole = match Geometry::new(layout) {
            Ok(geometry) => geometry.chunks_per_block() as u32,
            // There will be no row.
            Err(_) => 1,
        };
        let numbers = whole.next_power_of_two();
        Self { layout, whole, shift: if numbers < WORD { WORD.ilog2() } else { numbers.ilog2() } }
    }

    /// Rows that there may be: their last number stays below `u32::MAX`.
    const fn limit(self) -> u32 {
        (1 << (u32::BITS - self.shift)) - 1
    }

    /// The row that a slot is in.
    #[inline(always)]
    const fn row(self, index: u32) -> usize {
        (index >> self.shift) as usize
    }
}

/// Where slot 0 would lie if the slots of all rows lay as those of one do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Base(*mut u8);

// SAFETY: an address, which nothing here reads or writes. What lies there is used by those who may use the pool.
unsafe impl Send for Base {}
// SAFETY: as above.
unsafe impl Sync for Base {}

impl Base {
    /// Of no row.
    pub(super) const NONE: Self = Self(core::ptr::null_mut());

    /// The place of a slot, if this is the base of the slot's row.
    #[inline(always)]
    pub(super) const fn slot<T>(self, index: u32) -> *mut T {
        self.0.cast::<T>().wrapping_add(index as usize)
    }
}

pub(super) struct Rows {
    shape: Shape,
    /// By row; [`Base::NONE`] where `held` has none.
    bases: Vec<Base>,
    /// By row, what came from the pool.
    held: Vec<Option<Row>>,
    /// No row below this one is gone.
    all_held_below: usize,
    /// The rows that are there, by address.
    order: Vec<u32>,
    /// Made for the first row. Its only handle, and nobody else has a chunk: all that comes from it is in `held`.
    pool: Option<PoolHandle>,
    /// How many rows there may be; less than the shape's own limit in tests.
    limit: u32,
}

// SAFETY: the pool and its rows go to the other thread together, and nobody stays behind who could use them: `pool` is the
// only handle. The pool's parent is the global allocator, which is for all threads.
unsafe impl Send for Rows {}
// SAFETY: whoever shares it reads numbers and addresses; `pool` is not touched without `&mut`.
unsafe impl Sync for Rows {}

impl Rows {
    pub(super) const fn new(shape: Shape) -> Self {
        Self {
            shape,
            bases: Vec::new(),
            held: Vec::new(),
            all_held_below: 0,
            order: Vec::new(),
            pool: None,
            limit: shape.limit(),
        }
    }

    #[cfg(test)]
    pub(super) fn limit_to(&mut self, rows: u32) {
        self.limit = rows;
    }

    /// The place of a slot.
    ///
    /// # Safety
    ///
    /// 1. `shape` is this table's.
    /// 2. The slot is in a row that is there.
    #[inline(always)]
    pub(super) unsafe fn place<T>(&self, index: u32, shape: Shape) -> *mut T {
        debug_assert!(shape.layout == self.shape.layout);
        let row = shape.row(index);
        debug_assert!(row < self.bases.len());
        // SAFETY: that row is there (2), and `bases` ends behind the last such row.
        let place: *mut T = unsafe { self.bases.get_unchecked(row) }.slot(index);
        debug_assert!(!place.is_null());
        // Otherwise `get` asks it once more, as `None` is a null reference.
        // SAFETY: it is a chunk of that row, and no chunk lies at null.
        unsafe { hint::assert_unchecked(!place.is_null()) };
        place
    }

    /// The `position`th row by address: its base, and the words of its slots.
    pub(super) fn by_address(&self, position: usize) -> Option<(Base, Range<u32>)> {
        let row = *self.order.get(position)? as usize;
        Some((self.bases[row], self.words(row)))
    }

    /// The words of a row's slots; none if the row is gone.
    fn words(&self, row: usize) -> Range<u32> {
        let first = self.first_slot(row) / WORD;
        let slots = self.held[row].as_ref().map_or(0, Row::chunks) as u32;
        first..first + slots.div_ceil(WORD)
    }

    fn first_slot(&self, row: usize) -> u32 {
        (row as u32) << self.shape.shift
    }

    /// Makes so many slots come out of as few requests for memory as can be.
    pub(super) fn prepare(&mut self, slots: usize) -> Result<(), AllocError> {
        self.pool()?.prepare(slots)
    }

    /// Takes another row. `accept` hears its first slot and how many there are; if it refuses, nothing happened.
    pub(super) fn add(&mut self, accept: impl FnOnce(u32, u32) -> Result<(), AllocError>) -> Result<(), AllocError> {
        let mut number = self.all_held_below;
        while self.held.get(number).is_some_and(Option::is_some) {
            number += 1;
        }
        self.all_held_below = number;
        if number >= self.limit as usize {
            return Err(AllocError::LimitReached { max_chunks: self.limit as usize * self.shape.whole as usize });
        }
        let rows = self.held.len() as u32 + 1;
        reach(&mut self.bases, rows)?;
        reach(&mut self.held, rows)?;
        reach(&mut self.order, rows)?;
        // A small pool begins with a small row; from the second on they are whole blocks, as no number is free for a few slots.
        if !self.order.is_empty() {
            let whole = self.shape.whole as usize;
            self.prepare(whole)?;
        }
        let row = self.pool()?.take_row()?;
        let first = self.first_slot(number);
        if let Err(error) = accept(first, row.chunks() as u32) {
            self.give(row);
            return Err(error);
        }
        let size = self.shape.layout.size();
        let base = Base(row.first().as_ptr().wrapping_sub(size.wrapping_mul(first as usize)));
        let behind = |other: &u32| self.held[*other as usize].as_ref().is_some_and(|other| other.first() < row.first());
        let position = self.order.partition_point(behind);
        self.order.insert(position, number as u32);
        if number < self.held.len() {
            self.bases[number] = base;
            self.held[number] = Some(row);
        } else {
            self.bases.push(base);
            self.held.push(Some(row));
        }
        Ok(())
    }

    /// Gives back the rows that `goes` says it of; it hears the words of each. Then asks `cut` whether the numbers from there on,
    /// behind the last row, can be forgotten.
    pub(super) fn shrink(&mut self, mut goes: impl FnMut(Range<u32>) -> bool, cut: impl FnOnce(u32) -> bool) {
        for row in 0..self.held.len() {
            let words = self.words(row);
            if !words.is_empty() && goes(words) {
                self.bases[row] = Base::NONE;
                if let Some(row) = self.held[row].take() {
                    self.give(row);
                }
            }
        }
        let end = self.held.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        if cut(self.first_slot(end)) {
            self.held.truncate(end);
            self.bases.truncate(end);
        }
        let held = &self.held;
        self.order.retain(|&row| held.get(row as usize).is_some_and(Option::is_some));
        self.all_held_below = 0;
        self.bases.shrink_to_fit();
        self.held.shrink_to_fit();
        self.order.shrink_to_fit();
        match &self.pool {
            Some(pool) if !self.order.is_empty() => pool.shrink_to_fit(),
            _ => self.pool = None,
        }
    }

    fn pool(&mut self) -> Result<&PoolHandle, AllocError> {
        if self.pool.is_none() {
            let layout = self.shape.layout;
            let pool = RawPool::builder(layout).build_handle().map_err(|error| refused(error, layout))?;
            self.pool = Some(pool);
        }
        self.pool.as_ref().ok_or(AllocError::CapacityOverflow)
    }

    fn give(&mut self, row: Row) {
        if let Some(pool) = &self.pool {
            // SAFETY: it is this pool's, none of its chunks was given back alone, and who calls this has no value in it.
            unsafe { pool.give_row(row) };
        }
    }
}

impl Drop for Rows {
    /// The memory goes back; no value is in it any more, or the values are leaked.
    fn drop(&mut self) {
        while let Some(row) = self.held.pop() {
            if let Some(row) = row {
                self.give(row);
            }
        }
    }
}
