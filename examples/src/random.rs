/// Chance that comes out the same for everybody: the SplitMix64 generator of Steele, Lea and Flood (2014).
///
/// ```
/// use goo_pool_examples::Random;
///
/// let (mut one, mut same) = (Random::new(7), Random::new(7));
/// assert_eq!(one.below(100), same.below(100));
/// ```
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The sequence that begins with `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Random { state: seed }
    }

    /// The next number, of all that a `u64` can hold.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        // Odd, so that the state takes all values; the golden ratio's digits, so that it spreads over them at once.
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.state)
    }

    /// A number below `end`. All are as likely as one another, but for a bias below `end` / 2^64.
    #[inline]
    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(end)) >> 64) as u64
    }

    /// A fraction, at least 0 and less than 1.
    #[inline]
    pub fn fraction(&mut self) -> f64 {
        // The 53 bits that an f64 has room for.
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Scatters numbers: neighbours come far apart, and no two numbers come out as one.
#[inline]
#[must_use]
pub fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_is_the_one_that_was_published() {
        // The first numbers of seed 1234567 in the reference implementation's test.
        let mut random = Random::new(1_234_567);
        let numbers = [(); 3].map(|()| random.next_u64());
        assert_eq!(numbers, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn numbers_stay_in_range_and_spread_over_it() {
        let mut random = Random::new(1);
        let mut seen = [0; 10];
        for _ in 0..1000 {
            seen[random.below(10) as usize] += 1;
            assert!((0.0..1.0).contains(&random.fraction()));
        }
        assert!(seen.iter().all(|times| (60..140).contains(times)), "{seen:?}");
    }
}
