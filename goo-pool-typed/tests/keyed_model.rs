//! Random operations on a keyed pool, as data, against a map of what should be there.

mod common;

use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use common::{Entry, Ledger, scaled};
use goo_pool_typed::{Key, KeyedPool};
use proptest::prelude::*;

/// One step. Indices are taken modulo what there is, so that every list of steps is valid and can be shrunk.
#[derive(Debug, Clone)]
enum Op {
    Insert(usize),
    /// A constructor that panics.
    InsertPanics,
    Remove(usize),
    /// Every so manieth value, the first of them skipped.
    RemoveEvery(usize, usize),
    Retain(usize),
    RetainPanics(usize),
    Drain(usize),
    Clear,
    ClearPanics(usize),
    Reserve(usize),
    Shrink,
    /// The pool ends in an iterator, which gives so many values, and another begins.
    IntoIter(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let most = scaled(900, 60);
    let any = any::<usize>;
    prop_oneof![
        6 => (1..most).prop_map(Op::Insert),
        1 => Just(Op::InsertPanics),
        6 => any().prop_map(Op::Remove),
        4 => (any(), 1..9_usize).prop_map(|(first, step)| Op::RemoveEvery(first, step)),
        2 => (1..5_usize).prop_map(Op::Retain),
        1 => any().prop_map(Op::RetainPanics),
        1 => any().prop_map(Op::Drain),
        1 => Just(Op::Clear),
        1 => any().prop_map(Op::ClearPanics),
        1 => (0..most).prop_map(Op::Reserve),
        2 => Just(Op::Shrink),
        1 => any().prop_map(Op::IntoIter),
    ]
}

/// A value with its number at both ends, of a size that leaves a row few slots more than a power of two, or less.
struct Stamped<const N: usize> {
    entry: Entry,
    filler: [u64; N],
    back: usize,
}

struct Model<const N: usize> {
    pool: KeyedPool<Stamped<N>>,
    /// What is there: number and address.
    live: BTreeMap<Key<Stamped<N>>, (usize, usize)>,
    stale: Vec<Key<Stamped<N>>>,
    ledger: Ledger,
}

impl<const N: usize> Model<N> {
    fn new() -> Self {
        Self { pool: KeyedPool::new(), live: BTreeMap::new(), stale: Vec::new(), ledger: Ledger::default() }
    }

    fn stamped(&self) -> Stamped<N> {
        let entry = self.ledger.entry();
        let number = entry.number;
        Stamped { entry, filler: [number as u64; N], back: number }
    }

    fn nth(&self, index: usize) -> Option<Key<Stamped<N>>> {
        let index = index.checked_rem(self.live.len())?;
        self.live.keys().nth(index).copied()
    }

    fn gone(&mut self, key: Key<Stamped<N>>) -> usize {
        self.stale.push(key);
        self.live.remove(&key).expect("a value that was there").0
    }

    fn all_gone(&mut self) {
        self.stale.extend(std::mem::take(&mut self.live).into_keys());
    }

