//! Which slots there are, which of them are vacant, and how often each was used. Numbers only: where a slot lies in memory
//! is `rows.rs`' business.
//!
//! A slot's *generation* counts its values: odd while one is live, even while the slot is vacant. Vacant slots are bits of
//! words of 64. As in the untyped engine, a word is taken out of the table in one piece, the *hand*, and the slot that was
//! vacated last is kept apart, *recent*. So a slot is one of:
//!
//! ```text
//! live      generation odd
//! vacant    generation even, and in one place: recent, the hand, or its word's `vacant` bits
//! retired   generation RETIRED, nowhere: it was used so often that no generation is left
//! absent    no row has it. The generations stay, so that keys of a row that went stay stale
//! ```

use core::alloc::Layout;

use alloc::vec::Vec;
use goo_pool_core::AllocError;

/// Slots that a word stands for.
pub(super) const WORD: u32 = u64::BITS;
/// The generation behind the last one. Even, so no key has it, and 0, so the step that gets there says so.
pub(super) const RETIRED: u32 = 0;
/// The first generation of all.
const FIRST: u32 = 2;
/// What `recent` holds instead of a slot. Rows end below it.
const NONE: u32 = u32::MAX;

#[derive(Debug)]
pub(super) struct Slots {
    /// By slot. It ends where the last row does.
    generations: Vec<u32>,
    /// By word, slots that may be taken from here. Apart from `usable`, which no removal needs.
    vacant: Vec<u64>,
    /// By word, slots that are there and not retired. Those that are neither vacant, nor in the hand, nor recent, are live.
    usable: Vec<u64>,
    /// One bit for each word: whether it has vacant slots.
    summary: Vec<u64>,
    /// The words of `summary` that are not 0, in any order. It has room for all, so that vacating a slot takes no memory.
    with_room: Vec<u32>,
    /// Vacant slots of the word that begins with slot `hand_first`.
    hand: u64,
    hand_first: u32,
    /// A vacant slot, or [`NONE`].
    recent: u32,
    /// How many slots are usable.
    capacity: u32,
    /// Some slots are retired.
    any_retired: bool,
    /// The generation that new slots begin with. At least that of any slot that was cut off (`cut`).
    first_generation: u32,
}

impl Slots {
    pub(super) const fn new() -> Self {
        Self::starting_at(FIRST)
    }

    /// New slots begin with this generation, which is even. In tests it is not [`FIRST`].
    pub(super) const fn starting_at(first_generation: u32) -> Self {
        Self {
            generations: Vec::new(),
            vacant: Vec::new(),
            usable: Vec::new(),
            summary: Vec::new(),
            with_room: Vec::new(),
            hand: 0,
            hand_first: 0,
            recent: NONE,
            capacity: 0,
            any_retired: false,
            first_generation,
        }
    }

    /// Live slots, added up now: a count that every insertion and removal changes made replacing a value a tenth slower
    /// (`keys`, 1k values of 8 bytes: 4.3 ns instead of 3.9).
    pub(super) fn live(&self) -> usize {
        let words = self.usable.iter().zip(&self.vacant);
        let words: usize = words.map(|(usable, vacant)| (usable & !vacant).count_ones() as usize).sum();
        words - self.hand.count_ones() as usize - usize::from(self.recent != NONE)
    }

    /// Slots that are there and not retired.
    #[inline]
    pub(super) const fn usable(&self) -> usize {
        self.capacity as usize
    }

    /// Whether the slot is live with this generation, which is odd. Any index may be asked for.
    #[inline(always)]
    pub(super) fn holds(&self, index: u32, generation: u32) -> bool {
        debug_assert!(generation % 2 == 1);
        self.generations.get(index as usize) == Some(&generation)
    }

    fn generation(&self, index: u32) -> u32 {
        self.generations[index as usize]
    }

