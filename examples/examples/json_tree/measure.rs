//! Times the life of a document, for each kind of tree in turn.

use std::time::{Duration, Instant};

use goo_pool_examples::heap::{Tally, tally};
use goo_pool_examples::{median, time};
use serde::de::IgnoredAny;

use crate::box_kind::{BoxKind, GlobalBoxes, PoolBoxes};
use crate::census::Census;
use crate::read::read;
use crate::tree::{Nodes, Root};

/// Rounds are cheap for a small document and dear for a large one: this much time, then no new round.
const BUDGET: Duration = Duration::from_millis(1_500);
const MOST_ROUNDS: usize = 101;

/// A way to keep a document in memory.
trait Kind {
    type Tree<'t>;
    /// What a tree takes its memory from.
    type Source<'t>: Default;

    fn read<'t>(text: &'t str, source: &Self::Source<'t>) -> serde_json::Result<Self::Tree<'t>>;
    fn census(tree: &Self::Tree<'_>) -> Census;
    /// The part of the heap's bytes that is there for more.
    fn spare_bytes(source: &Self::Source<'_>) -> usize;
}

impl<K: BoxKind> Kind for K {
    type Tree<'t> = Root<'t, K>;
    type Source<'t> = Nodes<'t, K>;

    fn read<'t>(text: &'t str, nodes: &Nodes<'t, K>) -> serde_json::Result<Root<'t, K>> {
        read::<K>(text, nodes)
    }

    fn census(root: &Root<'_, K>) -> Census {
        Census::of(&**root)
    }

    fn spare_bytes(nodes: &Nodes<'_, K>) -> usize {
        K::spare_bytes(nodes)
    }
}

/// `serde_json`'s own: vectors and maps of values, not boxes of nodes.
struct Values;

impl Kind for Values {
    type Tree<'t> = serde_json::Value;
    type Source<'t> = ();

    fn read(text: &str, (): &()) -> serde_json::Result<serde_json::Value> {
        serde_json::from_str(text)
    }

    fn census(value: &serde_json::Value) -> Census {
        Census::of_value(value)
    }

    fn spare_bytes((): &()) -> usize {
        0
    }
}

/// Medians of the rounds, and what one document holds.
pub(crate) struct Figures {
    /// Into a new pool.
    pub(crate) first_read: Duration,
    /// Into the pool that earlier documents were in.
    pub(crate) read: Duration,
    pub(crate) walk: Duration,
    pub(crate) tear_down: Duration,
    pub(crate) heap: Tally,
    pub(crate) spare_bytes: usize,
}

pub(crate) struct Comparison {
    pub(crate) rounds: usize,
    /// Reading the text and keeping nothing. It is part of every reading.
    pub(crate) text_alone: Duration,
    pub(crate) boxed: Figures,
    pub(crate) pooled: Figures,
    pub(crate) value: Figures,
}

pub(crate) fn compare(text: &str) -> serde_json::Result<Comparison> {
    let mut text_alone = Vec::new();
    let mut boxed = Samples::<GlobalBoxes>::default();
    let mut pooled = Samples::<PoolBoxes>::default();
    let mut value = Samples::<Values>::default();
    let begin = Instant::now();
    while text_alone.is_empty() || (begin.elapsed() < BUDGET && text_alone.len() < MOST_ROUNDS) {
        // Side by side in each round, so that a slow moment of the machine meets all.
        let (ignored, time) = time(|| serde_json::from_str::<IgnoredAny>(text));
        ignored?;
        text_alone.push(time);
        boxed.round(text)?;
        pooled.round(text)?;
        value.round(text)?;
    }
    Ok(Comparison {
        rounds: text_alone.len(),
        text_alone: median(text_alone),
        boxed: boxed.figures(text)?,
        pooled: pooled.figures(text)?,
        value: value.figures(text)?,
    })
}

struct Samples<'t, K: Kind> {
    source: K::Source<'t>,
    first_read: Vec<Duration>,
    read: Vec<Duration>,
    walk: Vec<Duration>,
    tear_down: Vec<Duration>,
}

impl<K: Kind> Default for Samples<'_, K> {
    fn default() -> Self {
        Samples {
            source: K::Source::default(),
            first_read: Vec::new(),
            read: Vec::new(),
            walk: Vec::new(),
            tear_down: Vec::new(),
        }
    }
}

impl<'t, K: Kind> Samples<'t, K> {
    fn round(&mut self, text: &'t str) -> serde_json::Result<()> {
        let (first, first_read) = time(|| {
            let source = K::Source::default();
            K::read(text, &source).map(|tree| (tree, source))
        });
        drop(first?);
        let (tree, read) = time(|| K::read(text, &self.source));
        let tree = tree?;
        let (_, walk) = time(|| K::census(&tree));
        let ((), tear_down) = time(|| drop(tree));
        self.first_read.push(first_read);
        self.read.push(read);
        self.walk.push(walk);
        self.tear_down.push(tear_down);
        Ok(())
    }

    fn figures(self, text: &'t str) -> serde_json::Result<Figures> {
        let (held, heap) = tally(|| {
            let source = K::Source::default();
            K::read(text, &source).map(|tree| (tree, source))
        });
        let (_tree, source) = held?;
        Ok(Figures {
            first_read: median(self.first_read),
            read: median(self.read),
            walk: median(self.walk),
            tear_down: median(self.tear_down),
            heap,
            spare_bytes: K::spare_bytes(&source),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_is_an_object_of_the_heap_but_in_a_pool() {
        let numbers = 1_000;
        let text = format!("[{}]", vec!["7"; numbers].join(","));
        let comparison = compare(&text).unwrap();
        let (boxed, pooled) = (comparison.boxed, comparison.pooled);
        assert_eq!(boxed.heap.objects, 1 + numbers);
        assert!(pooled.heap.objects < 20, "{:?}", pooled.heap);
        assert_eq!(comparison.value.heap.objects, 1, "one `Vec`");
        assert_eq!(boxed.spare_bytes, 0);
        assert!((1..pooled.heap.bytes).contains(&pooled.spare_bytes), "{}", pooled.spare_bytes);
    }
}
