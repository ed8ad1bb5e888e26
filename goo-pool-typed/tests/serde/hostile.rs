//! Input that nobody trusts gives an error, and leaves the pool as it was.

use std::iter;

use goo_pool_typed::generic::Source;
use goo_pool_typed::{ArcPool, Pool, RcPool, SyncPool};
use serde::Deserialize;
use serde::de::value::{Error as ValueError, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeSeed, Deserializer};

use crate::common::{Watched, assert_serves, scaled};
use crate::tree::{Forest, Plain, plain};

/// A text, and what the error says.
const WRONG: &[(&str, &str)] = &[
    ("", "EOF while parsing a value"),
    ("null", "invalid type: null, expected struct Plain"),
    ("\"tree\"", "invalid type: string \"tree\", expected struct Plain"),
    ("{}", "missing field `name`"),
    (r#"{"name":1}"#, "invalid type: integer `1`, expected a string"),
    (r#"{"name":"a","size":-1}"#, "invalid value: integer `-1`, expected u64"),
    (r#"{"name":"a","size":1.5}"#, "invalid type: floating point `1.5`, expected u64"),
    (r#"{"name":"a","size":1,"first":null,"rest":[]}"#, "missing field `named`"),
    (r#"{"name":"a","size":1,"rest":null}"#, "invalid type: null, expected a sequence"),
    (r#"{"name":"a","size":1,"rest":{},"named":{}}"#, "invalid type: map, expected a sequence"),
    (r#"{"name":"a","size":1,"rest":[],"named":[]}"#, "invalid type: sequence, expected a map"),
    (r#"{"name":"a","size":1,"rest":[],"named":{},"name":"b"}"#, "duplicate field `name`"),
    (r#"{"name":"a","size":1,"first":LEAF,"first":LEAF}"#, "duplicate field `first`"),
    (r#"{"rest":[LEAF,LEAF],"rest":[LEAF]}"#, "duplicate field `rest`"),
    (r#"{"rest":[LEAF,LEAF,{"name":1}]}"#, "invalid type: integer `1`, expected a string"),
    (r#"{"named":{"one":LEAF,"two":5}}"#, "invalid type: integer `5`, expected struct Plain"),
    (r#"{"named":{"one":LEAF},"first":LEAF,"rest":[LEAF]}"#, "missing field `name`"),
    (r#"{"other":[[{}]],"named":{"one":LEAF},"#, "EOF while parsing"),
    (r#"["a",1,LEAF,[LEAF]]"#, "invalid length 4, expected struct Plain with 5 elements"),
    (r#"["a",1,LEAF,[LEAF],{},{}]"#, "trailing characters"),
    ("LEAF LEAF", "trailing characters"),
];

const LEAF: &str = r#"{"name":"leaf","size":0,"first":null,"rest":[],"named":{}}"#;

fn refuses_what_is_wrong<S: Source>(forest: &Forest<S>) {
    for (text, message) in WRONG {
        let text = text.replace("LEAF", LEAF);
        let error = forest.read_json(text.as_bytes()).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(message), "{text}: {error}");
        assert_eq!(error, plain::<Plain>(text.as_bytes()).unwrap_err().to_string(), "derived code says something else");
        forest.assert_empty();
    }
}

#[test]
fn wrong_input_gives_the_error_of_derived_code_and_an_empty_pool() {
    refuses_what_is_wrong(&Forest::new(Pool::new()));
    refuses_what_is_wrong(&Forest::new(SyncPool::new()));
}

fn refuses_every_beginning<S: Source>(forest: &Forest<S>) {
    let tree = Plain {
        rest: vec![Plain::chain(3), Plain::leaf("b")],
        named: [("a".to_owned(), Plain::chain(2))].into(),
        ..Plain::chain(4)
    };
    let text = serde_json::to_vec(&tree).unwrap();
    let bytes = postcard::to_allocvec(&tree).unwrap();
    for end in (0..text.len()).step_by(scaled(1, 40)) {
        let error = forest.read_json(&text[..end]).map(|_| ()).unwrap_err();
        assert!(error.is_eof(), "{end}: {error}");
        forest.assert_empty();
    }
    for end in 0..bytes.len() {
        assert!(forest.read_postcard(&bytes[..end]).is_err(), "{end}");
        forest.assert_empty();
    }
    assert_eq!(forest.read_postcard(&bytes).unwrap().to_plain(), tree);
}

#[test]
fn truncated_input_is_an_error_wherever_it_ends() {
    refuses_every_beginning(&Forest::new(Pool::new()));
    refuses_every_beginning(&Forest::new(SyncPool::new()));
}

/// An iterator that says that it is endless, and is not.
struct Boasts<I>(I);

impl<I: Iterator> Iterator for Boasts<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, Some(usize::MAX))
    }
}

#[test]
fn length_that_is_a_lie_reserves_nothing() {
    let watched = Watched::default();
    let pool: Pool<u32> = Pool::builder().parent(watched.clone()).build().unwrap();
    watched.0.largest.set(Some(1 << 20));

    let boasting = SeqDeserializer::<_, ValueError>::new(Boasts([1_u32, 2, 3].into_iter()));
    assert_eq!(serde::de::SeqAccess::size_hint(&boasting), Some(usize::MAX), "the lie arrives");
    // What is not used up is what `SeqDeserializer` itself would complain about.
    let list: Vec<_> = pool.seed().seq().deserialize(boasting).unwrap();
    assert!(list.len() == 3 && list.capacity() < 100);

    let pairs = Boasts([("a", 1_u32), ("b", 2)].into_iter());
    drop(list);
    let list: Vec<(String, _)> = pool.seed().map().deserialize(MapDeserializer::<_, ValueError>::new(pairs)).unwrap();
    assert!(list.len() == 2 && list.capacity() < 100);
    assert_eq!(pool.len(), 2);
}

#[test]
fn binary_length_that_is_a_lie_is_an_error() {
    // A sequence of as many elements as a number can say, of which two are there.
    let mut bytes = postcard::to_allocvec(&u64::MAX).unwrap();
    bytes.extend([1, 2]);
    let watched = Watched::default();
    let pool: Pool<u8> = Pool::builder().parent(watched.clone()).build().unwrap();
    watched.0.largest.set(Some(1 << 20));
    let read = pool.seed().seq::<Vec<_>>().deserialize(&mut postcard::Deserializer::from_bytes(&bytes));
    assert!(matches!(read, Err(postcard::Error::DeserializeUnexpectedEnd)));
    assert!(pool.is_empty());
    assert!(watched.0.segments() <= 1);
}

#[test]
fn deep_input_is_an_error() {
    let forest = Forest::new(Pool::new());
    // `serde_json` has a limit of its own, which the last node's empty list counts towards.
    for nodes in [127, 199] {
        let text = serde_json::to_vec(&Plain::chain(nodes)).unwrap();
        let error = forest.read_json(&text).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("recursion limit exceeded"), "{error}");
        forest.assert_empty();
    }
    assert!(forest.read_json(&serde_json::to_vec(&Plain::chain(126)).unwrap()).is_ok());
    // `postcard` has none, so the seed counts.
    let chain = |nodes| postcard::to_allocvec(&Plain::chain(nodes)).unwrap();
    assert_eq!(forest.read_postcard(&chain(200)).unwrap().to_plain().nodes(), 200);
    assert!(matches!(forest.read_postcard(&chain(201)), Err(postcard::Error::SerdeDeCustom)));
    forest.assert_empty();
    let text = format!(r#"{{"other":{}"#, "[".repeat(10_000));
    assert!(forest.read_json(text.as_bytes()).is_err());
    forest.assert_empty();
}

#[test]
fn full_pool_is_an_error_of_the_format() {
    fn refuses<S: Source>(forest: &Forest<S>) {
        let text = |nodes| serde_json::to_vec(&Plain::chain(nodes)).unwrap();
        let error = forest.read_json(&text(4)).map(|_| ()).unwrap_err();
        assert!(error.is_data());
        assert!(error.to_string().starts_with("the pool's limit of 3 chunks is reached at line 1 column"), "{error}");
        forest.ledger.assert_settled();
        assert_serves(&forest.pool, 3);
        let full = forest.read_json(&text(3)).unwrap();
        assert!(forest.read_json(&text(1)).is_err());
        drop(full);
        forest.assert_empty();
    }
    refuses(&Forest::new(Pool::builder().max_chunks(3).build().unwrap()));
    refuses(&Forest::new(SyncPool::builder().max_chunks(3).build().unwrap()));
}

/// Must not be read.
#[derive(Debug)]
struct Unread;

impl<'de> Deserialize<'de> for Unread {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("there was no chunk for this");
    }
}

#[test]
fn full_pool_reads_nothing() {
    let boxes = Pool::builder().max_chunks(1).build().unwrap();
    let _full = boxes.alloc(Unread);
    assert!(boxes.seed().deserialize(serde_json::json!(1)).is_err());
    let shared = RcPool::from(RcPool::builder().max_chunks(1).build().unwrap());
    let _full = shared.alloc(Unread);
    assert!(shared.seed().deserialize(serde_json::json!(1)).is_err());
    let shared = ArcPool::from(ArcPool::builder().max_chunks(1).build().unwrap());
    let _full = shared.alloc(Unread);
    let error = shared.seed().seq::<Vec<_>>().deserialize(serde_json::json!([1])).unwrap_err();
    assert_eq!(error.to_string(), "the pool's limit of 1 chunks is reached");
}

#[test]
fn want_of_memory_is_an_error_of_the_format() {
    let watched = Watched::default();
    let forest = Forest::new(Pool::builder().parent(watched.clone()).build().unwrap());
    let tree = Plain { rest: iter::repeat_n(Plain::leaf("a"), scaled(2_000, 100)).collect(), ..Plain::leaf("root") };
    let text = serde_json::to_vec(&tree).unwrap();
    drop(forest.read_json(&text).unwrap());
    let needed = watched.0.segment_requests.get();
    assert!(needed >= 2, "one request is not enough for all");
    for grants in 0..needed {
        forest.pool.shrink_to_fit();
        assert_eq!(watched.0.segments(), 0);
        watched.0.grants.set(Some(grants));
        let error = forest.read_json(&text).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("the parent allocator has no"), "{error}");
        forest.assert_empty();
    }
    watched.0.grants.set(None);
    assert_eq!(forest.read_json(&text).unwrap().to_plain(), tree);
}
