//! Times the service with both kinds of tasks in turn.

use std::time::{Duration, Instant};

use crate::executor::Executor;
use crate::heap::tally;
use crate::kinds::{Boxed, Kind, Pooled};
use crate::service::{MOST_TASKS, Service};

const THREADS: usize = 2;
const ROUNDS: usize = 5;
/// Of a round, besides one to warm up.
const LAPS_OF_ROUND: usize = 4;
/// How many laps a row is about.
pub(crate) const LAPS: usize = ROUNDS * LAPS_OF_ROUND;

pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// The median.
    pub(crate) lap: Duration,
    /// Of all threads, in all laps but those to warm up.
    pub(crate) requests: isize,
}

pub(crate) struct Comparison {
    pub(crate) words: usize,
    /// In each lap.
    pub(crate) tasks: usize,
    /// In a lap, on average.
    pub(crate) polls: usize,
    pub(crate) rows: [Row; 2],
}

struct Round {
    laps: Vec<Duration>,
    requests: isize,
    polls: usize,
    words: usize,
}

pub(crate) fn compare(text: &'static str) -> Comparison {
    // Side by side, so that a slow moment of the machine meets both.
    let (boxed, pooled): (Vec<_>, Vec<_>) = (0..ROUNDS).map(|_| (round::<Boxed>(text), round::<Pooled>(text))).unzip();
    let expected = text.split_whitespace().count();
    assert!(boxed.iter().chain(&pooled).all(|round| round.words == expected), "words are counted wrong");
    Comparison {
        words: expected,
        tasks: text.lines().count() + 1,
        polls: pooled.iter().map(|round| round.polls).sum::<usize>() / (LAPS + ROUNDS),
        rows: [row::<Boxed>(&boxed), row::<Pooled>(&pooled)],
    }
}

fn row<K: Kind>(rounds: &[Round]) -> Row {
    let mut laps: Vec<Duration> = rounds.iter().flat_map(|round| &round.laps).copied().collect();
    laps.sort_unstable();
    Row { name: K::NAME, lap: laps[laps.len() / 2], requests: rounds.iter().map(|round| round.requests).sum() }
}

fn round<K: Kind>(text: &'static str) -> Round {
    let lines = text.lines().count();
    let executor = Executor::<K>::new(MOST_TASKS);
    let service = Service::new(executor.clone(), lines);
    let (answers, sums) = (executor.group(), executor.group());
    let mut words = 0;
    let mut lap = || {
        let begin = Instant::now();
        sums.spawn(service.clone().add_up(lines));
        for (number, line) in text.lines().enumerate() {
            answers.spawn(service.clone().answer(number, line));
        }
        executor.wait();
        let time = begin.elapsed();
        words = service.take_total(text);
        time
    };
    let (laps, heap) = executor.run(THREADS, || {
        let mut laps = Vec::with_capacity(LAPS_OF_ROUND);
        lap();
        let ((), heap) = tally(|| laps.extend((0..LAPS_OF_ROUND).map(|_| lap())));
        (laps, heap)
    });
    Round { laps, requests: heap.requests, polls: executor.polls(), words }
}
