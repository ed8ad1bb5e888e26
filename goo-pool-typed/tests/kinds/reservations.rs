//! Reservations: room for exactly so many values; and pools that retry, or that grow and return in other ways.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use crate::common::{Ledger, Watched, assert_serves, panic_of};
use crate::kind::{Pool, PoolBox, RECORDS};
use goo_pool_typed::{AllocError, Growth, OnFailure, Return};

fn pool_of<T>(limit: usize) -> Pool<T> {
    Pool::builder().max_chunks(limit).build().unwrap()
}

#[test]
fn exactly_so_many_values_find_room_and_are_dropped_once() {
    let ledger = Ledger::default();
    let pool = pool_of(10);
    let reserved = pool.reserve_exact(4).unwrap();
    let mut boxes: Vec<_> = (0..10).map_while(|_| pool.try_alloc(ledger.entry()).ok()).collect();
    assert_eq!(boxes.len(), 6, "others take what is reserved, or less than the rest");
    assert_eq!(ledger.live(), 6, "the value that was refused is dropped");
    boxes.push(reserved.alloc(ledger.entry()));
    boxes.push(reserved.alloc_with(|| ledger.entry()));
    boxes.push(reserved.try_alloc(ledger.entry()).ok().unwrap());
    boxes.push(PoolBox::write(reserved.alloc_uninit().unwrap(), ledger.entry()));
    assert_eq!((reserved.remaining(), pool.len()), (0, 10));
    boxes.iter().for_each(|boxed| boxed.assert_live());
    let value = reserved.try_alloc(ledger.entry()).err().unwrap();
    value.assert_live();
    drop(value);
    assert!(reserved.alloc_uninit().is_none());
    drop(reserved);
    drop(boxes);
    ledger.assert_settled();
    assert_serves(&pool, 10);
}

#[test]
fn an_allocation_beyond_the_reservation_panics_and_drops_its_value() {
    let ledger = Ledger::default();
    let pool = pool_of(10);
    let reserved = pool.reserve_exact(1).unwrap();
    let kept = reserved.alloc(ledger.entry());
    let ways: [&dyn Fn(); 2] = [&|| drop(reserved.alloc(ledger.entry())), &|| {
        drop(reserved.alloc_with(|| unreachable!("before it is called")));
    }];
    for way in ways {
        assert_eq!(panic_of(way), "nothing remains of the reservation");
    }
    assert_eq!((ledger.live(), pool.len()), (1, 1));
    drop(kept);
    // What is freed is the pool's.
    assert_eq!((reserved.remaining(), pool.len()), (0, 0));
    ledger.assert_settled();
}

#[test]
fn a_constructor_that_panics_gives_its_room_back_to_the_reservation() {
    let ledger = Ledger::default();
    let pool = pool_of(3);
    let reserved = pool.reserve_exact(3).unwrap();
    let message = panic_of(|| {
        drop(reserved.alloc_with(|| {
            let _inner = [reserved.alloc(ledger.entry()), reserved.alloc(ledger.entry())];
            assert_eq!(reserved.remaining(), 0);
            panic!("no value")
        }));
    });
    assert_eq!(message, "no value");
    ledger.assert_settled();
    // The inner ones had become the pool's.
    assert_eq!((reserved.remaining(), pool.len()), (1, 1));
    drop(reserved.alloc(ledger.entry()));
    drop(reserved);
    assert_serves(&pool, 3);
}

#[test]
fn constructors_use_the_reservation_and_the_pool() {
    struct Node {
        depth: u32,
        children: Vec<PoolBox<Node>>,
    }

    let pool = pool_of(20);
    let reserved = pool.reserve_exact(7).unwrap();
    fn tree(reserved: &dyn Fn(&dyn Fn() -> Node) -> PoolBox<Node>, depth: u32) -> PoolBox<Node> {
        reserved(&|| Node { depth, children: (0..depth).map(|_| tree(reserved, depth - 1)).collect() })
    }
    // 1 + 2 * (1 + 1): five of the seven.
    let root = tree(&|make| reserved.alloc_with(make), 2);
    assert_eq!((root.depth, root.children.len(), reserved.remaining()), (2, 2, 2));
    let both =
        reserved.alloc_with(|| Node { depth: 0, children: vec![pool.alloc(Node { depth: 1, children: vec![] })] });
    assert_eq!((pool.len(), reserved.remaining()), (8, 1));
    drop((root, both));
    assert_eq!(pool.len(), 1, "what remains is reserved still");
    drop(reserved);
    assert_serves(&pool, 20);
}

#[test]
fn more_than_there_is_is_refused() {
    let pool = pool_of::<u64>(10);
    assert_eq!(pool.reserve_exact(11).unwrap_err(), AllocError::LimitReached { max_chunks: 10 });
    assert!(pool.reserve_exact(usize::MAX).is_err());
    assert_eq!(pool.len(), 0);
    assert_eq!(pool.reserve_exact(0).unwrap().remaining(), 0);
    assert_serves(&pool, 10);
}

#[test]
fn a_reservation_outlives_the_pools_handles() {
    let parent = Watched::default();
    let watch = parent.0.clone();
    let pool = Pool::<String>::builder().parent(parent).build().unwrap();
    let reserved = pool.reserve_exact(5).unwrap();
    drop(pool);
    let text = reserved.alloc(String::from("text"));
    assert_eq!(PoolBox::pool(&text).len(), 5);
    drop(reserved);
    assert_eq!(*text, "text");
    assert_ne!(watch.segments(), 0);
    drop(text);
    assert_eq!(watch.pieces(), 0);
}

