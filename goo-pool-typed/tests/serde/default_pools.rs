//! Types with a pool of their own: everything derived, as with `Box`.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use goo_pool_typed::generic::{PoolHandle, SyncPoolHandle};
use goo_pool_typed::{DefaultPool, LazyPool, PoolBox, Pooled, SyncPool, SyncPoolBox};
use proptest::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};
use static_assertions::{assert_impl_all, assert_not_impl_any};

use crate::common::scaled;
use crate::round_trips::{any_change, any_tree, changed};
use crate::tree::{Plain, plain};

macro_rules! tree {
    ($tree:ident, $boxed:ident, $where:ident) => {
        #[derive(Pooled, Serialize, Deserialize)]
        #[pooled($where)]
        #[serde(expecting = "struct Plain")]
        struct $tree {
            name: String,
            size: u64,
            first: Option<$boxed<$tree>>,
            rest: Vec<$boxed<$tree>>,
            named: BTreeMap<String, $boxed<$tree>>,
        }

        impl $tree {
            fn to_plain(&self) -> Plain {
                Plain {
                    name: self.name.clone(),
                    size: self.size,
                    first: self.first.as_ref().map(|first| Box::new(first.to_plain())),
                    rest: self.rest.iter().map(|tree| tree.to_plain()).collect(),
                    named: self.named.iter().map(|(name, tree)| (name.clone(), tree.to_plain())).collect(),
                }
            }
        }
    };
}

tree!(LocalTree, PoolBox, thread_local);
tree!(SharedTree, SyncPoolBox, global);

struct Homeless;

assert_impl_all!(PoolBox<LocalTree>: Deserialize<'static>);
assert_impl_all!(SyncPoolBox<SharedTree>: Deserialize<'static>);
// The kind of boxes is that of the pool.
assert_not_impl_any!(SyncPoolBox<LocalTree>: Deserialize<'static>);
assert_not_impl_any!(PoolBox<SharedTree>: Deserialize<'static>);
assert_not_impl_any!(PoolBox<Homeless>: Deserialize<'static>);

proptest! {
    #![proptest_config(ProptestConfig {
        cases: scaled(500, 4) as u32,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn derived_trees_read_and_write_what_plain_ones_do(
        tree in any_tree(),
        changes in prop::collection::vec(any_change(), 0..3),
    ) {
        let text = changed(serde_json::to_vec(&tree).unwrap(), &changes);
        let expected = plain::<Plain>(&text);
        let local = plain::<PoolBox<LocalTree>>(&text);
        let shared = plain::<SyncPoolBox<SharedTree>>(&text);
        match expected {
            Ok(expected) => {
                let (local, shared) = (local.unwrap(), shared.unwrap());
                prop_assert_eq!(LocalTree::default_pool().len(), expected.nodes());
                prop_assert_eq!(serde_json::to_string(&local).unwrap(), serde_json::to_string(&expected).unwrap());
                prop_assert_eq!(local.to_plain(), expected.clone());
                prop_assert_eq!(shared.to_plain(), expected);
            }
            Err(_) => prop_assert!(local.is_err() && shared.is_err()),
        }
        prop_assert!(LocalTree::default_pool().is_empty());

        let bytes = changed(postcard::to_allocvec(&tree).unwrap(), &changes);
        let local = postcard::from_bytes::<PoolBox<LocalTree>>(&bytes).map(|tree| tree.to_plain());
        prop_assert_eq!(local, postcard::from_bytes(&bytes));
        prop_assert!(LocalTree::default_pool().is_empty());
    }
}

#[test]
fn deep_text_is_an_error_and_leaves_the_pool_empty() {
    let text = serde_json::to_vec(&Plain::chain(500)).unwrap();
    let error = plain::<PoolBox<LocalTree>>(&text).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("recursion limit exceeded"), "{error}");
    assert!(LocalTree::default_pool().is_empty());
}

#[test]
fn trees_of_a_global_pool_are_read_on_one_thread_and_dropped_on_another() {
    let tree = Plain::chain(20);
    let text = serde_json::to_vec(&tree).unwrap();
    let read = thread::spawn(move || plain::<SyncPoolBox<SharedTree>>(&text).unwrap()).join().unwrap();
    assert_eq!(read.to_plain(), tree);
}

/// Three to a thread. Reading 13 is a panic.
#[derive(Debug, Serialize)]
struct Seat(u32);

thread_local! {
    static SEATS: LazyPool<Seat> = LazyPool::builder().max_chunks(3).build().unwrap();
}

impl DefaultPool for Seat {
    type Handle = PoolHandle;

    fn with_default_pool<R>(use_it: impl FnOnce(&LazyPool<Self>) -> R) -> R {
        SEATS.with(use_it)
    }
}

impl<'de> Deserialize<'de> for Seat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Uses its own pool while it is read.
        let _other = PoolBox::try_new(Seat(0)).map_err(serde::de::Error::custom)?;
        match u32::deserialize(deserializer)? {
            13 => panic!("thirteen"),
            seat => Ok(Seat(seat)),
        }
    }
}

#[test]
fn default_pool_that_is_full_is_an_error_of_the_format() {
    let read = plain::<Vec<PoolBox<Seat>>>;
    let two = read(b"[1,2]").unwrap();
    let error = read(b"[3]").unwrap_err();
    assert!(error.to_string().starts_with("the pool's limit of 3 chunks is reached at line 1"), "{error}");
    drop(two);
    assert!(read(b"[1,2,3]").unwrap_err().is_data());
    assert!(read(b"[1,true]").unwrap_err().is_data());
    let read = catch_unwind(AssertUnwindSafe(|| read(b"[1,13]").map(drop)));
    assert_eq!(*read.unwrap_err().downcast::<&str>().unwrap(), "thirteen");
    assert!(Seat::default_pool().is_empty());
}

/// One for the whole program, full from the beginning.
#[derive(Serialize, Deserialize)]
struct Crown(u8);

impl DefaultPool for Crown {
    type Handle = SyncPoolHandle;

    fn with_default_pool<R>(use_it: impl FnOnce(&SyncPool<Self>) -> R) -> R {
        static CROWNS: std::sync::LazyLock<SyncPool<Crown>> =
            std::sync::LazyLock::new(|| SyncPool::builder().max_chunks(1).build().unwrap());
        use_it(&CROWNS)
    }
}

#[test]
fn global_pool_that_is_full_is_an_error_of_the_format() {
    let one = plain::<SyncPoolBox<Crown>>(b"1").unwrap();
    let error = thread::spawn(|| plain::<SyncPoolBox<Crown>>(b"2").map(drop).unwrap_err()).join().unwrap();
    assert!(error.to_string().starts_with("the pool's limit of 1 chunks is reached"), "{error}");
    drop(one);
}
