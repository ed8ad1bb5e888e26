//! Random operations on a recycler, as data, against a count of what should be where.

mod common;

use std::rc::Rc;

use common::{Entry, Ledger, Watched, panic_of, scaled};
use goo_pool_typed::{Pool, PoolBox, Recycled, Recycler, RecyclerStats};
use proptest::prelude::*;

/// One step. Indices are taken modulo what there is, so that every list of steps is valid and can be shrunk.
#[derive(Debug, Clone)]
enum Op {
    Take(usize),
    TakeWithPanic,
    GiveBack(usize),
    GiveBackMany(usize),
    ResetPanics(usize),
    IntoInner(usize),
    IntoBox(usize),
    Clear,
    Shrink,
}

fn op() -> impl Strategy<Value = Op> {
    let (any, most) = (any::<usize>, scaled(40, 8));
    prop_oneof![
        6 => (1..most).prop_map(Op::Take),
        1 => Just(Op::TakeWithPanic),
        4 => any().prop_map(Op::GiveBack),
        4 => (1..most).prop_map(Op::GiveBackMany),
        1 => any().prop_map(Op::ResetPanics),
        1 => any().prop_map(Op::IntoInner),
        1 => any().prop_map(Op::IntoBox),
        1 => Just(Op::Clear),
        1 => Just(Op::Shrink),
    ]
}

struct Value {
    entry: Entry,
    used: bool,
    reset_panics: bool,
}

fn reset(value: &mut Value) {
    assert!(!value.reset_panics, "the reset panics");
    value.used = false;
}

type Guard = Recycled<Rc<Recycler<Value>>>;

struct Model {
    recycler: Rc<Recycler<Value>>,
    keep: usize,
    ledger: Ledger,
    guards: Vec<Guard>,
    boxes: Vec<PoolBox<Value>>,
    expected: RecyclerStats,
}

impl Model {
    fn guard(&mut self, at: usize) -> Option<Guard> {
        let at = at.checked_rem(self.guards.len())?;
        Some(self.guards.swap_remove(at))
    }

    fn expect_back(&mut self) {
        if self.expected.kept < self.keep {
            self.expected.kept += 1;
        } else {
            self.expected.dropped += 1;
        }
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Take(count) => {
                for _ in 0..count {
                    let make = || Value { entry: self.ledger.entry(), used: false, reset_panics: false };
                    let mut guard = Recycled::take_or_else(self.recycler.clone(), make);
                    assert!(!std::mem::replace(&mut guard.used, true), "it was not reset");
                    self.guards.push(guard);
                    match self.expected.kept.checked_sub(1) {
                        Some(left) => {
                            self.expected.kept = left;
                            self.expected.reused += 1;
                        }
                        None => self.expected.made += 1,
                    }
                }
            }
            Op::TakeWithPanic => {
                if self.expected.kept == 0 {
                    panic_of(|| drop(self.recycler.take_or_else(|| panic!("not made"))));
                }
            }
            Op::GiveBack(at) => {
                if let Some(guard) = self.guard(at) {
                    drop(guard);
                    self.expect_back();
                }
            }
            Op::GiveBackMany(count) => {
                for _ in 0..count.min(self.guards.len()) {
                    self.guards.pop();
                    self.expect_back();
                }
            }
            Op::ResetPanics(at) => {
                if let Some(mut guard) = self.guard(at) {
                    guard.reset_panics = true;
                    panic_of(move || drop(guard));
                    self.expected.dropped += 1;
                }
            }
            Op::IntoInner(at) => {
                if let Some(guard) = self.guard(at) {
                    assert!(Recycled::into_inner(guard).used);
                }
            }
            Op::IntoBox(at) => {
                if let Some(guard) = self.guard(at) {
                    self.boxes.push(Recycled::into_box(guard));
                }
            }
            Op::Clear => {
                self.recycler.clear();
                self.expected.kept = 0;
            }
            Op::Shrink => self.recycler.pool().shrink_to_fit(),
        }
    }

    fn check(&self) {
        assert_eq!(self.recycler.stats(), self.expected);
        let live = self.guards.len() + self.boxes.len() + self.expected.kept;
        assert_eq!((self.ledger.live(), self.recycler.pool().len()), (live, live));
        let mut numbers: Vec<usize> = self.guards.iter().map(|guard| guard.entry.number).collect();
        numbers.sort_unstable();
        assert!(numbers.windows(2).all(|pair| pair[0] != pair[1]), "one value is lent twice");
        assert!(self.guards.iter().all(|guard| guard.used), "one value is lent twice");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: scaled(150, 4) as u32,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_recycler_lends_each_value_to_one_at_a_time(
        ops in prop::collection::vec(op(), 1..scaled(60, 12)),
        keep in prop_oneof![Just(0_usize), 1..5_usize, Just(1000)],
    ) {
        let (parent, ledger) = (Watched::default(), Ledger::default());
        let pool = Pool::builder().parent(parent.clone()).build().unwrap();
        let recycler = Rc::new(pool.recycler(reset).keep(keep));
        drop(pool);
        let (guards, boxes, expected) = (Vec::new(), Vec::new(), RecyclerStats::default());
        let mut model = Model { recycler, keep, ledger: ledger.clone(), guards, boxes, expected };
        for op in ops {
            model.apply(op);
            model.check();
        }
        drop(model);
        ledger.assert_settled();
        prop_assert_eq!(parent.0.pieces(), 0);
    }
}
