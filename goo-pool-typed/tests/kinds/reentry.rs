//! Constructors, destructors and clones that use the pool they run for.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::common::{Entry, Ledger, Watched, assert_serves, scaled};
use crate::kind::{Pool, PoolBox};

/// Runs code when it is dropped.
#[derive(Default)]
struct OnDrop(Option<Box<dyn FnOnce()>>);

impl OnDrop {
    fn run(code: impl FnOnce() + 'static) -> Self {
        Self(Some(Box::new(code)))
    }
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(code) = self.0.take() {
            code();
        }
    }
}

/// Does with a pool whatever can be done with it, and leaves as many values as there were.
fn use_in_every_way(pool: &Pool<OnDrop>) {
    let stats = pool.stats();
    assert_eq!(stats.live_chunks + stats.free_chunks, stats.total_chunks);
    let values = scaled(300, 40);
    pool.reserve(values / 2).unwrap();
    let mut boxes: Vec<_> = pool.alloc_iter((0..values).map(|_| OnDrop::default())).collect();
    assert_eq!(pool.len(), stats.live_chunks + values);
    boxes.drain(values / 3..values / 2);
    pool.shrink_to_fit();
    drop(PoolBox::into_inner(boxes.swap_remove(1)));
    boxes.push(pool.alloc_default());
    boxes.push(pool.clone().alloc_with(|| PoolBox::into_inner(pool.alloc_default())));
    assert!(PoolBox::pool(&boxes[0]).ptr_eq(pool));
    drop(boxes);
    pool.shrink_to_fit();
    assert_eq!(pool.len(), stats.live_chunks);
}

#[test]
fn a_constructor_may_use_its_pool_in_every_way() {
    let pool = Pool::new();
    let before: Vec<_> = pool.alloc_iter((0..5).map(|_| OnDrop::default())).collect();
    let boxed = pool.alloc_with(|| {
        use_in_every_way(&pool);
        OnDrop::default()
    });
    let tried = pool.try_alloc_with(|| {
        use_in_every_way(&pool);
        OnDrop::default()
    });
    assert_eq!(pool.len(), 7);
    drop((before, boxed, tried));
    assert!(pool.is_empty());
}

#[test]
fn a_destructor_may_use_its_pool_in_every_way() {
    let pool = Pool::new();
    let ran = Rc::new(Cell::new(0));
    let value = || {
        let (pool, ran) = (pool.clone(), ran.clone());
        OnDrop::run(move || {
            use_in_every_way(&pool);
            ran.set(ran.get() + 1);
        })
    };
    drop(pool.alloc(value()));
    let mut boxes: Vec<_> = pool.alloc_iter((0..5).map(|_| value())).collect();
    *boxes[2] = value();
    drop(PoolBox::into_inner(boxes.remove(1)));
    drop(boxes);
    assert_eq!((pool.len(), ran.get()), (0, 7));
}

#[test]
fn an_iterator_may_use_the_pool_that_boxes_its_values() {
    let pool = Pool::new();
    let values = (0..5).map(|_| {
        use_in_every_way(&pool);
        OnDrop::default()
    });
    let boxes: Vec<_> = pool.alloc_iter(values).collect();
    assert_eq!(pool.len(), boxes.len());
}

#[test]
fn constructors_nest() {
    const DEPTH: usize = scaled(500, 50);

    struct Nested {
        depth: usize,
        inner: Option<PoolBox<Nested>>,
    }

    fn nested(pool: &Pool<Nested>, depth: usize) -> PoolBox<Nested> {
        pool.alloc_with(|| Nested { depth, inner: (depth < DEPTH).then(|| nested(pool, depth + 1)) })
    }

    let pool = Pool::builder().max_chunks(DEPTH).build().unwrap();
    let outermost = nested(&pool, 1);
    let all = std::iter::successors(Some(&outermost), |nested| nested.inner.as_ref());
    assert!(all.map(|nested| nested.depth).eq(1..=DEPTH));
    drop(outermost);
    assert_serves(&pool, DEPTH);
}

#[test]
fn a_destructor_may_put_its_value_into_a_new_box() {
    struct Phoenix {
        entry: Option<Entry>,
        pool: Pool<Phoenix>,
        nest: Rc<RefCell<Vec<PoolBox<Phoenix>>>>,
    }

    impl Drop for Phoenix {
        fn drop(&mut self) {
            if let Some(entry) = self.entry.take().filter(|entry| entry.number == 0) {
                let reborn = Phoenix { entry: Some(entry), pool: self.pool.clone(), nest: self.nest.clone() };
                self.nest.borrow_mut().push(self.pool.alloc(reborn));
            }
        }
    }

    let ledger = Ledger::default();
    let pool = Pool::builder().max_chunks(2).build().unwrap();
    let nest = Rc::new(RefCell::new(Vec::new()));
    let mut boxed = pool.alloc(Phoenix { entry: Some(ledger.entry()), pool: pool.clone(), nest: nest.clone() });
    for _ in 0..10 {
        // The value that dies and the one that replaces it never share a chunk.
        let old = PoolBox::as_ptr(&boxed);
        drop(boxed);
        boxed = nest.borrow_mut().pop().unwrap();
        assert!(!std::ptr::eq(PoolBox::as_ptr(&boxed), old));
        assert_eq!((pool.len(), ledger.live()), (1, 1));
    }
    boxed.entry = None;
    drop(boxed);
    ledger.assert_settled();
    assert_serves(&pool, 2);
}

