//! What seeds read, each kind of pool and each kind of field.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::marker::PhantomData;

use goo_pool_typed::generic::{self, Source};
use goo_pool_typed::seed::{Map, Optional, Seed, Seq};
use goo_pool_typed::{ArcPool, Pool, PoolBox, PoolRc, RcPool, SyncPool};
use serde::de::DeserializeSeed;
use static_assertions::{assert_impl_all, assert_not_impl_any};

// A seed is a reference to its pool, and goes where that goes.
type SyncSeed = Seed<'static, SyncPool<u8>, PhantomData<u8>>;
type LocalSeed = Seed<'static, Pool<u8>, PhantomData<u8>>;
assert_impl_all!(SyncSeed: Copy, Send, Sync);
assert_impl_all!(Optional<SyncSeed>: Copy, Send, Sync);
// Whatever the collection is.
assert_impl_all!(Seq<SyncSeed, *const u8>: Copy, Send, Sync, std::fmt::Debug);
assert_impl_all!(Map<SyncSeed, *const u8, *const u8>: Copy, Send, Sync, std::fmt::Debug);
assert_not_impl_any!(LocalSeed: Send, Sync);
assert_not_impl_any!(Seq<LocalSeed, u8>: Send, Sync);
assert_not_impl_any!(Seed<'static, SyncPool<u8>, String>: Copy);

fn read<'de, D: DeserializeSeed<'de>>(seed: D, text: &'de str) -> serde_json::Result<D::Value> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = seed.deserialize(&mut json)?;
    json.end()?;
    Ok(value)
}

fn boxes_of<'de, S: Source>(pool: &generic::Pool<&'de str, S>, text: &'de str) {
    // What is read may borrow from the input.
    let boxed = read(pool.seed(), text).unwrap();
    assert_eq!(*boxed, "text");
    assert!(generic::PoolBox::pool(&boxed).len() == 1 && pool.len() == 1);
    drop(boxed);
    assert!(pool.is_empty());
}

fn shared_of<S: Source>(pool: &generic::RcPool<Vec<u8>, S>) {
    let shared = read(pool.seed(), "[1,2]").unwrap();
    assert_eq!((pool.len(), shared.clone().len()), (1, 2));
    drop(shared);
    let many: Vec<_> = read(pool.seed_with(PhantomData).seq(), "[[1],[]]").unwrap();
    assert_eq!((pool.len(), many[0].len()), (2, 1));
    drop(many);
    assert!(read(pool.seed(), "[1,-2]").is_err());
    assert!(pool.is_empty());
}

#[test]
fn every_kind_of_pool_reads_its_boxes() {
    let text = String::from("\"text\"");
    boxes_of(&Pool::new(), &text);
    boxes_of(&SyncPool::new(), &text);
    boxes_of(&SyncPool::new().local(), &text);
}

#[test]
fn every_kind_of_pool_reads_shared_values() {
    shared_of(&RcPool::new());
    shared_of(&ArcPool::new());
    shared_of(&ArcPool::new().local());
}

#[test]
fn static_pool_reads_before_it_was_ever_used() {
    static WORDS: SyncPool<String> = SyncPool::new();
    assert_eq!(*read(WORDS.seed(), "\"word\"").unwrap(), "word");
}

#[test]
fn collections_are_what_the_caller_says() {
    let pool = Pool::<u32>::new();
    let list: Vec<PoolBox<u32>> = read(pool.seed().seq(), "[1,2,3]").unwrap();
    let queue: VecDeque<PoolBox<u32>> = read(pool.seed().seq(), "[1,2,3]").unwrap();
    assert!(list.iter().eq(&queue));
    let sum: PoolRcSum = read(pool.seed().seq(), "[1,2,3]").unwrap();
    assert_eq!(sum.0, 6);
    let text = r#"{"b":2,"a":1,"b":3}"#;
    let sorted: BTreeMap<String, PoolBox<u32>> = read(pool.seed().map(), text).unwrap();
    let hashed: HashMap<String, PoolBox<u32>> = read(pool.seed().map(), text).unwrap();
    assert_eq!((*sorted["b"], *hashed["b"], sorted.len()), (3, 3, 2), "the later one stays, as with serde's own maps");
    let all: Vec<(String, PoolBox<u32>)> = read(pool.seed().map(), text).unwrap();
    let values: Vec<u32> = all.iter().map(|(_, value)| **value).collect();
    assert_eq!(values, [2, 1, 3]);
    assert_eq!(pool.len(), 3 + 3 + 2 + 2 + 3);
}

/// What a user collects need not keep the boxes.
struct PoolRcSum(u32);

impl FromIterator<PoolBox<u32>> for PoolRcSum {
    fn from_iter<I: IntoIterator<Item = PoolBox<u32>>>(boxes: I) -> Self {
        PoolRcSum(boxes.into_iter().map(|boxed| *boxed).sum())
    }
}

#[test]
fn fields_may_be_nested() {
    let pool = RcPool::<u32>::new();
    let text = "null";
    assert!(read(pool.seed().optional(), text).unwrap().is_none());
    let seven: Option<PoolRc<u32>> = read(pool.seed().optional(), "7").unwrap();
    assert_eq!(seven.as_deref(), Some(&7));
    // A seed of one pool may be what another pool's seed reads.
    let boxes = Pool::new();
    let nested = read(boxes.seed_with(pool.seed()), "8").unwrap();
    assert_eq!((**nested, boxes.len(), pool.len()), (8, 1, 2));
}

#[test]
fn unit_is_no_value_and_so_is_none() {
    use serde::de::value::{Error, UnitDeserializer};

    let pool = Pool::<u32>::new();
    let none = pool.seed().optional().deserialize(UnitDeserializer::<Error>::new()).unwrap();
    assert!(none.is_none());
    let bytes = postcard::to_allocvec(&(None::<u32>, Some(5_u32))).unwrap();
    let mut postcard = postcard::Deserializer::from_bytes(&bytes);
    assert!(pool.seed().optional().deserialize(&mut postcard).unwrap().is_none());
    assert_eq!(*pool.seed().optional().deserialize(&mut postcard).unwrap().unwrap(), 5);
}

#[test]
fn wrong_types_are_named_as_serde_names_them() {
    let pool = Pool::<u32>::new();
    let of = |error: serde_json::Error| error.to_string();
    let own = |text: &'static str| serde_json::from_str::<Vec<u32>>(text).unwrap_err().to_string();
    assert_eq!(of(read(pool.seed().seq::<Vec<_>>(), "{}").unwrap_err()), own("{}"));
    assert_eq!(of(read(pool.seed().seq::<Vec<_>>(), "[1,true]").unwrap_err()), own("[1,true]"));
    let own = |text: &'static str| serde_json::from_str::<BTreeMap<String, u32>>(text).unwrap_err().to_string();
    assert_eq!(of(read(pool.seed().map::<String, BTreeMap<_, _>>(), "[]").unwrap_err()), own("[]"));
    let own = |text: &'static str| serde_json::from_str::<Option<u32>>(text).unwrap_err().to_string();
    assert_eq!(of(read(pool.seed().optional(), "[]").unwrap_err()), own("[]"));
    assert!(pool.is_empty());
}
