//! Trees of every shape through a text format and a binary one; and what derived code makes of broken ones.

use std::collections::BTreeMap;

use goo_pool_typed::generic::Source;
use goo_pool_typed::{Pool, SyncPool};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::common::scaled;
use crate::tree::{Forest, Plain, plain};

pub(crate) fn any_tree() -> impl Strategy<Value = Plain> {
    let names = || "[ -~é\"\\\\]{0,6}";
    let leaf = (names(), any::<u64>()).prop_map(|(name, size)| Plain { size, ..Plain::leaf(&name) });
    leaf.prop_recursive(4, 24, 4, move |below| {
        (
            (names(), any::<u64>()),
            prop::option::of(below.clone().prop_map(Box::new)),
            prop::collection::vec(below.clone(), 0..3),
            prop::collection::btree_map(names(), below, 0..3),
        )
            .prop_map(|((name, size), first, rest, named)| Plain { name, size, first, rest, named })
    })
}

fn round_trips<S: Source>(forest: &Forest<S>, tree: &Plain) -> Result<(), TestCaseError> {
    let text = serde_json::to_vec(tree).unwrap();
    let bytes = postcard::to_allocvec(tree).unwrap();
    let (from_text, from_bytes) = (forest.read_json(&text).unwrap(), forest.read_postcard(&bytes).unwrap());
    prop_assert_eq!(forest.pool.len(), 2 * tree.nodes());
    for read in [from_text, from_bytes] {
        prop_assert_eq!(&read.to_plain(), tree);
        prop_assert_eq!(&serde_json::to_vec(&read).unwrap(), &text);
        prop_assert_eq!(&postcard::to_allocvec(&read).unwrap(), &bytes);
    }
    forest.assert_empty();
    Ok(())
}

/// One change to a few bytes. Places are relative, so that the list of changes can be shrunk.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Set(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Truncate(Index),
    /// Another place gets what stands here: twice the same field, a tree in a tree, a length that is wrong.
    Copy(Index, Index, usize),
}

pub(crate) fn any_change() -> impl Strategy<Value = Change> {
    // What means something in JSON, more often than not.
    let byte = || prop_oneof![prop::sample::select(b"{}[]:,\"0-nt\\".to_vec()), any::<u8>()];
    let at = any::<Index>;
    prop_oneof![
        4 => (at(), byte()).prop_map(|(at, byte)| Change::Set(at, byte)),
        2 => (at(), byte()).prop_map(|(at, byte)| Change::Insert(at, byte)),
        2 => at().prop_map(Change::Remove),
        1 => at().prop_map(Change::Truncate),
        3 => (at(), at(), 1..40_usize).prop_map(|(from, to, count)| Change::Copy(from, to, count)),
    ]
}

pub(crate) fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        if bytes.is_empty() {
            break;
        }
        let len = bytes.len();
        match change {
            Change::Set(at, byte) => bytes[at.index(len)] = *byte,
            Change::Insert(at, byte) => bytes.insert(at.index(len), *byte),
            Change::Remove(at) => drop(bytes.remove(at.index(len))),
            Change::Truncate(at) => bytes.truncate(at.index(len)),
            Change::Copy(from, to, count) => {
                let from = from.index(len);
                let piece = bytes[from..len.min(from + count)].to_vec();
                let to = to.index(len);
                bytes.splice(to..to, piece);
            }
        }
    }
    bytes
}

/// The tree is what derived code reads from the same bytes, and so is the error.
fn agrees<S: Source>(forest: &Forest<S>, text: &[u8], bytes: &[u8]) -> Result<(), TestCaseError> {
    let read = forest.read_json(text).map(|tree| tree.to_plain());
    match (read, plain::<Plain>(text)) {
        (Ok(tree), Ok(plain)) => prop_assert_eq!(tree, plain),
        (Err(error), Err(plain)) => prop_assert_eq!(error.to_string(), plain.to_string()),
        (read, plain) => prop_assert!(false, "{:?}, but derived code says {:?}", read, plain),
    }
    let read = forest.read_postcard(bytes).map(|tree| tree.to_plain());
    prop_assert_eq!(read, postcard::from_bytes(bytes));
    forest.assert_empty();
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: scaled(256, 4) as u32,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn tree_round_trips_through_text_and_bytes(tree in any_tree()) {
        round_trips(&Forest::new(Pool::new()), &tree)?;
        round_trips(&Forest::new(SyncPool::new()), &tree)?;
        let pool = SyncPool::new();
        round_trips(&Forest::new(pool.local()), &tree)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: scaled(2_000, 8) as u32,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn broken_input_is_read_as_derived_code_reads_it(
        tree in any_tree(),
        changes in prop::collection::vec(any_change(), 1..4),
    ) {
        let text = changed(serde_json::to_vec(&tree).unwrap(), &changes);
        let bytes = changed(postcard::to_allocvec(&tree).unwrap(), &changes);
        agrees(&Forest::new(Pool::new()), &text, &bytes)?;
        agrees(&Forest::new(SyncPool::new()), &text, &bytes)?;
    }
}

/// The strategies above make what they are meant to: deep trees, wide ones, and both outcomes of broken input.
#[test]
fn broken_input_is_refused_about_as_often_as_not() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let (mut nodes, mut refused) = (0, 0);
    let cases = scaled(300, 10);
    for _ in 0..cases {
        let tree = any_tree().new_tree(&mut runner).unwrap().current();
        let changes = prop::collection::vec(any_change(), 1..4).new_tree(&mut runner).unwrap().current();
        nodes = nodes.max(tree.nodes());
        refused += usize::from(plain::<Plain>(&changed(serde_json::to_vec(&tree).unwrap(), &changes)).is_err());
    }
    if !cfg!(miri) {
        assert!(nodes > 10, "{nodes} at most");
        assert!((cases / 20..cases).contains(&refused), "{refused} of {cases}");
    }
}

#[test]
fn every_kind_of_field_round_trips() {
    let leaf = Plain::leaf;
    let tree = Plain {
        first: Some(Box::new(leaf("first"))),
        rest: vec![leaf("one"), leaf("two")],
        named: BTreeMap::from([("a".to_owned(), leaf("three")), ("b".to_owned(), leaf("four"))]),
        ..leaf("root")
    };
    round_trips(&Forest::new(Pool::new()), &tree).unwrap();
    round_trips(&Forest::new(SyncPool::new()), &tree).unwrap();
}

/// So that a walk in the order of the input goes forwards through memory.
#[test]
fn node_lies_before_those_below_it() {
    let text = serde_json::to_vec(&Plain::chain(50)).unwrap();
    let forest = Forest::new(Pool::with_capacity(64));
    let root = forest.read_json(&text).unwrap();
    let mut addresses = vec![&raw const *root];
    let mut node = &root;
    while let Some(first) = node.first() {
        addresses.push(&raw const **first);
        node = first;
    }
    assert_eq!(addresses.len(), 50);
    assert!(addresses.is_sorted());
}
