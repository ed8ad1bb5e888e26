//! `#[derive(Pooled)]` when the code of a field panics or uses the pool: what has been written and the
//! other arguments are dropped once, and the chunk goes back.
#![cfg(feature = "derive")]

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use crate::kind::{Pool, PoolBox};
use goo_pool_typed::Pooled;

/// Notes its number in a list when it is dropped.
struct Logged(usize, Rc<RefCell<Vec<usize>>>);

impl Drop for Logged {
    fn drop(&mut self) {
        self.1.borrow_mut().push(self.0);
    }
}

/// An argument whose conversion panics if it is told to.
struct Source {
    value: Logged,
    panics: bool,
}

impl From<Source> for Logged {
    fn from(source: Source) -> Self {
        assert!(!source.panics, "the conversion panics");
        source.value
    }
}

#[derive(Pooled)]
struct Fields {
    #[pooled(into)]
    _a: Logged,
    #[pooled(into)]
    _b: Logged,
    _c: Logged,
    #[pooled(into)]
    _d: Logged,
}

#[derive(Pooled)]
enum Variants {
    #[pooled(rename = "new_in")]
    Only {
        #[pooled(into)]
        _a: Logged,
        #[pooled(into)]
        _b: Logged,
        _c: Logged,
        #[pooled(into)]
        _d: Logged,
    },
}

#[derive(Pooled)]
#[repr(C, packed)]
struct Packed {
    _misaligns: u8,
    #[pooled(into)]
    _a: Logged,
    #[pooled(into)]
    _b: Logged,
    _c: Logged,
    #[pooled(into)]
    _d: Logged,
}

/// Calls `build` with four arguments: with a panic in the conversion of each that has one, and with none.
fn each_panic<T>(build: impl Fn(&Pool<T>, [Source; 4]) -> PoolBox<T>) {
    for panicking in [Some(0), Some(1), Some(3), None] {
        // There is room for the next only if the last gave its chunk back.
        let pool = Pool::builder().max_chunks(1).build().expect("a pool for one chunk");
        for _ in 0..3 {
            let drops = Rc::new(RefCell::new(Vec::new()));
            let source = |n| Source { value: Logged(n, drops.clone()), panics: Some(n) == panicking };
            let sources = [0, 1, 2, 3].map(source);
            let outcome = catch_unwind(AssertUnwindSafe(|| drop(build(&pool, sources))));
            assert_eq!(outcome.is_err(), panicking.is_some());
            drops.borrow_mut().sort_unstable();
            assert_eq!(*drops.borrow(), [0, 1, 2, 3], "each is dropped once; panic in {panicking:?}");
            assert!(pool.is_empty(), "the chunk is free; panic in {panicking:?}");
        }
    }
}

#[test]
fn panic_in_a_field_of_a_struct_loses_nothing() {
    each_panic(|pool, [a, b, c, d]| Fields::new_in(pool, a, b, c.value, d));
}

#[test]
fn panic_in_a_field_of_a_variant_loses_nothing() {
    each_panic(|pool, [a, b, c, d]| Variants::new_in(pool, a, b, c.value, d));
}

#[test]
fn panic_in_a_field_of_a_packed_struct_loses_nothing() {
    each_panic(|pool, [a, b, c, d]| Packed::new_in(pool, 0, a, b, c.value, d));
}

thread_local! {
    static MADE: Cell<usize> = const { Cell::new(0) };
    static LIVE: Cell<usize> = const { Cell::new(0) };
}

/// Counts its values; the sixth `default` panics.
struct Counted;

impl Default for Counted {
    fn default() -> Self {
        MADE.set(MADE.get() + 1);
        assert_ne!(MADE.get(), 6, "the sixth panics");
        LIVE.set(LIVE.get() + 1);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        LIVE.set(LIVE.get() - 1);
    }
}

#[derive(Pooled)]
struct Arrays {
    #[pooled(default)]
    _before: [Counted; 2],
    #[pooled(default)]
    _panics: [[Counted; 2]; 3],
    #[pooled(default = unreachable!("a field before this one has panicked"))]
    _after: [Counted; 2],
}

#[test]
fn panic_inside_an_array_drops_the_elements_before() {
    let pool = Pool::new();
    let outcome = catch_unwind(AssertUnwindSafe(|| drop(Arrays::new_in(&pool))));
    assert!(outcome.is_err());
    assert_eq!((MADE.get(), LIVE.get(), pool.len()), (6, 0, 0));
}

/// A node whose children are made, in the same pool, by the expressions of its fields.
#[derive(Pooled)]
struct Node {
    depth: u32,
    #[pooled(default = children(&pool, depth))]
    children: Vec<PoolBox<Node>>,
    pool: Pool<Node>,
}

fn children(pool: &Pool<Node>, depth: u32) -> Vec<PoolBox<Node>> {
    assert!(depth < 10, "too deep");
    (1..depth).map(|depth| Node::new_in(pool, depth, pool.clone())).collect()
}

impl Node {
    fn count(&self) -> usize {
        1 + self.children.iter().map(|child| child.count()).sum::<usize>()
    }
}

#[test]
fn field_expressions_may_use_the_pool() {
    let pool = Pool::new();
    let root = Node::new_in(&pool, 5, pool.clone());
    assert!(root.pool.ptr_eq(&pool));
    assert_eq!((root.depth, root.count(), pool.len()), (5, 16, 16));
    let panics = catch_unwind(AssertUnwindSafe(|| drop(Node::new_in(&pool, 10, pool.clone()))));
    assert!(panics.is_err());
    assert_eq!(pool.len(), 16);
    drop(root);
    assert!(pool.is_empty());
}
