//! Every cache gets the same requests, and must give the same answers.

use std::time::Duration;

use goo_pool_examples::heap::tally;
use goo_pool_examples::{Random, median, mix, time};
use lru::LruCache;

use crate::cache::{Cache, Id, Page};
use crate::list::ListCache;
use crate::naive::NaiveCache;
use crate::rc_kind::{GlobalRcs, PoolRcs};
use crate::rc_list::RcCache;
use crate::store_kind::{KeyedPools, Slabs, SlotMaps};
use crate::stream::Stream;

/// How many times more pages there are than a cache has room for.
pub(crate) const PAGES_FOR_EACH_ENTRY: usize = 16;
/// Turns that are measured once the caches are full, each of one request for so many entries.
const TURNS: usize = 20;
const ENTRIES_FOR_EACH_REQUEST: usize = 8;
const SEED: u64 = 1;

/// What a cache did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Log {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    /// Of every page that was read and every page that had to go, in this order.
    digest: u64,
}

impl Log {
    #[inline]
    fn note(&mut self, number: u64) {
        // By an odd number, which loses nothing; the earlier, the more often.
        self.digest = (self.digest ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    #[inline]
    fn note_gone(&mut self, gone: Option<(Id, Page)>) {
        if let Some((id, page)) = gone {
            self.note(id);
            self.note(page.sum());
        }
    }
}

/// A cache under test, whatever its type.
trait Contestant {
    fn name(&self) -> &'static str;

    fn log(&self) -> Log;

    /// The page is in the cache, or comes into it.
    fn ask(&mut self, ids: &[Id]);

    /// The page changes, whether it is in the cache or not.
    fn write(&mut self, id: Id, page: Page);

    /// What is in it, the newest first.
    fn survivors(&self) -> Vec<(Id, u64)>;

    /// What another cache of this kind holds of the heap when it is full.
    fn bytes_when_full(&self, capacity: usize) -> usize;
}

struct Logged<C> {
    cache: C,
    log: Log,
}

impl<C: Cache> Contestant for Logged<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn log(&self) -> Log {
        self.log
    }

    fn ask(&mut self, ids: &[Id]) {
        for &id in ids {
            if let Some(sum) = self.cache.get(id, Page::sum) {
                self.log.hits += 1;
                self.log.note(sum);
            } else {
                self.log.misses += 1;
                let page = Page::load(id);
                self.log.note(page.sum());
                self.log.note_gone(self.cache.push(id, page));
            }
        }
    }

    fn write(&mut self, id: Id, page: Page) {
        self.log.note_gone(self.cache.push(id, page));
    }

    fn survivors(&self) -> Vec<(Id, u64)> {
        let mut survivors = Vec::new();
        self.cache.for_each(|id, page| survivors.push((id, page.sum())));
        survivors
    }

    fn bytes_when_full(&self, capacity: usize) -> usize {
        let (full, held) = tally(|| {
            let mut cache = C::new(capacity);
            for id in (0..capacity as u64).map(mix) {
                cache.push(id, Page::load(id));
            }
            cache
        });
        drop(full);
        held.bytes
    }
}

fn start<C: Cache + 'static>(capacity: usize) -> Box<dyn Contestant> {
    Box::new(Logged { cache: C::new(capacity), log: Log::default() })
}

/// Ours first.
fn contestants(capacity: usize) -> Vec<Box<dyn Contestant>> {
    vec![
        start::<ListCache<KeyedPools>>(capacity),
        start::<ListCache<Slabs>>(capacity),
        start::<ListCache<SlotMaps>>(capacity),
        start::<LruCache<Id, Page>>(capacity),
        start::<RcCache<PoolRcs>>(capacity),
        start::<RcCache<GlobalRcs>>(capacity),
    ]
}

fn assert_same_logs(contestants: &[Box<dyn Contestant>]) -> Log {
    let first = contestants[0].log();
    for other in &contestants[1..] {
        assert_eq!(other.log(), first, "{} and {} disagree", other.name(), contestants[0].name());
    }
    first
}

fn assert_same_survivors(contestants: &[Box<dyn Contestant>]) -> usize {
    let first = contestants[0].survivors();
    for other in &contestants[1..] {
        assert!(other.survivors() == first, "{} and {} disagree", other.name(), contestants[0].name());
    }
    first.len()
}

/// Puts all caches beside the naive one, with pages that are asked for and pages that are written, and compares them
/// after each.
///
/// # Panics
///
/// If one does otherwise.
pub(crate) fn check(capacity: usize, operations: usize) {
    let mut all = contestants(capacity);
    all.push(start::<NaiveCache>(capacity));
    let mut random = Random::new(SEED);
    for id in Stream::new(capacity * 4, SEED).take(operations) {
        let content = (random.below(4) == 0).then(|| random.next_u64());
        for contestant in &mut all {
            match content {
                Some(content) => contestant.write(id, Page::load(content)),
                None => contestant.ask(&[id]),
            }
        }
        assert_same_logs(&all);
        assert_same_survivors(&all);
    }
}

