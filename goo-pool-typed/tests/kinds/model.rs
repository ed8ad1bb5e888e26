//! Random operations, as data, against a vector of what should be there.

use std::any::Any;

use crate::common::{Entry, Ledger, Watched, scaled};
use crate::kind::{self, Pool, PoolBox};
use goo_pool_typed::unsize;
use proptest::prelude::*;

/// One step. Indices are taken modulo the number of boxes, so that every list of steps is valid and can be
/// shrunk.
#[derive(Debug, Clone)]
enum Op {
    Alloc(usize),
    AllocIter(usize),
    Drop(usize),
    DropEvery { start: usize, every: usize, count: usize },
    IntoInner(usize),
    ThroughRaw(usize),
    ThroughDyn(usize),
    Clone(usize),
    CloneFrom(usize, usize),
    Swap(usize, usize),
    Overwrite(usize),
    Uninit,
    Reserve(usize),
    Shrink,
    Close,
    Open(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let most = scaled(200, 20);
    let any = any::<usize>;
    prop_oneof![
        6 => (1..most).prop_map(Op::Alloc),
        2 => (0..most).prop_map(Op::AllocIter),
        6 => any().prop_map(Op::Drop),
        5 => (any(), 1..5_usize, 1..most).prop_map(|(start, every, count)| Op::DropEvery { start, every, count }),
        2 => any().prop_map(Op::IntoInner),
        2 => any().prop_map(Op::ThroughRaw),
        2 => any().prop_map(Op::ThroughDyn),
        3 => any().prop_map(Op::Clone),
        1 => (any(), any()).prop_map(|(to, from)| Op::CloneFrom(to, from)),
        1 => (any(), any()).prop_map(|(a, b)| Op::Swap(a, b)),
        1 => any().prop_map(Op::Overwrite),
        1 => Just(Op::Uninit),
        1 => (0..most).prop_map(Op::Reserve),
        1 => Just(Op::Shrink),
        2 => Just(Op::Close),
        2 => any().prop_map(Op::Open),
    ]
}

/// A value, and a stamp on both of its ends.
#[derive(Clone)]
struct Stamped {
    front: u64,
    _entry: Entry,
    back: u64,
}

struct Model {
    /// `None` while the pool is closed, or gone.
    pool: Option<Pool<Stamped>>,
    parent: Watched,
    limit: Option<usize>,
    ledger: Ledger,
    /// Each box, and the stamp its value should have.
    live: Vec<(PoolBox<Stamped>, u64)>,
    stamp: u64,
}

impl Model {
    fn value(&mut self) -> Stamped {
        self.stamp += 1;
        Stamped { front: self.stamp, _entry: self.ledger.entry(), back: self.stamp }
    }

    /// How many more values fit.
    fn room(&self) -> usize {
        self.limit.map_or(usize::MAX, |limit| limit - self.live.len())
    }

    fn index(&self, n: usize) -> Option<usize> {
        (!self.live.is_empty()).then(|| n % self.live.len())
    }

    fn alloc(&mut self, pool: &Pool<Stamped>) {
        let value = self.value();
        let (stamp, has_room) = (value.front, self.room() > 0);
        match pool.try_alloc(value) {
            Ok(boxed) => {
                assert!(has_room, "beyond the limit");
                self.live.push((boxed, stamp));
            }
            Err(refused) => {
                assert!(!has_room, "refused below the limit");
                assert_eq!(refused.into_value().front, stamp);
            }
        }
    }

    /// Steps that allocate do nothing while there is no handle.
    fn apply(&mut self, op: &Op) {
        let pool = self.pool.clone();
        match (op, &pool) {
            (&Op::Alloc(count), Some(pool)) => (0..count).for_each(|_| self.alloc(pool)),
            (&Op::AllocIter(count), Some(pool)) => {
                let first = self.stamp + 1;
                let values: Vec<_> = (0..count.min(self.room())).map(|_| self.value()).collect();
                self.live.extend(pool.alloc_iter(values).zip(first..));
            }
            (&Op::Uninit, Some(pool)) => drop(pool.try_alloc_uninit()),
            (&Op::Reserve(count), Some(pool)) => match pool.reserve(count) {
                Ok(()) => assert!(pool.capacity() >= self.live.len() + count),
                Err(_) => assert!(self.room() < count),
            },
            (Op::Shrink, Some(pool)) => pool.shrink_to_fit(),
            (Op::Close, Some(_)) => self.pool = None,
            (&Op::Open(n), None) if kind::OPENS_AGAIN => {
                self.pool = self.index(n).map(|n| PoolBox::pool(&self.live[n].0));
            }
            (&Op::DropEvery { start, every, count }, _) => {
                let chosen: Vec<_> = self.index(start).into_iter().flat_map(|start| start..self.live.len()).collect();
                for n in chosen.into_iter().step_by(every).take(count).rev() {
                    self.live.swap_remove(n);
                }
            }
            (&Op::CloneFrom(to, from), _) => {
                if let Some(to) = self.index(to) {
                    let (mut target, mut stamp) = self.live.swap_remove(to);
                    if let Some(from) = self.index(from) {
                        target.clone_from(&self.live[from].0);
                        stamp = self.live[from].1;
                    }
                    self.live.push((target, stamp));
                }
            }
            (&Op::Swap(a, b), _) => {
                if let (Some(a), Some(b)) = (self.index(a), self.index(b)) {
                    self.live.swap(a, b);
                }
            }
            (&Op::Drop(n) | &Op::IntoInner(n) | &Op::ThroughRaw(n) | &Op::ThroughDyn(n), _)
            | (&Op::Clone(n) | &Op::Overwrite(n), _) => {
                if let Some(n) = self.index(n) {
                    self.apply_to_box(op, n);
                }
            }
            // Steps for an open pool while it is closed, and for a closed one while it is open.
            _ => {}
        }
    }

