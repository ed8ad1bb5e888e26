//! Random operations, as data, on our handles and on std's: both must say the same after each.

use std::any::Any;
use std::rc::{Rc, Weak};

use proptest::prelude::*;

use super::memory::{Memory, pool_in};
use crate::common::{Entry, Ledger, scaled};
use crate::kind::{PoolRc, PoolWeak, RcPool};
use goo_pool_typed::unsize;

/// One step. Indices are taken modulo the number of handles, so that every list of steps is valid and can be shrunk.
#[derive(Debug, Clone)]
enum Op {
    Alloc,
    Cyclic,
    CyclicThatPanics,
    Clone(usize),
    Drop(usize),
    DropWith(usize),
    Downgrade(usize),
    GetMut(usize),
    MakeMut(usize),
    TryUnwrap(usize),
    IntoInner(usize),
    UnwrapOrClone(usize),
    ThroughBox(usize),
    ThroughRaw(usize),
    ThroughDyn(usize),
    Upgrade(usize),
    CloneWeak(usize),
    DropWeak(usize),
    WeakThroughRaw(usize),
    WeakThroughDyn(usize),
    Nowhere,
    Close,
    Open(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let n = || any::<usize>();
    prop_oneof![
        6 => Just(Op::Alloc),
        2 => Just(Op::Cyclic),
        1 => Just(Op::CyclicThatPanics),
        6 => n().prop_map(Op::Clone),
        6 => n().prop_map(Op::Drop),
        2 => n().prop_map(Op::DropWith),
        5 => n().prop_map(Op::Downgrade),
        3 => n().prop_map(Op::GetMut),
        4 => n().prop_map(Op::MakeMut),
        2 => n().prop_map(Op::TryUnwrap),
        2 => n().prop_map(Op::IntoInner),
        2 => n().prop_map(Op::UnwrapOrClone),
        2 => n().prop_map(Op::ThroughBox),
        1 => n().prop_map(Op::ThroughRaw),
        1 => n().prop_map(Op::ThroughDyn),
        4 => n().prop_map(Op::Upgrade),
        2 => n().prop_map(Op::CloneWeak),
        4 => n().prop_map(Op::DropWeak),
        1 => n().prop_map(Op::WeakThroughRaw),
        1 => n().prop_map(Op::WeakThroughDyn),
        1 => Just(Op::Nowhere),
        1 => Just(Op::Close),
        2 => n().prop_map(Op::Open),
    ]
}

/// A value, and a stamp on both of its ends.
#[derive(Clone)]
struct Stamped {
    front: u64,
    _entry: Entry,
    back: u64,
}

impl Stamped {
    fn set(&mut self, stamp: u64) {
        (self.front, self.back) = (stamp, stamp);
    }
}

#[derive(Default)]
struct Model {
    /// `None` while the pool is closed, or gone.
    pool: Option<RcPool<Stamped>>,
    /// It was closed before. A thread-safe pool is not opened again: another takes its place.
    was_closed: bool,
    memory: Memory,
    ours: Ledger,
    theirs: Ledger,
    strong: Vec<(PoolRc<Stamped>, Rc<Stamped>)>,
    weak: Vec<(PoolWeak<Stamped>, Weak<Stamped>)>,
    stamp: u64,
}

fn index<T>(handles: &[T], n: usize) -> Option<usize> {
    (!handles.is_empty()).then(|| n % handles.len())
}

impl Model {
    fn values(&mut self) -> (Stamped, Stamped) {
        self.stamp += 1;
        let value = |ledger: &Ledger| Stamped { front: self.stamp, _entry: ledger.entry(), back: self.stamp };
        (value(&self.ours), value(&self.theirs))
    }

