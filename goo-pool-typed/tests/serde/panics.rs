//! The user's code in the middle: a `Deserialize` or a collection that panics, or uses the pool.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};

use goo_pool_typed::generic::{self, Source};
use goo_pool_typed::{Pool, PoolBox, RcPool, SyncPool};
use serde::de::{DeserializeSeed, Deserializer, Error};
use serde::{Deserialize, Serialize, Serializer};

use crate::common::{Entry, Ledger, assert_serves, panic_of};

/// Reads a number and makes an entry; the number 13 is a panic, 14 an error.
#[derive(Clone, Copy)]
struct Superstitious<'l>(&'l Ledger);

impl<'de> DeserializeSeed<'de> for Superstitious<'_> {
    type Value = Entry;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Entry, D::Error> {
        let entry = self.0.entry();
        match u32::deserialize(deserializer)? {
            13 => panic!("thirteen"),
            14 => Err(D::Error::custom("fourteen")),
            _ => Ok(entry),
        }
    }
}

fn survives<S: Source>(pool: &generic::Pool<Entry, S>, limit: usize) {
    let ledger = Ledger::default();
    let seed = pool.seed_with(Superstitious(&ledger));
    for at in 0..4 {
        for culprit in [13, 14] {
            let mut numbers = [1, 2, 3, 4];
            numbers[at] = culprit;
            let text = serde_json::to_string(&numbers).unwrap();
            let read = || seed.seq::<Vec<_>>().deserialize(&mut serde_json::Deserializer::from_str(&text)).map(drop);
            match catch_unwind(AssertUnwindSafe(read)) {
                Ok(read) => assert!(read.unwrap_err().to_string().contains("fourteen")),
                Err(payload) => assert_eq!(*payload.downcast::<&str>().unwrap(), "thirteen"),
            }
            ledger.assert_settled();
            assert_serves(pool, limit);
        }
    }
}

#[test]
fn panic_in_a_deserializer_loses_no_chunk_and_drops_what_was_read() {
    survives(&Pool::builder().max_chunks(4).build().unwrap(), 4);
    survives(&SyncPool::builder().max_chunks(4).build().unwrap(), 4);
}

#[test]
fn panic_in_the_seed_of_a_shared_value_loses_no_chunk() {
    let ledger = Ledger::default();
    let pool = RcPool::new();
    let read = || pool.seed_with(Superstitious(&ledger)).deserialize(serde_json::json!(13)).map(drop).unwrap();
    assert_eq!(panic_of(read), "thirteen");
    ledger.assert_settled();
    assert!(pool.is_empty());
}

/// Takes two elements and panics.
struct Picky;

impl<T> FromIterator<T> for Picky {
    fn from_iter<I: IntoIterator<Item = T>>(iter: I) -> Self {
        let two: Vec<T> = iter.into_iter().take(2).collect();
        panic!("{} are too many", two.len());
    }
}

/// Takes one element and is content.
struct Modest<T>(Option<T>);

impl<T> FromIterator<T> for Modest<T> {
    fn from_iter<I: IntoIterator<Item = T>>(iter: I) -> Self {
        Modest(iter.into_iter().next())
    }
}

#[test]
fn panic_in_a_collection_drops_what_it_has() {
    let ledger = Ledger::default();
    let pool = Pool::new();
    let seed = pool.seed_with(Superstitious(&ledger));
    let read = || drop(seed.seq::<Picky>().deserialize(serde_json::json!([1, 2, 3])));
    assert_eq!(panic_of(read), "2 are too many");
    ledger.assert_settled();
    assert!(pool.is_empty());
}

/// The rest is then what the format complains about, as with any visitor that stops.
#[test]
fn collection_that_stops_early_reads_no_more() {
    let ledger = Ledger::default();
    let pool = Pool::new();
    let seed = pool.seed_with(Superstitious(&ledger));
    let error = seed.seq::<Modest<_>>().deserialize(serde_json::json!([1, 13])).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("fewer elements in array"), "{error}");
    let one = seed.seq::<Modest<_>>().deserialize(serde_json::json!([1])).unwrap();
    assert!(one.0.is_some());
    drop(one);
    ledger.assert_settled();
    assert!(pool.is_empty());
}

#[test]
fn panic_in_a_destructor_of_what_was_read_loses_no_chunk() {
    let ledger = Ledger::default();
    let pool = Pool::builder().max_chunks(3).build().unwrap();
    ledger.panic_in_drop_of(1);
    let seed = pool.seed_with(Superstitious(&ledger));
    // The third is an error, after which the first two are dropped, and one of them panics.
    let read = || drop(seed.seq::<Vec<_>>().deserialize(serde_json::json!([1, 2, 14])));
    assert!(panic_of(read).contains("the destructor panics"));
    ledger.assert_settled();
    assert_serves(&pool, 3);
}

thread_local! {
    static POOL: Pool<Reentrant> = Pool::builder().max_chunks(8).build().unwrap();
    static KEPT: RefCell<Vec<PoolBox<Reentrant>>> = const { RefCell::new(Vec::new()) };
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Uses its own pool in every way while it is read.
#[derive(Debug)]
struct Reentrant(u32);

impl<'de> Deserialize<'de> for Reentrant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        POOL.with(|pool| {
            let passing = pool.alloc(Reentrant(1));
            KEPT.with_borrow_mut(|kept| kept.push(pool.alloc(Reentrant(2))));
            if DEPTH.replace(1) == 0 {
                let mut inner = serde_json::Deserializer::from_str("5");
                assert_eq!(pool.seed().deserialize(&mut inner).unwrap().0, 5);
            }
            pool.shrink_to_fit();
            drop(passing);
            assert!(pool.len() >= 2, "the chunk of the value that is being read is taken");
            u32::deserialize(deserializer).map(Reentrant)
        })
    }
}

#[test]
fn deserializer_may_use_the_pool_that_it_reads_for() {
    POOL.with(|pool| {
        let read = |text| pool.seed().deserialize(&mut serde_json::Deserializer::from_str(text));
        assert_eq!(read("7").unwrap().0, 7);
        assert!(read("true").is_err());
        let kept = KEPT.take();
        assert_eq!((kept.len(), pool.len()), (3, 3));
        drop(kept);
        assert_serves(pool, 8);
    });
}

/// A box whose value uses the pool while it is written.
struct Writes(PoolBox<u32>);

impl Serialize for Writes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pool = PoolBox::pool(&self.0);
        let other = pool.alloc(*self.0 + 1);
        (&self.0, other).serialize(serializer)
    }
}

#[test]
fn serializer_may_use_the_pool() {
    let writes = Writes(Pool::new().alloc(1));
    assert_eq!(serde_json::to_string(&writes).unwrap(), "[1,2]");
}