#[test]
fn values_without_a_size_have_room_too() {
    thread_local! {
        static DROPS: Cell<usize> = const { Cell::new(0) };
    }

    struct Nothing;

    impl Drop for Nothing {
        fn drop(&mut self) {
            DROPS.set(DROPS.get() + 1);
        }
    }

    let pool = pool_of(100);
    let reserved = pool.reserve_exact(100).unwrap();
    assert!(pool.try_alloc(Nothing).is_err());
    assert_eq!(DROPS.replace(0), 1);
    let boxes: Vec<_> = (0..100).map(|_| reserved.alloc(Nothing)).collect();
    assert_eq!(reserved.remaining(), 0);
    drop(boxes);
    assert_eq!(DROPS.get(), 100);
}

#[test]
fn a_handler_makes_room_and_values_are_made_once() {
    let cache: Arc<Mutex<Vec<Kept>>> = Arc::default();
    let (in_handler, made) = (Arc::downgrade(&cache), Arc::new(AtomicUsize::new(0)));
    let pool = Pool::<u64>::builder().max_chunks(10).on_failure(1, move |error, attempt| {
        assert_eq!((*error, attempt), (AllocError::LimitReached { max_chunks: 10 }, 1));
        match in_handler.upgrade().and_then(|cache| cache.lock().unwrap().pop()) {
            Some(_kept) => OnFailure::Retry,
            None => OnFailure::ReturnError,
        }
    });
    let pool = pool.build().unwrap();
    for n in 0..10 {
        cache.lock().unwrap().push(Kept(pool.alloc(n)));
    }
    let boxes: Vec<_> = (0..10)
        .map(|_| {
            pool.alloc_with(|| {
                made.fetch_add(1, Relaxed);
                7
            })
        })
        .collect();
    assert_eq!((made.load(Relaxed), cache.lock().unwrap().len()), (10, 0));
    assert!(pool.try_alloc(1).is_err());
    drop(boxes);
    assert_serves(&pool, 10);
}

/// A box that a handler may drop, on the test's thread.
struct Kept(#[expect(dead_code, reason = "it is kept, and dropped")] PoolBox<u64>);

// SAFETY: a test's pool is on the thread of the test.
unsafe impl Send for Kept {}

/// A handler that allocates in the pool that has nothing left once recursed for ever.
#[test]
fn a_handler_that_drops_a_value_whose_destructor_allocates_comes_to_an_end() {
    struct Greedy(Rc<RefCell<Option<Pool<Greedy>>>>);

    // SAFETY: on the thread of the test, as above.
    unsafe impl Send for Greedy {}

    impl Drop for Greedy {
        fn drop(&mut self) {
            let pool = self.0.borrow().clone();
            if let Some(pool) = pool {
                assert!(pool.try_alloc_uninit().is_err(), "the limit is reached, and its own chunk not free yet");
            }
        }
    }

    struct Cache(Rc<RefCell<Vec<PoolBox<Greedy>>>>);
    // SAFETY: the same.
    unsafe impl Send for Cache {}
    // SAFETY: the same.
    unsafe impl Sync for Cache {}

    impl Cache {
        fn evict(&self) -> OnFailure {
            let evicted = self.0.borrow_mut().pop();
            if evicted.is_some() { OnFailure::Retry } else { OnFailure::ReturnError }
        }
    }

    let cache = Rc::new(RefCell::new(Vec::new()));
    let in_handler = Cache(cache.clone());
    let slot = Rc::new(RefCell::new(None));
    let pool = Pool::builder().max_chunks(5).on_failure(2, move |_, _| in_handler.evict()).build().unwrap();
    for _ in 0..5 {
        cache.borrow_mut().push(pool.alloc(Greedy(slot.clone())));
    }
    *slot.borrow_mut() = Some(pool.clone());
    drop(pool.try_alloc_uninit().unwrap());
    assert_eq!(cache.borrow().len(), 4);
    slot.borrow_mut().take();
    cache.borrow_mut().clear();
    assert_eq!(pool.len(), 0);
}

#[test]
fn a_pool_that_aborts_has_no_errors() {
    let pool = Pool::<u64>::builder().max_chunks(0).abort_on_failure().build().unwrap();
    let message = panic_of(|| drop(pool.try_alloc(1)));
    assert_eq!(message, "the pool's limit of 0 chunks is reached");
}

#[test]
fn how_a_pool_grows_and_returns_is_a_setting() {
    let parent = Watched::default();
    let watch = parent.0.clone();
    let builder = Pool::<[u64; 8]>::builder().growth(Growth::Fixed { bytes: 8192 }).returns(Return::Never);
    let pool = builder.parent(parent).build().unwrap();
    let boxes: Vec<_> = (0..1_000).map(|_| pool.alloc([1; 8])).collect();
    let pieces = watch.pieces();
    assert!(watch.segments() >= 8);
    drop(boxes);
    assert_eq!(watch.pieces(), pieces);
    pool.shrink_to_fit();
    assert_eq!(watch.segments(), 0);
    assert!(RECORDS.contains(&watch.pieces()));
}
