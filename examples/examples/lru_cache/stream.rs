//! What the cache is asked for: a few pages again and again, most pages hardly ever.

use goo_pool_examples::{Random, mix};

use crate::cache::Id;

/// Zipf's law in its plainest form: the page in place `r` of a ranking is asked for about 1/r times as often as the
/// first. It holds for words in texts, and roughly for pages and files.
///
/// A place is drawn as `(pages + 1)^u`, rounded down, of a fraction `u` drawn evenly. Place `r` comes out with the
/// probability `log(1 + 1/r) / log(pages + 1)`, which is close to `1 / (r log(pages + 1))` for all but the first few.
pub(crate) struct Stream {
    random: Random,
    log_of_end: f64,
}

impl Stream {
    /// The same requests each time, to that many pages.
    pub(crate) fn new(pages: usize, seed: u64) -> Self {
        Stream { random: Random::new(seed), log_of_end: (pages as f64 + 1.0).ln() }
    }

    fn place(&mut self) -> u64 {
        (self.random.fraction() * self.log_of_end).exp() as u64
    }
}

impl Iterator for Stream {
    type Item = Id;

    fn next(&mut self) -> Option<Id> {
        // Scattered, as pages that are liked do not stand side by side.
        Some(mix(self.place()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_r_comes_out_one_rth_as_often_as_the_first() {
        let requests = if cfg!(miri) { 5_000 } else { 500_000 };
        let mut stream = Stream::new(1000, 1);
        let mut times = [0_u32; 1001];
        for _ in 0..requests {
            times[stream.place() as usize] += 1;
        }
        assert_eq!(times[0], 0, "places count from one");
        for places in [1..2, 2..4, 10..20, 100..200, 500..1000] {
            let share = (places.end as f64 / places.start as f64).ln() / 1001_f64.ln();
            let expected = f64::from(requests) * share;
            let asked = f64::from(times[places.clone()].iter().sum::<u32>());
            let tolerance = 5.0 * expected.sqrt();
            assert!((asked - expected).abs() < tolerance, "{places:?}: {asked} times, not {expected}");
        }
    }

    #[test]
    fn requests_are_the_same_each_time() {
        let take = |seed| Stream::new(100, seed).take(50).collect::<Vec<_>>();
        assert_eq!(take(3), take(3));
        assert_ne!(take(3), take(4));
    }
}
