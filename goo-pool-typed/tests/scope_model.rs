//! Random operations on scopes of one pool, as data, against vectors of what should be there.

mod common;

use common::{Entry, Ledger, Watched, scaled};
use goo_pool_typed::{Pool, PoolBox, Scope};
use proptest::prelude::*;

/// One step. Indices are taken modulo what there is, so that every list of steps is valid and can be shrunk.
#[derive(Debug, Clone)]
enum Op {
    Open,
    Alloc(usize, usize),
    AllocIter(usize, usize),
    /// A constructor that allocates so many values itself, and then panics or not.
    Nested {
        scope: usize,
        before_panic: usize,
        panics: bool,
    },
    Reset(usize),
    ResetWithPanic(usize, usize),
    End(usize),
    Box(usize),
    Unbox(usize),
    Promote(usize),
    Shrink,
}

fn op() -> impl Strategy<Value = Op> {
    let most = scaled(60, 10);
    let any = any::<usize>;
    prop_oneof![
        3 => Just(Op::Open),
        8 => (any(), 1..most).prop_map(|(scope, count)| Op::Alloc(scope, count)),
        3 => (any(), 0..most).prop_map(|(scope, count)| Op::AllocIter(scope, count)),
        4 => (any(), 0..most, prop::bool::ANY)
            .prop_map(|(scope, before_panic, panics)| Op::Nested { scope, before_panic, panics }),
        3 => any().prop_map(Op::Reset),
        1 => (any(), any()).prop_map(|(scope, culprit)| Op::ResetWithPanic(scope, culprit)),
        2 => any().prop_map(Op::End),
        2 => (0..most).prop_map(Op::Box),
        2 => (0..most).prop_map(Op::Unbox),
        1 => any().prop_map(Op::Promote),
        1 => Just(Op::Shrink),
    ]
}

/// A value, and its number again at its other end.
struct Stamped {
    front: usize,
    entry: Entry,
    back: usize,
}

impl Stamped {
    fn new(ledger: &Ledger) -> Self {
        let entry = ledger.entry();
        Self { front: entry.number, back: entry.number, entry }
    }

    fn number(&self) -> usize {
        assert_eq!((self.front, self.back), (self.entry.number, self.entry.number), "overwritten");
        self.entry.number
    }
}

#[derive(Default)]
struct Model {
    scopes: Vec<(Scope<Stamped>, Vec<usize>)>,
    boxes: Vec<(PoolBox<Stamped>, usize)>,
}

impl Model {
    fn scope(&mut self, at: usize) -> Option<&mut (Scope<Stamped>, Vec<usize>)> {
        let count = self.scopes.len();
        self.scopes.get_mut(at.checked_rem(count)?)
    }

    fn apply(&mut self, op: Op, pool: &Pool<Stamped>, ledger: &Ledger) {
        match op {
            Op::Open => self.scopes.push((pool.scope(), Vec::new())),
            Op::Alloc(at, count) => {
                let Some((scope, expected)) = self.scope(at) else { return };
                for _ in 0..count {
                    expected.push(scope.alloc(Stamped::new(ledger)).number());
                }
            }
            Op::AllocIter(at, count) => {
                let Some((scope, expected)) = self.scope(at) else { return };
                let values = scope.alloc_iter((0..count).map(|_| Stamped::new(ledger)));
                expected.extend(values.map(|value| value.number()));
            }
            Op::Nested { scope: at, before_panic, panics } => {
                let Some((scope, expected)) = self.scope(at) else { return };
                let place = expected.len();
                let make = || {
                    for _ in 0..before_panic {
                        expected.push(scope.alloc(Stamped::new(ledger)).number());
                    }
                    assert!(!panics, "the constructor panics");
                    Stamped::new(ledger)
                };
                let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| scope.alloc_with(make).number()));
                assert_eq!(made.is_err(), panics);
                // Its place was taken first.
                if let Ok(number) = made {
                    expected.insert(place, number);
                }
            }
            Op::Reset(at) => {
                let Some((scope, expected)) = self.scope(at) else { return };
                scope.reset();
                expected.clear();
            }
            Op::ResetWithPanic(at, culprit) => {
                let Some((scope, expected)) = self.scope(at) else { return };
                let Some(culprit) = culprit.checked_rem(expected.len()) else { return };
                ledger.panic_in_drop_of(expected[culprit]);
                common::panic_of(|| scope.reset());
                expected.clear();
            }
            Op::End(at) => {
                if let Some(at) = at.checked_rem(self.scopes.len()) {
                    drop(self.scopes.swap_remove(at));
                }
            }
            Op::Box(count) => {
                for _ in 0..count {
                    let boxed = pool.alloc(Stamped::new(ledger));
                    let number = boxed.number();
                    self.boxes.push((boxed, number));
                }
            }
            Op::Unbox(count) => self.boxes.truncate(self.boxes.len().saturating_sub(count)),
            Op::Promote(at) => {
                let Some((scope, expected)) = self.scope(at) else { return };
                let Some(value) = scope.iter_mut().next() else { return };
                let boxed = pool.alloc(std::mem::replace(value, Stamped::new(ledger)));
                expected[0] = value.number();
                let number = boxed.number();
                self.boxes.push((boxed, number));
            }
            Op::Shrink => pool.shrink_to_fit(),
        }
    }

    fn check(&mut self, pool: &Pool<Stamped>, ledger: &Ledger) {
        let mut live = self.boxes.len();
        for (scope, expected) in &mut self.scopes {
            assert_eq!(scope.len(), expected.len());
            assert!(scope.iter_mut().map(|value| value.number()).eq(expected.iter().copied()));
            live += expected.len();
        }
        assert!(self.boxes.iter().all(|(boxed, number)| boxed.number() == *number));
        assert_eq!(ledger.live(), live);
        assert!((live..=pool.capacity()).contains(&pool.len()), "what a scope has not used yet counts in the pool");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: scaled(100, 3) as u32,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn scopes_hold_what_was_put_into_them(
        ops in prop::collection::vec(op(), 1..scaled(50, 12)),
        small_segments in any::<bool>(),
    ) {
        let (parent, ledger) = (Watched::default(), Ledger::default());
        let builder = Pool::builder().parent(parent.clone());
        // Then most rows have one or two chunks.
        let builder = if small_segments { builder.first_segment(1).max_segment(300) } else { builder };
        let pool = builder.build().unwrap();
        let mut model = Model::default();
        for op in ops {
            model.apply(op, &pool, &ledger);
            model.check(&pool, &ledger);
        }
        drop(model);
        ledger.assert_settled();
        prop_assert!(pool.is_empty());
        drop(pool);
        prop_assert_eq!(parent.0.pieces(), 0);
    }
}