    /// # Safety
    ///
    /// 1. The slot is live or vacant.
    #[inline(always)]
    pub(super) unsafe fn generation_of(&self, index: u32) -> u32 {
        debug_assert!((index as usize) < self.generations.len());
        // SAFETY: such a slot has a generation (1).
        unsafe { *self.generations.get_unchecked(index as usize) }
    }

    /// The vacant slot that is taken next, if one is at hand.
    #[inline(always)]
    pub(super) fn next(&self) -> Option<u32> {
        if self.recent != NONE {
            Some(self.recent)
        } else if self.hand != 0 {
            Some(self.hand_first + self.hand.trailing_zeros())
        } else {
            None
        }
    }

    /// Makes the slot that [`next`](Self::next) gave live.
    ///
    /// # Safety
    ///
    /// 1. `next` gave it, and nothing happened since.
    #[inline(always)]
    pub(super) unsafe fn occupy(&mut self, index: u32) {
        debug_assert_eq!(self.next(), Some(index));
        if self.recent != NONE {
            self.recent = NONE;
        } else {
            self.hand &= self.hand - 1;
        }
        debug_assert!((index as usize) < self.generations.len());
        // SAFETY: a vacant slot (1) has a generation.
        let generation = unsafe { self.generations.get_unchecked_mut(index as usize) };
        debug_assert!(*generation % 2 == 0 && *generation != RETIRED);
        *generation += 1;
    }

    /// Makes a live slot vacant. False if it is not live with this generation, which is odd.
    #[inline(always)]
    pub(super) fn vacate(&mut self, index: u32, generation: u32) -> bool {
        debug_assert!(generation % 2 == 1);
        match self.generations.get_mut(index as usize) {
            Some(current) if *current == generation => *current = generation.wrapping_add(1),
            _ => return false,
        }
        if generation.wrapping_add(1) == RETIRED {
            self.retire_slow(index);
        } else if self.recent == NONE {
            self.recent = index;
        } else {
            // SAFETY: it had one above.
            unsafe { self.put(index) };
        }
        true
    }

    /// Makes a slot vacant in its word.
    ///
    /// # Safety
    ///
    /// 1. The slot has a generation.
    #[inline(always)]
    unsafe fn put(&mut self, index: u32) {
        let word = index / WORD;
        debug_assert!((word as usize) < self.vacant.len());
        // SAFETY: the slot has a generation (1), so its word is there: both tables reach as far (`open`, `cut`).
        let vacant = unsafe { self.vacant.get_unchecked_mut(word as usize) };
        let before = *vacant;
        debug_assert!(before & bit(index) == 0, "slot {index} is vacant already");
        *vacant = before | bit(index);
        if before == 0 {
            self.list_slow(word);
        }
    }

    /// Notes that a word has vacant slots.
    #[cold]
    #[inline(never)]
    fn list_slow(&mut self, word: u32) {
        let number = word / WORD;
        let summary = &mut self.summary[number as usize];
        if *summary == 0 {
            self.with_room.push(number);
        }
        *summary |= bit(word);
    }

    #[cold]
    #[inline(never)]
    fn retire_slow(&mut self, index: u32) {
        self.any_retired = true;
        self.capacity -= 1;
        self.usable[(index / WORD) as usize] &= !bit(index);
    }

    /// Takes the vacant slots of another word in the hand, which is empty. False if there are none.
    pub(super) fn refill(&mut self) -> bool {
        debug_assert!(self.hand == 0);
        let Some(&number) = self.with_room.last() else { return false };
        let summary = &mut self.summary[number as usize];
        let word = number * WORD + summary.trailing_zeros();
        *summary &= *summary - 1;
        if *summary == 0 {
            self.with_room.pop();
        }
        self.hand = core::mem::take(&mut self.vacant[word as usize]);
        self.hand_first = word * WORD;
        true
    }

