//! Times the life of an index, for both kinds of box in turn.

use std::hint::black_box;
use std::time::{Duration, Instant};

use goo_pool_examples::heap::{Tally, tally};
use goo_pool_examples::{median, time};

use crate::box_kind::{BoxKind, GlobalBoxes, PoolBoxes};
use crate::index::{Index, words};

/// Rounds are cheap for a small text and dear for a large one: this much time, then no new round.
const BUDGET: Duration = Duration::from_millis(1_000);
const MOST_ROUNDS: usize = 101;

/// Medians of the rounds, and what one index holds.
pub(crate) struct Figures {
    pub(crate) build: Duration,
    pub(crate) walk: Duration,
    pub(crate) tear_down: Duration,
    pub(crate) heap: Tally,
    /// The part of the heap's bytes that is there for more.
    pub(crate) spare_bytes: usize,
}

pub(crate) struct Comparison {
    pub(crate) rounds: usize,
    /// Cutting the text into words and nothing else. It is part of both builds.
    pub(crate) words_alone: Duration,
    pub(crate) boxed: Figures,
    pub(crate) pooled: Figures,
}

/// `text` is in lower case.
pub(crate) fn compare(text: &str) -> Comparison {
    let mut words_alone = Vec::new();
    let mut boxed = Samples::default();
    let mut pooled = Samples::default();
    let begin = Instant::now();
    while words_alone.is_empty() || (begin.elapsed() < BUDGET && words_alone.len() < MOST_ROUNDS) {
        // Side by side in each round, so that a slow moment of the machine meets both.
        words_alone.push(time(|| text.lines().flat_map(words).map(str::len).sum::<usize>()).1);
        boxed.round::<GlobalBoxes>(text);
        pooled.round::<PoolBoxes>(text);
    }
    Comparison {
        rounds: words_alone.len(),
        words_alone: median(words_alone),
        boxed: boxed.figures::<GlobalBoxes>(text),
        pooled: pooled.figures::<PoolBoxes>(text),
    }
}

#[derive(Default)]
struct Samples {
    build: Vec<Duration>,
    walk: Vec<Duration>,
    tear_down: Vec<Duration>,
}

impl Samples {
    fn round<K: BoxKind>(&mut self, text: &str) {
        let (index, build) = time(|| Index::<K>::of(text));
        let ((), walk) = time(|| {
            black_box(checksum(&index));
        });
        let ((), tear_down) = time(|| drop(index));
        self.build.push(build);
        self.walk.push(walk);
        self.tear_down.push(tear_down);
    }

    fn figures<K: BoxKind>(self, text: &str) -> Figures {
        let (index, heap) = tally(|| Index::<K>::of(text));
        Figures {
            build: median(self.build),
            walk: median(self.walk),
            tear_down: median(self.tear_down),
            heap,
            spare_bytes: index.spare_bytes(),
        }
    }
}

/// The walk: looks at every word and every line of the index.
fn checksum<K: BoxKind>(index: &Index<'_, K>) -> u64 {
    let lines = index.iter().flat_map(|node| node.postings().pages()).flatten();
    lines.map(|&line| u64::from(line)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "the cat\nsat on the mat\n";

    #[test]
    fn walk_sums_every_line_of_both_kinds() {
        // `the` on 1 and 2, `cat` on 1, the other three on 2.
        assert_eq!(checksum(&Index::<GlobalBoxes>::of(TEXT)), 10);
        assert_eq!(checksum(&Index::<PoolBoxes>::of(TEXT)), 10);
    }

    #[test]
    fn every_box_is_an_object_of_the_heap_but_a_pool_box() {
        // Five words and five pages; two pools.
        let comparison = compare(TEXT);
        let (boxed, pooled) = (comparison.boxed, comparison.pooled);
        assert_eq!(boxed.heap.objects, 10);
        assert!(pooled.heap.objects < 10, "{:?}", pooled.heap);
        assert_eq!(boxed.spare_bytes, 0);
        assert!((1..pooled.heap.bytes).contains(&pooled.spare_bytes), "{}", pooled.spare_bytes);
    }
}
