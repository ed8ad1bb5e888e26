//! Times the pipeline with both kinds of box in turn.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::Failure;
use crate::box_kind::{BoxKind, GlobalBoxes, SyncPoolBoxes};
use crate::heap::{Tally, tally};
use crate::pipeline::{Pools, run};

/// How often a round goes through the text: starting threads is then a small part of it.
const LAPS: usize = 20;
/// Rounds are cheap for a small text and dear for a large one: this much time, then no new round.
const BUDGET: Duration = Duration::from_secs(2);
const MOST_ROUNDS: usize = 101;

pub(crate) struct Figures {
    /// The median.
    pub(crate) round: Duration,
    /// Of one round that begins with nothing.
    pub(crate) heap: Tally,
}

pub(crate) struct Comparison {
    pub(crate) rounds: usize,
    /// In each round.
    pub(crate) changes: usize,
    pub(crate) boxed: Figures,
    pub(crate) pooled: Figures,
    /// How many rules and changes the pools had memory for, after the first round and after the last.
    pub(crate) capacities: [(usize, usize); 2],
}

pub(crate) fn compare(text: &str) -> Result<Comparison, Failure> {
    let (boxes, pools) = (Pools::<GlobalBoxes>::default(), Pools::<SyncPoolBoxes>::default());
    let capacity = || (pools.rules.capacity(), pools.changes.capacity());
    // The first round of each is not timed.
    let changes = round(text, &boxes)?.0;
    assert_eq!(round(text, &pools)?.0, changes);
    let after_first = capacity();

    let (mut boxed, mut pooled) = (Vec::new(), Vec::new());
    let begin = Instant::now();
    while boxed.is_empty() || (begin.elapsed() < BUDGET && boxed.len() < MOST_ROUNDS) {
        // Side by side, so that a slow moment of the machine meets both.
        boxed.push(round(text, &boxes)?.1);
        pooled.push(round(text, &pools)?.1);
    }
    Ok(Comparison {
        rounds: boxed.len(),
        changes,
        boxed: figures::<GlobalBoxes>(text, boxed)?,
        pooled: figures::<SyncPoolBoxes>(text, pooled)?,
        capacities: [after_first, capacity()],
    })
}

fn round<'t, K: BoxKind>(text: &'t str, pools: &Pools<'t, K>) -> Result<(usize, Duration), Failure> {
    let begin = Instant::now();
    let mut latest = 0;
    let changes = run(text, LAPS, pools, |change| {
        latest = latest.max(change.day());
        Ok(())
    })?;
    black_box(latest);
    Ok((changes, begin.elapsed()))
}

fn figures<K: BoxKind>(text: &str, mut rounds: Vec<Duration>) -> Result<Figures, Failure> {
    rounds.sort_unstable();
    let (result, heap) = tally(|| round(text, &Pools::<K>::default()));
    result?;
    Ok(Figures { round: rounds[rounds.len() / 2], heap })
}
