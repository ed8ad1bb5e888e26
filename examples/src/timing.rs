use std::hint::black_box;
use std::time::{Duration, Instant};

/// What some work results in, and how long it took. The compiler does not leave it out.
pub fn time<R>(work: impl FnOnce() -> R) -> (R, Duration) {
    let begin = Instant::now();
    let result = black_box(work());
    (result, begin.elapsed())
}

/// The middle one, or the upper of the two middle ones.
///
/// # Panics
///
/// If there is none, or one of them is not a number.
#[must_use]
pub fn median<F: PartialOrd + Copy>(mut figures: Vec<F>) -> F {
    figures.sort_by(|a, b| a.partial_cmp(b).expect("figures are numbers"));
    figures[figures.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_is_the_middle_one() {
        let millis = |samples: &[u64]| samples.iter().copied().map(Duration::from_millis).collect();
        assert_eq!(median(millis(&[9])), Duration::from_millis(9));
        assert_eq!(median(millis(&[7, 1, 9, 3, 2])), Duration::from_millis(3));
        assert_eq!(median(vec![0.5, 0.25]), 0.5);
    }
}
