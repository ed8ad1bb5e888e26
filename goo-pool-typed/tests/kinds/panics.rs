//! A constructor, `Drop` or `Clone` that panics: every value is dropped once all the same, no chunk is
//! lost, and the pool works on.

use std::any::Any;
use std::cell::Cell;
use std::pin::Pin;

use crate::common::{Entry, Ledger, Watched, assert_serves, panic_of};
use crate::kind::{Pool, PoolBox};
use goo_pool_typed::unsize;

const DROP: &str = "the destructor panics";
const CLONE: &str = "the clone panics";

fn pool_of<T>(limit: usize) -> Pool<T> {
    Pool::builder().max_chunks(limit).build().unwrap()
}

/// Its destructor reads memory: run on a chunk without a value, it would not go unseen.
struct NoDefault(Box<u32>);

impl Drop for NoDefault {
    fn drop(&mut self) {
        assert_eq!(*self.0, 7);
    }
}

impl Default for NoDefault {
    fn default() -> Self {
        panic!("no default")
    }
}

#[test]
fn a_constructor_that_panics_gives_its_chunk_back() {
    let ways: [fn(&Pool<NoDefault>); 5] = [
        |pool| drop(pool.alloc_with(NoDefault::default)),
        |pool| drop(pool.try_alloc_with(NoDefault::default)),
        |pool| drop(pool.alloc_default()),
        |pool| drop(PoolBox::write(pool.alloc_uninit(), NoDefault::default())),
        |pool| drop(pool.alloc_iter((0..5).map(|_| NoDefault::default())).next()),
    ];
    for way in ways {
        let pool = pool_of(1);
        assert_eq!(panic_of(|| way(&pool)), "no default");
        assert_serves(&pool, 1);
        drop(pool.alloc_with(|| NoDefault(Box::new(7))));
        assert!(pool.is_empty());
    }
}

#[test]
fn what_a_constructor_made_before_it_panicked_is_dropped_once() {
    let ledger = Ledger::default();
    let pool = pool_of(3);
    let message = panic_of(|| {
        drop(pool.alloc_with(|| {
            let _on_the_stack = ledger.entry();
            let _in_the_pool = [pool.alloc(ledger.entry()), pool.alloc(ledger.entry())];
            assert_eq!(pool.len(), 3, "the constructor's own chunk is reserved");
            panic!("too late")
        }));
    });
    assert_eq!(message, "too late");
    ledger.assert_settled();
    assert_serves(&pool, 3);
}

#[test]
fn an_iterator_that_panics_takes_no_box_with_it() {
    for good in 0..4 {
        let ledger = Ledger::default();
        let pool = pool_of(4);
        let mut made = Vec::new();
        let message = panic_of(|| {
            let values = (0..4).map(|n| if n < good { ledger.entry() } else { panic!("value {n}") });
            made.extend(pool.alloc_iter(values));
        });
        assert_eq!(message, format!("value {good}"));
        assert_eq!((made.len(), pool.len(), ledger.live()), (good, good, good));
        drop(made);
        ledger.assert_settled();
        assert_serves(&pool, 4);
    }
}

#[test]
fn a_destructor_that_panics_gives_its_chunk_back() {
    let ways: [fn(PoolBox<Entry>); 8] = [
        |boxed| drop(boxed),
        |boxed| drop(PoolBox::into_inner(boxed)),
        |boxed| drop(PoolBox::into_pin(boxed)),
        |boxed| drop(unsize!(boxed, dyn Any)),
        |boxed| drop(Some(boxed)),
        |boxed| drop(Pool::new().alloc(boxed)),
        // SAFETY: the pointer came from `into_raw`, once.
        |boxed| drop(unsafe { PoolBox::from_raw(PoolBox::into_raw(boxed)) }),
        |mut boxed| *boxed = Ledger::default().entry(),
    ];
    for way in ways {
        let ledger = Ledger::default();
        let pool = pool_of(2);
        ledger.panic_in_drop_of(0);
        let (fragile, other) = (pool.alloc(ledger.entry()), pool.alloc(ledger.entry()));
        assert!(panic_of(|| way(fragile)).contains(DROP));
        assert_eq!((ledger.dropped(), pool.len(), other.number), (vec![0], 1, 1));
        drop(other);
        ledger.assert_settled();
        assert_serves(&pool, 2);
    }
}