    /// Steps that need what is not there do nothing.
    fn apply(&mut self, op: &Op) {
        let pool = self.pool.clone();
        match (op, pool) {
            (Op::Alloc, Some(pool)) => {
                let (ours, theirs) = self.values();
                self.strong.push((pool.alloc(ours), Rc::new(theirs)));
            }
            (Op::Cyclic, Some(pool)) => {
                let (ours, theirs) = self.values();
                let mut kept = (PoolWeak::new(), Weak::new());
                let rc = pool.new_cyclic(|me| {
                    kept.0 = me.clone();
                    ours
                });
                let std = Rc::new_cyclic(|me| {
                    kept.1 = me.clone();
                    theirs
                });
                self.strong.push((rc, std));
                self.weak.push(kept);
            }
            (Op::CyclicThatPanics, Some(pool)) => {
                let (ours, theirs) = self.values();
                let mut kept = PoolWeak::new();
                crate::common::panic_of(|| {
                    let _ = pool.new_cyclic(|me| {
                        kept = me.clone();
                        let _built = ours;
                        panic!("in the constructor")
                    });
                });
                // As one whose value was and is gone.
                self.weak.push((kept, Rc::downgrade(&Rc::new(theirs))));
            }
            (Op::Close, Some(_)) => (self.pool, self.was_closed) = (None, true),
            (&Op::Open(n), None) => self.pool = index(&self.strong, n).map(|n| PoolRc::pool(&self.strong[n].0)),
            (Op::Nowhere, _) => self.weak.push((PoolWeak::new(), Weak::new())),
            (
                &Op::Clone(n)
                | &Op::Drop(n)
                | &Op::DropWith(n)
                | &Op::Downgrade(n)
                | &Op::GetMut(n)
                | &Op::MakeMut(n)
                | &Op::TryUnwrap(n)
                | &Op::IntoInner(n)
                | &Op::UnwrapOrClone(n)
                | &Op::ThroughBox(n)
                | &Op::ThroughRaw(n)
                | &Op::ThroughDyn(n),
                _,
            ) => {
                if let Some(n) = index(&self.strong, n) {
                    self.apply_to_strong(op, n);
                }
            }
            (
                &Op::Upgrade(n)
                | &Op::CloneWeak(n)
                | &Op::DropWeak(n)
                | &Op::WeakThroughRaw(n)
                | &Op::WeakThroughDyn(n),
                _,
            ) => {
                if let Some(n) = index(&self.weak, n) {
                    self.apply_to_weak(op, n);
                }
            }
            _ => {}
        }
    }

    fn apply_to_strong(&mut self, op: &Op, n: usize) {
        let (mut rc, mut std) = self.strong.swap_remove(n);
        self.stamp += 1;
        match op {
            Op::Drop(_) => return,
            Op::DropWith(_) => {
                let mut shown = None;
                PoolRc::drop_with(rc, |ours| shown = Some((ours.front, ours.back)));
                return assert_eq!(shown, Rc::into_inner(std).map(|theirs| (theirs.front, theirs.back)));
            }
            Op::Clone(_) => self.strong.push((rc.clone(), std.clone())),
            Op::Downgrade(_) => self.weak.push((PoolRc::downgrade(&rc), Rc::downgrade(&std))),
            Op::GetMut(_) => match (PoolRc::get_mut(&mut rc), Rc::get_mut(&mut std)) {
                (Some(ours), Some(theirs)) => {
                    ours.set(self.stamp);
                    theirs.set(self.stamp);
                }
                (ours, theirs) => assert!(ours.is_none() && theirs.is_none(), "only one of both is alone"),
            },
            Op::MakeMut(_) => {
                PoolRc::make_mut(&mut rc).set(self.stamp);
                Rc::make_mut(&mut std).set(self.stamp);
            }
            Op::TryUnwrap(_) => match (PoolRc::try_unwrap(rc), Rc::try_unwrap(std)) {
                (Ok(ours), Ok(theirs)) => return assert_eq!((ours.front, ours.back), (theirs.front, theirs.back)),
                (Err(ours), Err(theirs)) => (rc, std) = (ours, theirs),
                _ => panic!("only one of both is the last"),
            },
            Op::IntoInner(_) => {
                let (ours, theirs) = (PoolRc::into_inner(rc), Rc::into_inner(std));
                return assert_eq!(ours.map(|ours| ours.back), theirs.map(|theirs| theirs.back));
            }
            Op::UnwrapOrClone(_) => {
                return assert_eq!(PoolRc::unwrap_or_clone(rc).back, Rc::unwrap_or_clone(std).back);
            }
            Op::ThroughBox(_) => match PoolRc::try_into_box(rc) {
                Ok(mut boxed) => {
                    boxed.set(self.stamp);
                    Rc::get_mut(&mut std).expect("alone").set(self.stamp);
                    rc = PoolRc::from(boxed);
                }
                Err(other) => {
                    assert!(Rc::get_mut(&mut std).is_none());
                    rc = other;
                }
            },
            Op::ThroughRaw(_) => {
                // SAFETY: it comes from `into_raw`, once.
                rc = unsafe { PoolRc::from_raw(PoolRc::into_raw(rc)) };
            }
            Op::ThroughDyn(_) => rc = unsize!(rc, dyn Any).downcast().expect("what it was"),
            _ => unreachable!("an operation on a strong handle"),
        }
        self.strong.push((rc, std));
    }