pub(crate) struct Results {
    /// Before the caches were full.
    pub(crate) filling: usize,
    /// Afterwards.
    pub(crate) requests: usize,
    pub(crate) hits: u64,
    /// Ours first.
    pub(crate) figures: Vec<Figures>,
}

pub(crate) struct Figures {
    pub(crate) name: &'static str,
    /// For each request, until the cache was full.
    pub(crate) filling: f64,
    /// For each request, once it is full: the median of the turns.
    pub(crate) request: f64,
    /// For each entry that was left.
    pub(crate) tear_down: f64,
    pub(crate) bytes: f64,
}

/// # Panics
///
/// If two caches disagree.
pub(crate) fn compare(capacity: usize) -> Results {
    let mut all = contestants(capacity);
    let mut stream = Stream::new(capacity * PAGES_FOR_EACH_ENTRY, SEED);
    let turn = (capacity / ENTRIES_FOR_EACH_REQUEST).max(1);
    // In turns, so that a slow moment of the machine meets all of them.
    let mut take_turns = |turns: &mut Vec<Vec<Duration>>| {
        let ids: Vec<Id> = stream.by_ref().take(turn).collect();
        turns.push(all.iter_mut().map(|contestant| time(|| contestant.ask(&ids)).1).collect());
        assert_same_logs(&all)
    };

    // What goes is only what does not fit: as many misses as entries, and it is full.
    let mut filling = Vec::new();
    let full = loop {
        let log = take_turns(&mut filling);
        if log.misses >= capacity as u64 {
            break log;
        }
    };
    let mut turns = Vec::new();
    let mut last = full;
    while turns.len() < TURNS {
        last = take_turns(&mut turns);
    }

    let entries = assert_same_survivors(&all);
    assert_eq!(entries, capacity, "full");
    let figures = all.into_iter().enumerate().map(|(index, contestant)| {
        let bytes = contestant.bytes_when_full(capacity);
        Figures {
            name: contestant.name(),
            filling: filling.iter().map(|times| nanos(times[index], turn)).sum::<f64>() / filling.len() as f64,
            request: median(turns.iter().map(|times| nanos(times[index], turn)).collect()),
            tear_down: nanos(time(|| drop(contestant)).1, capacity),
            bytes: bytes as f64 / capacity as f64,
        }
    });
    Results {
        figures: figures.collect(),
        filling: filling.len() * turn,
        requests: turns.len() * turn,
        hits: last.hits - full.hits,
    }
}

fn nanos(time: Duration, operations: usize) -> f64 {
    time.as_nanos() as f64 / operations as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches_of_every_small_size_do_as_the_naive_one() {
        for capacity in 1..=if cfg!(miri) { 3 } else { 9 } {
            check(capacity, if cfg!(miri) { 100 } else { 2_000 });
        }
    }

    #[test]
    fn another_answer_is_noticed() {
        let mut all = contestants(2);
        all[3].write(1, Page::load(1));
        all[3].write(2, Page::load(2));
        assert_eq!(assert_same_logs(&all), Log::default());
        // It has to put something out, and the others have not.
        all[3].write(3, Page::load(3));
        assert_ne!(all[3].log(), all[0].log());
        assert_ne!(all[3].survivors(), all[0].survivors());
        assert_eq!(all[3].survivors(), [(3, Page::load(3).sum()), (2, Page::load(2).sum())]);
    }

    #[test]
    fn long_list_of_counted_entries_is_dropped_without_recursion() {
        let capacity = if cfg!(miri) { 1_000 } else { 200_000 };
        let cache = std::thread::Builder::new().stack_size(64 << 10).spawn(move || {
            let mut cache = RcCache::<GlobalRcs>::new(capacity);
            for id in 0..capacity as u64 {
                assert!(cache.push(id, Page::load(id)).is_none());
            }
        });
        cache.expect("a thread").join().expect("no overflow");
    }

    #[test]
    fn what_is_compared_is_full_and_has_both_hits_and_misses() {
        let results = compare(if cfg!(miri) { 16 } else { 1_000 });
        assert_eq!(results.figures.len(), 6);
        assert!((1..results.requests as u64).contains(&results.hits), "{} hits", results.hits);
        // An entry is 64 bytes and its place in the map 16, or a little less with short keys.
        for figures in results.figures {
            assert!(figures.bytes > 70.0, "{}: {} bytes", figures.name, figures.bytes);
        }
    }
}