    /// Puts the hand and the recent slot back into their words.
    pub(super) fn flush(&mut self) {
        if self.recent != NONE {
            let recent = core::mem::replace(&mut self.recent, NONE);
            // SAFETY: it had a generation when it was vacated, and tables are cut after a flush only.
            unsafe { self.put(recent) };
        }
        let hand = core::mem::take(&mut self.hand);
        for slot in ones(hand) {
            // SAFETY: as above: the hand was taken out of its word.
            unsafe { self.put(self.hand_first + slot) };
        }
    }

    /// The live slots of a word.
    #[inline]
    pub(super) fn live_in(&self, word: u32) -> u64 {
        let mut live = self.usable[word as usize] & !self.vacant[word as usize];
        if word == self.hand_first / WORD {
            live &= !self.hand;
        }
        if word == self.recent / WORD {
            live &= !bit(self.recent);
        }
        live
    }

    /// Makes the live slots of a word vacant, and says which they were. Nothing is in the hand, nor recent.
    pub(super) fn clear(&mut self, word: u32) -> u64 {
        debug_assert!(self.hand == 0 && self.recent == NONE);
        let live = self.live_in(word);
        if live == 0 {
            return 0;
        }
        let first = (word * WORD) as usize;
        let mut retired = 0;
        if live == u64::MAX {
            // The usual case, in a loop that the compiler can do by eights.
            let mut lowest = u32::MAX;
            for generation in &mut self.generations[first..first + WORD as usize] {
                *generation = generation.wrapping_add(1);
                lowest = lowest.min(*generation);
            }
            if lowest == RETIRED {
                retired = self.retired_among(word, live);
            }
        } else {
            for slot in ones(live) {
                let generation = &mut self.generations[first + slot as usize];
                *generation = generation.wrapping_add(1);
            }
            retired = self.retired_among(word, live);
        }
        self.usable[word as usize] &= !retired;
        let vacant = &mut self.vacant[word as usize];
        let before = *vacant;
        *vacant |= live & !retired;
        if before == 0 && *vacant != 0 {
            self.list_slow(word);
        }
        self.any_retired |= retired != 0;
        self.capacity -= retired.count_ones();
        live
    }

    /// Which of these slots of a word are retired.
    fn retired_among(&self, word: u32, slots: u64) -> u64 {
        ones(slots).filter(|slot| self.generation(word * WORD + slot) == RETIRED).fold(0, |bits, slot| bits | bit(slot))
    }

    /// Takes the memory that slots from `first` up to `end` need.
    pub(super) fn make_room(&mut self, end: u32) -> Result<(), AllocError> {
        let words = end.div_ceil(WORD);
        let summary = words.div_ceil(WORD);
        reach(&mut self.generations, end)?;
        reach(&mut self.vacant, words)?;
        reach(&mut self.usable, words)?;
        reach(&mut self.summary, summary)?;
        reach(&mut self.with_room, summary)
    }

    /// So many slots are there from now on, all vacant but the retired ones. `first` begins a word, and room was made.
    pub(super) fn open(&mut self, first: u32, slots: u32) {
        let end = first + slots;
        let words = end.div_ceil(WORD);
        extend(&mut self.generations, end, self.first_generation);
        extend(&mut self.vacant, words, 0);
        extend(&mut self.usable, words, 0);
        extend(&mut self.summary, words.div_ceil(WORD), 0);
        for word in first / WORD..words {
            let mut usable = u64::MAX;
            let beyond = (word * WORD + WORD).saturating_sub(end);
            usable >>= beyond;
            if self.any_retired {
                usable &= !self.retired_among(word, usable);
            }
            self.vacant[word as usize] = usable;
            self.usable[word as usize] = usable;
            self.capacity += usable.count_ones();
            if usable != 0 {
                self.list_slow(word);
            }
        }
    }

    /// The slots of these words, of which none is live, are not there any more. Nothing is in the hand, nor recent. `shrink`
    /// comes next.
    pub(super) fn close(&mut self, words: core::ops::Range<u32>) {
        debug_assert!(self.hand == 0 && self.recent == NONE);
        for word in words {
            debug_assert!(self.live_in(word) == 0);
            self.vacant[word as usize] = 0;
            self.capacity -= core::mem::take(&mut self.usable[word as usize]).count_ones();
            self.summary[(word / WORD) as usize] &= !bit(word);
        }
    }

