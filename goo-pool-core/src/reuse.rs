//! Which free chunk the next allocation gets.
//!
//! The default serves from the hand: the chunk freed last, then the rest of a word taken in one piece. The other orders
//! keep nothing in the hand (`recent` is blocked, a word is one chunk), so that every free chunk is in its block when one is
//! chosen. All of that is on the slow half of an allocation; the default's fast half has no branch for it.

use core::cell::Cell;

/// What a pool reuses first.
///
/// No order changes a pool's layout or capacity. In a thread-safe pool each thread chooses among its own blocks; what
/// other threads freed there counts as soon as the thread looks for it, which is when its blocks have no other free chunk.
///
/// # Examples
///
/// ```
/// use std::alloc::Layout;
/// use goo_pool_core::{RawPool, Reuse};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = RawPool::builder(Layout::new::<u64>()).reuse(Reuse::LowestAddress).build()?;
/// let chunks = [pool.allocate()?, pool.allocate()?, pool.allocate()?];
/// for chunk in chunks {
///     // SAFETY: it came from this pool and is not used any more.
///     unsafe { pool.deallocate(chunk) };
/// }
/// let _kept = pool.allocate()?;
/// assert_eq!(pool.allocate()?, chunks[1]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Reuse {
    /// The chunk freed last, which is still in the cache; then up to 64 neighbours in address order, taken out of a
    /// block in one piece. The fastest (the table `reuse` in the benches), and so the default, without the feature `hardened`.
    MostRecent,
    /// The chunk at the lowest address among all free chunks of the blocks that also have live ones. Only when those are
    /// full, a block that was emptied, the lowest first, and then one that was never used.
    ///
    /// The live chunks gather at low addresses, and the blocks behind them become empty and can go back to the parent.
    /// Every allocation takes the slow half; one that is the first since a block got room again also takes a step for each
    /// block with room below that one.
    LowestAddress,
    /// Some free chunk of one block, so that a program with a dangling pointer, or whoever attacks it, cannot know who gets a
    /// chunk next. The default with the feature `hardened`.
    ///
    /// Which block is not random: one with room is used before an empty one. The generator is seeded by the process's
    /// random keys (without the feature `std`: by an address). It is fast, not cryptographic.
    Random,
}

impl Default for Reuse {
    fn default() -> Self {
        if cfg!(feature = "hardened") { Self::Random } else { Self::MostRecent }
    }
}

/// A front's order, with the state that a random one needs.
pub(crate) struct Order {
    reuse: Reuse,
    state: Cell<u64>,
}

impl Order {
    pub(crate) fn new(reuse: Reuse) -> Self {
        Self { reuse, state: Cell::new(if reuse == Reuse::Random { seed() } else { 0 }) }
    }

    /// Whether the chunk freed last may be kept aside.
    pub(crate) fn keeps_recent(&self) -> bool {
        self.reuse == Reuse::MostRecent
    }

    /// Whether the hand gets a whole word of chunks. With `hardened` it never does: then a free chunk is in `recent` or in
    /// its block, where every thread can see it.
    pub(crate) fn takes_words(&self) -> bool {
        self.reuse == Reuse::MostRecent && !cfg!(feature = "hardened")
    }

    /// One of the bits of `bits`, which is not 0.
    pub(crate) fn choose(&self, bits: u64) -> u32 {
        match self.reuse {
            Reuse::MostRecent | Reuse::LowestAddress => bits.trailing_zeros(),
            Reuse::Random => self.choose_randomly(bits),
        }
    }

    fn choose_randomly(&self, mut bits: u64) -> u32 {
        // Marsaglia's xorshift with Vigna's multiplier: the upper half decides.
        let mut state = self.state.get();
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        self.state.set(state);
        let number = state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        for _ in 0..(number * u64::from(bits.count_ones())) >> 32 {
            bits &= bits - 1;
        }
        bits.trailing_zeros()
    }
}

/// Not 0, which the generator would never leave.
#[cfg(feature = "std")]
fn seed() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};

    RandomState::new().hash_one(0) | 1
}

#[cfg(not(feature = "std"))]
fn seed() -> u64 {
    let here = 0_u8;
    (&raw const here).addr() as u64 | 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_is_chosen_about_as_often() {
        let order = Order::new(Reuse::Random);
        let (bits, rounds) = (0x8000_0100_0000_1011_u64, if cfg!(miri) { 200 } else { 20_000 });
        let mut chosen = [0; 64];
        for _ in 0..rounds {
            chosen[order.choose(bits) as usize] += 1;
        }
        for (bit, &times) in chosen.iter().enumerate() {
            if bits >> bit & 1 == 0 {
                assert_eq!(times, 0);
            } else {
                // Five bits: a mean of a fifth, with a margin of more than ten deviations.
                assert!((rounds / 10..rounds * 3 / 10).contains(&times), "{chosen:?}");
            }
        }
    }
}
