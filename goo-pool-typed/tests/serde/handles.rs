//! What is written.

use std::rc::Rc;
use std::sync::Arc;

use goo_pool_typed::{
    ArcPool, Counted, Pool, PoolArc, PoolArcWeak, PoolBox, PoolRc, PoolWeak, RcPool, Recycled, SyncPool, SyncPoolBox,
    unsize,
};
use serde::Serialize;
use static_assertions::{assert_impl_all, assert_not_impl_any};

assert_impl_all!(PoolBox<str>: Serialize);
assert_impl_all!(SyncPoolBox<[u8]>: Serialize);
assert_impl_all!(PoolRc<u8>: Serialize);
assert_impl_all!(PoolArc<u8>: Serialize);
// Weak handles lead back to where the serialiser comes from.
assert_not_impl_any!(PoolWeak<u8>: Serialize);
assert_not_impl_any!(PoolArcWeak<u8>: Serialize);
// A box of what is not serialised is not either.
assert_not_impl_any!(PoolBox<std::cell::UnsafeCell<u8>>: Serialize);

#[derive(Serialize)]
struct Point {
    x: u8,
    y: Option<u8>,
}

const POINT: Point = Point { x: 1, y: None };
const TEXT: &str = r#"{"x":1,"y":null}"#;

#[track_caller]
fn assert_written<V: Serialize>(value: V, text: &str) {
    assert_eq!(serde_json::to_string(&value).unwrap(), text);
}

#[test]
fn handle_is_written_as_its_value() {
    assert_written(Pool::new().alloc(POINT), TEXT);
    assert_written(SyncPool::new().alloc(POINT), TEXT);
    assert_written(SyncPool::new().local().alloc(POINT), TEXT);
    assert_written(RcPool::new().alloc(POINT), TEXT);
    assert_written(ArcPool::new().alloc(POINT), TEXT);
    assert_written(RcPool::new().alloc_box(POINT), TEXT);
    assert_written(Counted::new(POINT), TEXT);
    assert_written(Box::new(POINT), TEXT);
}

#[test]
fn shared_value_is_written_once_for_each_handle() {
    let one = ArcPool::new().alloc(POINT);
    assert_written([one.clone(), one], &format!("[{TEXT},{TEXT}]"));
}

#[test]
fn slice_is_written_as_a_sequence() {
    assert_written(unsize!(Pool::new().alloc([1, 2, 3]), [i32]), "[1,2,3]");
    assert_written(unsize!(RcPool::new().alloc(["a", "b"]), [&str]), r#"["a","b"]"#);
}

#[test]
fn what_a_recycler_lends_is_written_as_its_value() {
    let recycler = Rc::new(Pool::new().recycler(Vec::clear));
    let mut lent = recycler.take();
    lent.extend([1, 2]);
    assert_written(&lent, "[1,2]");
    assert_written(Recycled::take(recycler.clone()), "[]");
    let recycler = Arc::new(SyncPool::new().recycler(String::clear));
    assert_written(Recycled::take(recycler), "\"\"");
}