    fn remove(&mut self, key: Key<Stamped<N>>) {
        let removed = self.pool.remove(key).expect("a value that was there");
        assert_eq!(removed.entry.number, self.gone(key));
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Insert(count) => {
                for _ in 0..count {
                    let value = self.stamped();
                    let number = value.back;
                    let mut promised = None;
                    let key = self.pool.insert_with_key(|key| {
                        promised = Some(key);
                        value
                    });
                    assert_eq!(promised, Some(key));
                    let address = ptr::from_ref(&self.pool[key]).addr();
                    assert!(self.live.insert(key, (number, address)).is_none(), "{key:?} is given twice");
                }
            }
            Op::InsertPanics => {
                let panicked = catch_unwind(AssertUnwindSafe(|| self.pool.insert_with_key(|_| panic!("no value"))));
                assert!(panicked.is_err());
            }
            Op::Remove(index) => {
                if let Some(key) = self.nth(index) {
                    self.remove(key);
                }
            }
            Op::RemoveEvery(first, step) => {
                let keys: Vec<_> = self.live.keys().copied().skip(first % 64).step_by(step).collect();
                keys.into_iter().for_each(|key| self.remove(key));
            }
            Op::Retain(step) => {
                let mut removed = Vec::new();
                self.pool.retain(|key, value| {
                    let keep = value.back % step == 0;
                    if !keep {
                        removed.push((key, value.back));
                    }
                    keep
                });
                removed.into_iter().for_each(|(key, number)| assert_eq!(self.gone(key), number));
            }
            Op::RetainPanics(index) => {
                let Some(culprit) = self.nth(index) else { return };
                let mut removed = Vec::new();
                let panicked = catch_unwind(AssertUnwindSafe(|| {
                    self.pool.retain(|key, _| {
                        assert_ne!(key, culprit, "the predicate panics");
                        removed.push(key);
                        false
                    });
                }));
                assert!(panicked.is_err());
                removed.into_iter().for_each(|key| _ = self.gone(key));
            }
            Op::Drain(taken) => {
                let taken = taken % (self.live.len() + 1);
                let mut drain = self.pool.drain();
                assert_eq!(drain.len(), self.live.len());
                for (key, value) in drain.by_ref().take(taken) {
                    assert_eq!(self.live[&key].0, value.back);
                }
                drop(drain);
                self.all_gone();
            }
            Op::Clear => {
                self.pool.clear();
                self.all_gone();
            }
            Op::ClearPanics(index) => {
                let Some(culprit) = self.nth(index) else { return };
                self.ledger.panic_in_drop_of(self.live[&culprit].0);
                assert!(catch_unwind(AssertUnwindSafe(|| self.pool.clear())).is_err());
                self.all_gone();
            }
            Op::Reserve(additional) => {
                self.pool.reserve(additional).unwrap();
                assert!(self.pool.capacity() >= self.live.len() + additional);
            }
            Op::Shrink => {
                self.pool.shrink_to_fit();
                assert!(!self.live.is_empty() || self.pool.capacity() == 0);
            }
            Op::IntoIter(taken) => {
                let taken = taken % (self.live.len() + 1);
                let mut values = std::mem::take(&mut self.pool).into_iter();
                assert_eq!(values.len(), self.live.len());
                for (key, value) in values.by_ref().take(taken) {
                    assert_eq!(self.live[&key].0, value.back);
                }
                drop(values);
                // Another pool: the old keys say nothing about it.
                self.live.clear();
                self.stale.clear();
            }
        }
    }

    fn check(&mut self) {
        assert_eq!((self.pool.len(), self.pool.is_empty()), (self.live.len(), self.live.is_empty()));
        assert_eq!(self.ledger.live(), self.live.len());
        assert!(self.pool.capacity() >= self.live.len());
        for (&key, &(number, address)) in &self.live {
            let value = self.pool.get(key).expect("a live key");
            assert_eq!((value.entry.number, value.back, ptr::from_ref(value).addr()), (number, number, address));
            assert!(value.filler.iter().all(|&filler| filler == number as u64), "a value was overwritten");
        }
        assert!(self.stale.iter().all(|&key| !self.pool.contains(key) && self.pool.get(key).is_none()));
        let mut by_address: Vec<_> =
            self.live.iter().map(|(&key, &(number, address))| (address, key, number)).collect();
        by_address.sort_unstable_by_key(|(address, ..)| *address);
        assert!(
            self.pool
                .iter()
                .map(|(key, value)| (key, value.back))
                .eq(by_address.iter().map(|&(_, key, number)| (key, number)))
        );
        let mut folded = Vec::new();
        self.pool.iter_mut().for_each(|(key, value)| folded.push((ptr::from_ref(value).addr(), key, value.back)));
        assert_eq!(folded, by_address);
    }
}

fn run<const N: usize>(ops: &[Op]) {
    let mut model = Model::<N>::new();
    for op in ops {
        model.apply(op);
        model.check();
    }
    let ledger = model.ledger.clone();
    drop(model);
    ledger.assert_settled();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: scaled(60, 2) as u32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_keyed_pool_does_what_a_map_does(ops in prop::collection::vec(op(), 1..scaled(50, 12))) {
        // A row has more numbers than slots, then about as many, then less slots than a word has bits.
        run::<6>(&ops);
        run::<0>(&ops);
        run::<400>(&ops);
    }
}

#[test]
fn keys_of_one_pool_are_never_the_same() {
    let mut pool = KeyedPool::new();
    let mut seen = HashSet::new();
    let mut random = 1_u32;
    let mut keys = Vec::new();
    for step in 0..scaled(30_000, 1_000) {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if random >> 30 == 0 && !keys.is_empty() {
            let key = keys.swap_remove(random as usize % keys.len());
            assert!(pool.remove(key).is_some());
        } else {
            let key = pool.insert(step);
            assert!(seen.insert(key), "{key:?} is given twice");
            keys.push(key);
        }
        if random & 0x3ff == 0 {
            keys.truncate(keys.len() / 8);
            pool.retain(|key, _| keys.contains(&key));
            pool.shrink_to_fit();
        }
    }
}