    /// Forgets all slots from `end`, which begins a word, if none of them is there. False if one is retired: then they stay, so
    /// that it is not used again.
    pub(super) fn cut(&mut self, end: u32) -> bool {
        let cut = &self.generations[(end as usize).min(self.generations.len())..];
        if self.any_retired && cut.contains(&RETIRED) {
            return false;
        }
        debug_assert!(self.usable.iter().skip((end / WORD) as usize).all(|&usable| usable == 0));
        self.first_generation = cut.iter().copied().fold(self.first_generation, u32::max);
        let words = end.div_ceil(WORD);
        self.generations.truncate(end as usize);
        self.vacant.truncate(words as usize);
        self.usable.truncate(words as usize);
        self.summary.truncate(words.div_ceil(WORD) as usize);
        true
    }

    /// Makes the tables as small as what is left after `close` and `cut`.
    pub(super) fn shrink(&mut self) {
        let summary = &self.summary;
        self.with_room.retain(|&number| summary.get(number as usize).is_some_and(|&bits| bits != 0));
        self.generations.shrink_to_fit();
        self.vacant.shrink_to_fit();
        self.usable.shrink_to_fit();
        self.summary.shrink_to_fit();
        self.with_room.shrink_to(self.summary.len());
    }

    /// Checks what is said above, for tests.
    #[cfg(test)]
    pub(super) fn assert_valid(&self) {
        let mut live = 0;
        assert_eq!(self.vacant.len(), self.usable.len());
        for (number, (&vacant, &usable)) in (0..).zip(self.vacant.iter().zip(&self.usable)) {
            assert_eq!(vacant & !usable, 0, "vacant and not usable");
            let listed = self.summary[(number / WORD) as usize] & bit(number) != 0;
            assert_eq!(listed, vacant != 0, "word {number}");
            let bits = self.live_in(number);
            live += bits.count_ones();
            for slot in ones(usable) {
                let generation = self.generation(number * WORD + slot);
                assert_eq!(generation % 2 == 1, bits & bit(slot) != 0, "slot {slot} of word {number}");
                assert_ne!(generation, RETIRED);
            }
        }
        assert_eq!(live as usize, self.live());
        assert_eq!(self.capacity, self.usable.iter().map(|usable| usable.count_ones()).sum::<u32>());
        let mut listed = self.with_room.clone();
        listed.sort_unstable();
        let with_room = (0..).zip(&self.summary).filter(|(_, bits)| **bits != 0).map(|(number, _)| number);
        assert!(with_room.eq(listed), "a word of the summary is not listed, or twice");
        assert!(self.with_room.capacity() >= self.summary.len());
    }
}

#[inline(always)]
const fn bit(index: u32) -> u64 {
    1 << (index % WORD)
}

/// The numbers of the ones in `bits`, ascending.
fn ones(mut bits: u64) -> impl Iterator<Item = u32> {
    core::iter::from_fn(move || {
        let one = bits.trailing_zeros();
        bits = bits.checked_sub(1)? & bits;
        Some(one)
    })
}

/// Makes room for `length` elements in all.
pub(super) fn reach<T>(table: &mut Vec<T>, length: u32) -> Result<(), AllocError> {
    let additional = (length as usize).saturating_sub(table.len());
    table.try_reserve(additional).map_err(|_| {
        let layout = Layout::array::<T>(length as usize);
        layout.map_or(AllocError::CapacityOverflow, |layout| AllocError::OutOfMemory { layout })
    })
}

/// Fills up to `length` elements.
fn extend<T: Clone>(table: &mut Vec<T>, length: u32, value: T) {
    let length = table.len().max(length as usize);
    table.resize(length, value);
}