#[test]
fn a_destructor_that_panics_stops_no_other_in_a_collection() {
    for fragile in 0..5 {
        let ledger = Ledger::default();
        let pool = pool_of(5);
        ledger.panic_in_drop_of(fragile);
        let boxes: Vec<_> = pool.alloc_iter((0..5).map(|_| ledger.entry())).collect();
        assert!(panic_of(|| drop(boxes)).contains(DROP));
        ledger.assert_settled();
        assert_serves(&pool, 5);
    }
}

#[test]
fn a_destructor_that_panics_stops_no_other_in_a_slice() {
    for fragile in 0..4 {
        let ledger = Ledger::default();
        let pool = pool_of(1);
        ledger.panic_in_drop_of(fragile);
        let slice: PoolBox<[Entry]> = unsize!(pool.alloc([(); 4].map(|()| ledger.entry())), [Entry]);
        assert!(panic_of(|| drop(slice)).contains(DROP));
        ledger.assert_settled();
        assert_serves(&pool, 1);
    }
}

/// A list node whose own value is dropped before the rest, or after it.
struct Node {
    before: Option<Entry>,
    next: Option<PoolBox<Node>>,
    after: Option<Entry>,
}

fn list(pool: &Pool<Node>, ledger: &Ledger, nodes: usize, value_first: bool) -> PoolBox<Node> {
    let mut next = None;
    for _ in 0..nodes {
        let entry = Some(ledger.entry());
        let (before, after) = if value_first { (entry, None) } else { (None, entry) };
        next = Some(pool.alloc(Node { before, next, after }));
    }
    next.expect("at least one node")
}

#[test]
fn a_destructor_that_panics_in_a_list_stops_no_other() {
    const NODES: usize = 6;
    for value_first in [true, false] {
        for fragile in 0..NODES {
            let ledger = Ledger::default();
            let pool = pool_of(NODES);
            ledger.panic_in_drop_of(fragile);
            let list = list(&pool, &ledger, NODES, value_first);
            assert!(list.next.is_some() && list.before.is_some() == value_first && list.after.is_some() != value_first);
            assert!(panic_of(|| drop(list)).contains(DROP));
            ledger.assert_settled();
            assert_serves(&pool, NODES);
        }
    }
}

#[test]
fn a_destructor_that_panics_in_a_closed_pool_gives_the_memory_back() {
    const NODES: usize = 6;
    for fragile in 0..NODES {
        let parent = Watched::default();
        let ledger = Ledger::default();
        // Every node has a segment of its own.
        let pool = Pool::builder().first_segment(1).max_segment(1).parent(parent.clone()).build().unwrap();
        ledger.panic_in_drop_of(fragile);
        let list = list(&pool, &ledger, NODES, true);
        drop(pool);
        assert!(parent.0.pieces() > NODES);
        assert!(panic_of(|| drop(list)).contains(DROP));
        ledger.assert_settled();
        assert_eq!(parent.0.pieces(), 0, "node {fragile}");
    }
}

