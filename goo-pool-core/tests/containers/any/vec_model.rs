//! Random operations on a `Vec` in a pool beside one in the heap, with values that count their drops and panic.

use std::alloc::Layout;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use goo_pool_core::{ClassPool, ClassPoolHandle, RawPool, SyncClassPool, SyncClassPoolHandle, SyncRawPool};

use super::api::alloc::Allocator;
use super::api::vec::Vec;
use crate::common::scaled;
use crate::sync::Rng;

/// How many values are alive, and how many drops and clones may come before one panics.
#[derive(Default)]
struct Ledger {
    alive: Cell<usize>,
    fuse: Cell<Option<usize>>,
}

impl Ledger {
    fn burn(&self) {
        match self.fuse.get() {
            Some(0) => {
                // Once: a second panic while the first unwinds would end the process.
                self.fuse.set(None);
                panic!("told to panic");
            }
            left => self.fuse.set(left.map(|left| left - 1)),
        }
    }
}

struct Value(u32, Rc<Ledger>);

impl Value {
    fn new(number: u32, ledger: &Rc<Ledger>) -> Self {
        ledger.alive.set(ledger.alive.get() + 1);
        Self(number, ledger.clone())
    }
}

impl Clone for Value {
    fn clone(&self) -> Self {
        self.1.burn();
        Self::new(self.0, &self.1)
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.1.alive.set(self.1.alive.get() - 1);
        self.1.burn();
    }
}

/// More values than the pools' chunks hold are never asked for.
const MOST: usize = 200;

fn random_life(pool: impl Allocator + Clone, seed: u64) {
    let mut rng = Rng::new(seed);
    let ledger = Rc::new(Ledger::default());
    let mut ours = Vec::new_in(pool.clone());
    let mut model: std::vec::Vec<u32> = std::vec::Vec::new();
    for step in 0..scaled(3000, 80) as u32 {
        let at = rng.below(model.len() + 1);
        let value = || Value::new(step, &ledger);
        let room = model.len() < MOST / 2;
        match rng.below(12) {
            0..=2 if room => {
                ours.push(value());
                model.push(step);
            }
            3 if room => {
                ours.insert(at, value());
                model.insert(at, step);
            }
            4 => assert_eq!(ours.pop().map(|value| value.0), model.pop()),
            5 if at < model.len() => assert_eq!(ours.remove(at).0, model.remove(at)),
            6 if at < model.len() => assert_eq!(ours.swap_remove(at).0, model.swap_remove(at)),
            7 => {
                ours.retain(|value| value.0 % 3 != 0);
                model.retain(|number| number % 3 != 0);
            }
            8 => {
                let gone: std::vec::Vec<u32> = ours.drain(at..).map(|value| value.0).collect();
                assert_eq!(gone, model.drain(at..).collect::<std::vec::Vec<u32>>());
            }
            9 if room => {
                ours.extend_from_slice(&[value(), value()]);
                model.extend([step, step]);
            }
            10 => {
                // The clone lies in the same pool; what was there goes.
                ours = ours.clone();
                ours.reserve(rng.below(MOST - ours.len()));
            }
            11 => ours.shrink_to_fit(),
            _ => {}
        }
        assert!(ours.iter().map(|value| value.0).eq(model.iter().copied()), "step {step}");
        assert_eq!(ledger.alive.get(), model.len());
    }
    drop(ours);
    assert_eq!(ledger.alive.get(), 0);
}

#[test]
fn a_vec_in_a_pool_lives_as_one_in_the_heap() {
    let chunk = Layout::array::<Value>(MOST).unwrap();
    let pool = RawPool::new(chunk).unwrap();
    random_life(&pool, 1);
    assert!(pool.is_empty());
    let handle = RawPool::builder(chunk).build_handle().unwrap();
    random_life(handle.clone(), 2);
    assert!(handle.is_empty());
    let pool = SyncRawPool::new(chunk).unwrap();
    random_life(&pool, 3);
    assert!(pool.is_empty());
    let handle = SyncRawPool::builder(chunk).build_sync_handle().unwrap();
    random_life(handle.clone(), 4);
    assert!(handle.is_empty());
    let pool = ClassPool::new();
    random_life(&pool, 5);
    assert_eq!(pool.stats().live_chunks, 0);
    let handle = ClassPoolHandle::default();
    random_life(handle.clone(), 6);
    assert_eq!(handle.stats().live_chunks, 0);
    let pool = SyncClassPool::new();
    random_life(&pool, 7);
    assert_eq!(pool.stats().live_chunks, 0);
    let handle = SyncClassPoolHandle::default();
    random_life(handle.clone(), 8);
    assert_eq!(handle.stats().live_chunks, 0);
}

/// A value panics in its drop or clone, at every point of a `Vec`'s life in turn.
fn panicking_life(pool: impl Allocator + Clone, fuse: usize) -> bool {
    let ledger = Rc::new(Ledger::default());
    let mut ours = Vec::new_in(pool.clone());
    ours.extend((0..10).map(|number| Value::new(number, &ledger)));
    ledger.fuse.set(Some(fuse));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut copy = ours.clone();
        copy.retain(|value| value.0 % 2 == 0);
        copy.truncate(3);
        ours.extend_from_slice(&copy);
        ours.drain(2..4);
        copy.resize(8, Value::new(20, &ledger));
    }))
    .is_err();
    ledger.fuse.set(None);
    drop(ours);
    assert_eq!(ledger.alive.get(), 0);
    panicked
}

#[test]
fn values_that_panic_leak_no_memory() {
    let chunk = Layout::array::<Value>(MOST).unwrap();
    let local = RawPool::new(chunk).unwrap();
    let shared = SyncRawPool::new(chunk).unwrap();
    let (classes, shared_classes) = (ClassPool::new(), SyncClassPool::new());
    let mut fuse = 0;
    while panicking_life(&local, fuse) {
        local.assert_valid();
        assert!(local.is_empty());
        assert!(panicking_life(&shared, fuse));
        assert!(shared.is_empty());
        assert!(panicking_life(&classes, fuse) && panicking_life(&shared_classes, fuse));
        assert_eq!((classes.stats().live_chunks, shared_classes.stats().live_chunks), (0, 0));
        fuse += 1;
    }
    classes.assert_valid();
    assert!(fuse > 30, "only {fuse} drops and clones");
}