#[test]
fn a_destructor_finds_its_own_chunk_still_in_use() {
    let pool = Pool::builder().max_chunks(1).build().unwrap();
    let refused = Rc::new(Cell::new(false));
    let value = {
        let (pool, refused) = (pool.clone(), refused.clone());
        OnDrop::run(move || refused.set(pool.len() == 1 && pool.try_alloc(OnDrop::default()).is_err()))
    };
    drop(pool.alloc(value));
    assert!(refused.get());
    assert_serves(&pool, 1);
}

#[test]
fn a_destructor_may_drop_other_boxes_of_its_pool() {
    let pool = Pool::new();
    let others = Rc::new(RefCell::new(Vec::new()));
    // A chain: each one dropped drops the next in the middle of its own destructor.
    for _ in 0..scaled(200, 20) {
        let others_too = others.clone();
        let value = OnDrop::run(move || {
            let next = others_too.borrow_mut().pop();
            drop::<Option<PoolBox<OnDrop>>>(next);
        });
        others.borrow_mut().push(pool.alloc(value));
    }
    let first = others.borrow_mut().pop();
    drop(first);
    assert!(pool.is_empty() && others.borrow().is_empty());
}

#[test]
fn a_value_may_own_the_last_handle_to_its_pool() {
    struct Owner(#[expect(dead_code, reason = "owned, not used")] Pool<Owner>);

    let ways: [fn(PoolBox<Owner>); 4] = [
        |boxed| drop(boxed),
        |boxed| drop(PoolBox::into_inner(boxed)),
        |boxed| drop(PoolBox::into_pin(boxed)),
        |boxed| drop(goo_pool_typed::unsize!(boxed, dyn std::any::Any)),
    ];
    for way in ways {
        let parent = Watched::default();
        let pool = Pool::builder().parent(parent.clone()).build().unwrap();
        let boxed = pool.alloc_with(|| Owner(pool.clone()));
        drop(pool);
        assert_eq!(parent.0.segments(), 1);
        way(boxed);
        assert_eq!(parent.0.pieces(), 0);
    }
}

#[test]
fn a_destructor_may_drop_the_last_handle_while_other_boxes_live() {
    let parent = Watched::default();
    let pool = Pool::builder().first_segment(1).max_segment(1).parent(parent.clone()).build().unwrap();
    let last_handle = Rc::new(RefCell::new(None));
    let value = {
        let last_handle = last_handle.clone();
        OnDrop::run(move || drop(last_handle.take()))
    };
    // Every value has a segment of its own.
    let mut boxes: Vec<_> = (0..10).map(|_| pool.alloc(OnDrop::default())).collect();
    boxes.insert(5, pool.alloc(value));
    *last_handle.borrow_mut() = Some(pool);
    for left in (0..11).rev() {
        drop(boxes.pop());
        if last_handle.borrow().is_none() {
            assert_eq!(parent.0.segments(), left);
            assert_eq!(parent.0.pieces() == 0, left == 0);
        }
    }
    assert!(last_handle.borrow().is_none());
}

#[test]
fn a_constructor_may_drop_every_other_handle_and_box() {
    let parent = Watched::default();
    let pool = Pool::builder().parent(parent.clone()).build().unwrap();
    let boxes: Vec<_> = pool.alloc_iter((0..100).map(|_| OnDrop::default())).collect();
    let other = pool.clone();
    let boxed = pool.alloc_with(move || {
        drop((other, boxes));
        OnDrop::default()
    });
    assert_eq!(pool.len(), 1);
    drop(pool);
    drop(boxed);
    assert_eq!(parent.0.pieces(), 0);
}

#[test]
fn a_clone_may_use_its_pool_and_drop_the_last_handle_to_it() {
    struct Shared {
        number: u32,
        pool: Rc<RefCell<Option<Pool<Shared>>>>,
    }

    impl Clone for Shared {
        fn clone(&self) -> Self {
            if let Some(pool) = self.pool.take() {
                let copy = || Shared { number: 0, pool: self.pool.clone() };
                let boxes: Vec<_> = pool.alloc_iter((0..10).map(|_| copy())).collect();
                drop(pool);
                drop(boxes);
            }
            Self { number: self.number + 1, pool: self.pool.clone() }
        }
    }

    let parent = Watched::default();
    let pool = Pool::builder().parent(parent.clone()).build().unwrap();
    let handle = Rc::new(RefCell::new(None));
    let original = pool.alloc(Shared { number: 1, pool: handle.clone() });
    *handle.borrow_mut() = Some(pool);
    let clone = original.clone();
    assert!(handle.borrow().is_none());
    let mut target = clone.clone();
    target.clone_from(&original);
    assert_eq!((original.number, clone.number, target.number), (1, 2, 2));
    drop((original, clone, target));
    assert_eq!(parent.0.pieces(), 0);
}

#[test]
fn a_tree_clones_itself_in_its_own_pool() {
    #[derive(Clone, PartialEq, Debug)]
    struct Tree(u32, Vec<PoolBox<Tree>>);

    fn tree(pool: &Pool<Tree>, depth: u32) -> PoolBox<Tree> {
        pool.alloc_with(|| Tree(depth, (0..depth).map(|_| tree(pool, depth - 1)).collect()))
    }

    let depth = if cfg!(miri) { 3 } else { 6 };
    let pool = Pool::new();
    let original = tree(&pool, depth);
    let nodes = pool.len();
    let clone = original.clone();
    assert_eq!(pool.len(), 2 * nodes);
    assert_eq!(original, clone);
    drop(original);
    assert_eq!(pool.len(), nodes);
    assert_eq!(clone, tree(&Pool::new(), depth));
    drop(clone);
    assert!(pool.is_empty());
}
