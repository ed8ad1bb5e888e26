//! Slots and rows together: all of a keyed pool that does not depend on the type of its values.

use core::iter;
use core::ops::Range;

use goo_pool_core::AllocError;

use super::rows::{Base, Rows, Shape};
use super::slots::{Slots, WORD};

/// Invariants, cited by number:
///
/// 1. While a slot's generation is odd, a value is in it; only the pool's own functions change one without the other.
/// 2. A slot that has a generation in `slots` is or was in a row. One that is live or vacant is in a row that is there.
pub(super) struct Table {
    pub(super) slots: Slots,
    pub(super) rows: Rows,
}

impl Table {
    pub(super) const fn new(shape: Shape) -> Self {
        Self { slots: Slots::new(), rows: Rows::new(shape) }
    }

    /// The vacant slot that is taken next, when none is at hand.
    #[cold]
    #[inline(never)]
    pub(super) fn next_slow(&mut self) -> Result<u32, AllocError> {
        loop {
            if let Some(index) = self.slots.next() {
                return Ok(index);
            }
            if !self.slots.refill() {
                self.add_row()?;
            }
        }
    }

    fn add_row(&mut self) -> Result<(), AllocError> {
        let slots = &mut self.slots;
        self.rows.add(|first, count| {
            slots.make_room(first + count)?;
            slots.open(first, count);
            Ok(())
        })
    }

    pub(super) fn reserve(&mut self, additional: usize) -> Result<(), AllocError> {
        let wanted = self.slots.live().checked_add(additional).ok_or(AllocError::CapacityOverflow)?;
        let missing = wanted.saturating_sub(self.slots.usable());
        if missing > 0 {
            self.rows.prepare(missing)?;
        }
        while self.slots.usable() < wanted {
            self.add_row()?;
        }
        Ok(())
    }

    pub(super) fn shrink_to_fit(&mut self) {
        let Self { slots, rows } = self;
        slots.flush();
        // Both closures change the slots, one after the other.
        let slots = core::cell::RefCell::new(slots);
        let goes = |words: Range<u32>| {
            let mut slots = slots.borrow_mut();
            let empty = words.clone().all(|word| slots.live_in(word) == 0);
            if empty {
                slots.close(words);
            }
            empty
        };
        rows.shrink(goes, |end| slots.borrow_mut().cut(end));
        slots.into_inner().shrink();
    }
}

/// The words of all slots, by address.
#[derive(Debug, Clone)]
pub(super) struct Words {
    /// Of the next row.
    position: usize,
    words: Range<u32>,
    /// Of the row of what `next` gave.
    pub(super) base: Base,
}

impl Words {
    pub(super) const fn new() -> Self {
        Self { position: 0, words: 0..0, base: Base::NONE }
    }

    pub(super) fn next(&mut self, table: &Table) -> Option<u32> {
        loop {
            if let Some(word) = self.words.next() {
                return Some(word);
            }
            (self.base, self.words) = table.rows.by_address(self.position)?;
            self.position += 1;
        }
    }
}

/// A way past all live slots, by address.
///
/// A slot that is live when the way begins, and until its turn comes, is met once; one that is not live then is not met. Slots
/// behind it may become vacant. No row comes or goes meanwhile.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    /// Live slots side by side: whole words.
    run: Range<u32>,
    /// Live slots of the word that begins with `first`. There are none while there is a run.
    bits: u64,
    first: u32,
    words: Words,
}

impl Walk {
    pub(super) const fn new() -> Self {
        Self { run: 0..0, bits: 0, first: 0, words: Words::new() }
    }

    /// How many slots are still to come. One step for each word.
    pub(super) fn left(&self, table: &Table) -> usize {
        let mut words = self.words.clone();
        let further: usize =
            iter::from_fn(|| words.next(table)).map(|word| table.slots.live_in(word).count_ones() as usize).sum();
        self.run.len() + self.bits.count_ones() as usize + further
    }

    /// The next live slot, and its row's base.
    #[inline]
    pub(super) fn next(&mut self, table: &Table) -> Option<(u32, Base)> {
        loop {
            if let Some(index) = self.run.next() {
                return Some((index, self.words.base));
            }
            if self.bits != 0 {
                let index = self.first + self.bits.trailing_zeros();
                self.bits &= self.bits - 1;
                return Some((index, self.words.base));
            }
            *self = self.words.clone().advance(table)?;
        }
    }

    /// All that is still to come, in loops as tight as those over a slice.
    #[inline]
    pub(super) fn fold<B>(mut self, table: &Table, init: B, mut visit: impl FnMut(B, u32, Base) -> B) -> B {
        let mut folded = init;
        loop {
            let base = self.words.base;
            for index in self.run {
                folded = visit(folded, index, base);
            }
            while self.bits != 0 {
                folded = visit(folded, self.first + self.bits.trailing_zeros(), base);
                self.bits &= self.bits - 1;
            }
            match self.words.advance(table) {
                Some(further) => self = further,
                None => return folded,
            }
        }
    }
}

impl Words {
    /// On to the next words with live slots. By value: a loop whose state nobody else can reach keeps it in registers.
    #[inline(never)]
    fn advance(mut self, table: &Table) -> Option<Walk> {
        let (live, word) = loop {
            let word = self.next(table)?;
            let live = table.slots.live_in(word);
            if live != 0 {
                break (live, word);
            }
        };
        let first = word * WORD;
        if live != u64::MAX {
            return Some(Walk { run: 0..0, bits: live, first, words: self });
        }
        let further = self.words.clone().take_while(|&word| table.slots.live_in(word) == u64::MAX).count();
        self.words.start += further as u32;
        Some(Walk { run: first..self.words.start * WORD, bits: 0, first, words: self })
    }
}
