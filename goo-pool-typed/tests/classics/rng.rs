//! Random numbers: the same for all, and cheap beside what is measured.

/// Marsaglia's xorshift, with Vigna's multiplication.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// Numbers for this seed.
    pub const fn new(seed: u64) -> Self {
        // Never zero, and far apart for seeds that are not.
        Rng((seed ^ 0x600_900).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    #[inline(always)]
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }

    /// Below `bound`.
    #[inline(always)]
    pub fn below(&mut self, bound: usize) -> usize {
        ((u64::from(self.next()) * bound as u64) >> 32) as usize
    }

    /// True in so many of a hundred cases.
    #[inline(always)]
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}