    fn apply_to_weak(&mut self, op: &Op, n: usize) {
        let (mut weak, std) = self.weak.swap_remove(n);
        match op {
            Op::DropWeak(_) => return,
            Op::CloneWeak(_) => self.weak.push((weak.clone(), std.clone())),
            Op::Upgrade(_) => match (weak.upgrade(), std.upgrade()) {
                (Some(ours), Some(theirs)) => self.strong.push((ours, theirs)),
                (ours, theirs) => assert!(ours.is_none() && theirs.is_none(), "only one of both is there"),
            },
            Op::WeakThroughRaw(_) => {
                // SAFETY: it comes from `into_raw`, once.
                weak = unsafe { PoolWeak::from_raw(weak.into_raw()) };
            }
            Op::WeakThroughDyn(_) => {
                let object: PoolWeak<dyn Any> = unsize!(weak, dyn Any);
                let raw = object.into_raw().cast::<Stamped>();
                // SAFETY: it comes from `into_raw`, once, and is cast to what it was.
                weak = unsafe { PoolWeak::from_raw(raw) };
            }
            _ => unreachable!("an operation on a weak handle"),
        }
        self.weak.push((weak, std));
    }

    fn check(&self) {
        for (n, (rc, std)) in self.strong.iter().enumerate() {
            assert_eq!((rc.front, rc.back), (std.front, std.back));
            assert_eq!(PoolRc::strong_count(rc), Rc::strong_count(std));
            assert_eq!(PoolRc::weak_count(rc), Rc::weak_count(std));
            let (first, first_std) = &self.strong[n / 2];
            assert_eq!(PoolRc::ptr_eq(rc, first), Rc::ptr_eq(std, first_std));
        }
        for (weak, std) in &self.weak {
            assert_eq!((weak.strong_count(), weak.weak_count()), (std.strong_count(), std.weak_count()));
        }
        assert_eq!(self.ours.live(), self.theirs.live());
        let mut chunks: Vec<_> = self.strong.iter().map(|(rc, _)| PoolRc::as_ptr(rc)).collect();
        chunks.extend(self.weak.iter().map(|(weak, _)| weak.as_ptr()).filter(|&at| at != PoolWeak::new().as_ptr()));
        chunks.sort_unstable();
        chunks.dedup();
        match &self.pool {
            Some(pool) if self.was_closed => assert!(pool.len() <= chunks.len()),
            Some(pool) => assert_eq!(pool.len(), chunks.len()),
            None => assert_eq!(self.memory.pieces() == 0, chunks.is_empty()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: u32::try_from(scaled(300, 4)).unwrap(),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn handles_behave_like_those_of_std(ops in prop::collection::vec(op(), 1..scaled(200, 30))) {
        let mut model = Model::default();
        let (memory, ours, theirs) = (model.memory.clone(), model.ours.clone(), model.theirs.clone());
        model.pool = Some(pool_in(&memory));
        for op in &ops {
            model.apply(op);
            model.check();
        }
        drop(model);
        ours.assert_settled();
        theirs.assert_settled();
        prop_assert_eq!(memory.pieces(), 0, "memory that was not given back");
    }
}