    fn apply_to_box(&mut self, op: &Op, n: usize) {
        let (mut boxed, stamp) = self.live.swap_remove(n);
        match op {
            Op::Drop(_) => return,
            Op::IntoInner(_) => return assert_eq!(PoolBox::into_inner(boxed).back, stamp),
            Op::ThroughRaw(_) => {
                // SAFETY: it comes from `into_raw`, once.
                boxed = unsafe { PoolBox::from_raw(PoolBox::into_raw(boxed)) };
            }
            Op::ThroughDyn(_) => boxed = unsize!(boxed, dyn Any).downcast().expect("what it was"),
            // Otherwise it would be in another pool.
            Op::Clone(_) if self.room() > 1 && (self.pool.is_some() || kind::OPENS_AGAIN) => {
                self.live.push((boxed.clone(), stamp));
            }
            Op::Overwrite(_) => {
                *boxed = self.value();
                return self.live.push((boxed, self.stamp));
            }
            _ => {}
        }
        self.live.push((boxed, stamp));
    }

    fn check(&self) {
        for (boxed, stamp) in &self.live {
            assert_eq!((boxed.front, boxed.back), (*stamp, *stamp));
        }
        assert_eq!(self.ledger.live(), self.live.len());
        match &self.pool {
            Some(pool) => {
                let stats = pool.stats();
                assert_eq!(stats.live_chunks, self.live.len());
                assert_eq!(stats.live_chunks + stats.free_chunks, stats.total_chunks);
                assert_eq!(stats.bytes_reserved, self.parent.0.bytes());
                assert!(self.live.iter().all(|(boxed, _)| PoolBox::pool(boxed).ptr_eq(pool)));
            }
            None if self.live.is_empty() => assert_eq!(self.parent.0.pieces(), 0),
            None => {
                // Closed: no segment without a value.
                let mut segments: Vec<_> =
                    self.live.iter().map(|(boxed, _)| self.parent.0.piece_of(PoolBox::as_ptr(boxed))).collect();
                segments.sort_unstable();
                segments.dedup();
                assert_eq!(self.parent.0.segments(), segments.len());
            }
        }
    }
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: u32::try_from(scaled(200, 4)).unwrap(),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn boxes_behave_like_the_model(
        limit in proptest::option::of(0..600_usize),
        first_segment in 0..20_000_usize,
        max_segment in 0..100_000_usize,
        ops in prop::collection::vec(op(), 1..scaled(80, 12)),
    ) {
        let (parent, ledger) = (Watched::default(), Ledger::default());
        let mut builder = Pool::builder().first_segment(first_segment).max_segment(max_segment);
        if let Some(limit) = limit {
            builder = builder.max_chunks(limit);
        }
        let pool = builder.parent(parent.clone()).build().unwrap();
        let (live, stamp) = (Vec::new(), 0);
        let mut model = Model { pool: Some(pool), parent: parent.clone(), limit, ledger: ledger.clone(), live, stamp };
        for op in &ops {
            model.apply(op);
            model.check();
        }
        drop(model);
        ledger.assert_settled();
        prop_assert_eq!(parent.0.pieces(), 0, "memory that was not given back");
    }
}

/// Ten thousand boxes replaced at random, long enough for every segment to have been empty once.
#[test]
fn random_churn_loses_and_mixes_up_nothing() {
    let (parent, ledger) = (Watched::default(), Ledger::default());
    let pool = Pool::builder().parent(parent.clone()).build().unwrap();
    let count = scaled(10_000, 100);
    let mut boxes: Vec<Option<PoolBox<Stamped>>> = (0..count).map(|_| None).collect();
    let mut expected = vec![None; count];
    let mut random = 7_u64;
    for step in 0..scaled(200_000, 1500) as u64 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = (random >> 33) as usize % count;
        assert_eq!(boxes[at].as_ref().map(|boxed| (boxed.front, boxed.back)), expected[at].map(|stamp| (stamp, stamp)));
        // In waves: mostly filling, then mostly emptying.
        let filling = step / scaled(20_000, 200) as u64 % 2 == 0;
        if (random >> 20) % 8 < (if filling { 6 } else { 2 }) {
            boxes[at] = Some(pool.alloc(Stamped { front: step, _entry: ledger.entry(), back: step }));
            expected[at] = Some(step);
        } else {
            boxes[at] = None;
            expected[at] = None;
        }
    }
    let live = expected.iter().flatten().count();
    assert_eq!((pool.len(), ledger.live()), (live, live));
    drop((pool, boxes));
    ledger.assert_settled();
    assert_eq!(parent.0.pieces(), 0);
}