#[test]
fn a_destructor_that_panics_frees_a_chunk_of_any_shape() {
    #[repr(align(4096))]
    struct Aligned(u8);

    struct Nothing;

    thread_local!(static DROPS: Cell<u32> = const { Cell::new(0) });

    fn note() {
        DROPS.set(DROPS.get() + 1);
        panic!("{DROP}");
    }

    impl Drop for Aligned {
        fn drop(&mut self) {
            assert_eq!((&raw const *self).addr() % 4096, 0);
            assert_eq!(self.0, 7);
            note();
        }
    }

    impl Drop for Nothing {
        fn drop(&mut self) {
            note();
        }
    }

    let (aligned, nothing) = (pool_of(1), pool_of(1));
    assert_eq!(panic_of(|| drop(aligned.alloc(Aligned(7)))), DROP);
    assert_eq!(panic_of(|| drop(unsize!(aligned.alloc(Aligned(7)), dyn Any))), DROP);
    assert_eq!(panic_of(|| drop(nothing.alloc(Nothing))), DROP);
    assert_eq!(panic_of(|| drop(unsize!(nothing.alloc(Nothing), dyn Any))), DROP);
    assert_eq!(DROPS.get(), 4);
    assert_serves(&aligned, 1);
    assert_serves(&nothing, 1);
}

#[test]
fn a_clone_that_panics_leaves_the_original_and_gives_its_chunk_back() {
    let ledger = Ledger::default();
    let pool = pool_of(2);
    let original = pool.alloc(ledger.entry());
    ledger.panic_after_clones(0);
    assert!(panic_of(|| drop(original.clone())).contains(CLONE));
    assert_eq!((pool.len(), ledger.live(), original.number), (1, 1, 0));
    let pinned: Pin<_> = PoolBox::into_pin(original);
    assert!(panic_of(|| drop(pinned.clone())).contains(CLONE));
    drop(pinned);
    ledger.assert_settled();
    assert_serves(&pool, 2);
}

#[test]
fn a_clone_that_panics_in_a_slice_drops_the_elements_so_far() {
    const LEN: usize = 5;
    for good in 0..LEN {
        let ledger = Ledger::default();
        let pool = pool_of(2);
        let original: PoolBox<[Entry]> = unsize!(pool.alloc([(); LEN].map(|()| ledger.entry())), [Entry]);
        ledger.panic_after_clones(good);
        assert!(panic_of(|| drop(original.clone())).contains(CLONE));
        assert_eq!((pool.len(), ledger.live()), (1, LEN));
        assert_eq!(ledger.dropped(), (LEN..LEN + good).collect::<Vec<_>>());
        drop(original);
        ledger.assert_settled();
        assert_serves(&pool, 2);
    }
}

#[test]
fn a_clone_from_that_panics_leaves_both_boxes() {
    let ledger = Ledger::default();
    let pool = pool_of(2);
    let (mut target, source) = (pool.alloc(ledger.entry()), pool.alloc(ledger.entry()));
    ledger.panic_after_clones(0);
    assert!(panic_of(|| target.clone_from(&source)).contains(CLONE));
    assert_eq!((target.number, source.number, ledger.live()), (0, 1, 2));
    // The clone succeeds, and then what it replaces panics.
    ledger.panic_after_clones(1);
    ledger.panic_in_drop_of(0);
    assert!(panic_of(|| target.clone_from(&source)).contains(DROP));
    assert_eq!((target.number, source.number, ledger.live()), (2, 1, 2));
    drop((target, source));
    ledger.assert_settled();
    assert_serves(&pool, 2);
}

#[test]
fn a_clone_from_that_panics_leaves_both_slices() {
    for good in 0..2 {
        let ledger = Ledger::default();
        let pool = pool_of(3);
        let slice = || -> PoolBox<[Entry]> { unsize!(pool.alloc([ledger.entry(), ledger.entry()]), [Entry]) };
        let (mut target, source) = (slice(), slice());
        ledger.panic_after_clones(good);
        assert!(panic_of(|| target.clone_from(&source)).contains(CLONE));
        assert_eq!(ledger.live(), 4);
        assert!(target.len() == 2 && source.iter().map(|entry| entry.number).eq([2, 3]));
        drop((target, source));
        ledger.assert_settled();
        assert_serves(&pool, 3);
    }
}
