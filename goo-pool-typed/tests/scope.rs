//! What a scope promises: every destructor once, all memory back, whatever panics or calls back.

mod common;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::hint::black_box;
use std::mem::forget;
use std::panic::{self, AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};

use common::{Entry, Ledger, StaticMemory, Watched, panic_of, scaled};
use goo_pool_typed::generic::Kind;
use goo_pool_typed::{AllocError, Pool, PoolBox, Scope, SyncPool, SyncScope};
use static_assertions::{assert_impl_all, assert_not_impl_any};

assert_impl_all!(Scope<u32>: UnwindSafe, RefUnwindSafe, std::fmt::Debug);
assert_impl_all!(Scope<std::marker::PhantomPinned>: Unpin);
assert_not_impl_any!(Scope<u32>: Send, Sync, Clone);
assert_impl_all!(SyncScope<Cell<u32>>: Send);
assert_not_impl_any!(SyncScope<u32>: Sync);
assert_not_impl_any!(SyncScope<Rc<u32>>: Send);
assert_not_impl_any!(SyncScope<std::sync::MutexGuard<'static, u32>>: Send);
assert_not_impl_any!(Scope<Cell<u32>>: RefUnwindSafe);

type Way = for<'s> fn(&'s Scope<Entry>, &Ledger) -> &'s mut Entry;

const WAYS_IN: [Way; 5] = [
    |scope, ledger| scope.alloc(ledger.entry()),
    |scope, ledger| scope.try_alloc(ledger.entry()).unwrap(),
    |scope, ledger| scope.alloc_with(|| ledger.entry()),
    |scope, ledger| scope.try_alloc_with(|| ledger.entry()).unwrap(),
    |scope, ledger| scope.alloc_iter([ledger.entry()]).next().unwrap(),
];

#[test]
fn every_value_is_dropped_once_and_in_order_by_a_reset_and_by_the_end() {
    let ledger = Ledger::default();
    let pool = Pool::new();
    let mut scope = pool.scope();
    let round = scaled(1000, 40);
    for rounds in 1..4 {
        let live: Vec<&mut Entry> = (0..round).map(|step| WAYS_IN[step % WAYS_IN.len()](&scope, &ledger)).collect();
        let places: BTreeSet<_> = live.iter().map(|entry| &raw const **entry).collect();
        assert_eq!((places.len(), ledger.live()), (round, round));
        assert_eq!(scope.len(), round);
        if rounds < 3 {
            scope.reset();
            assert!(scope.is_empty());
        } else {
            drop(scope);
            scope = pool.scope();
        }
        assert_eq!(ledger.dropped(), (0..rounds * round).collect::<Vec<_>>());
    }
    drop(scope);
    assert!(pool.is_empty());
}

#[test]
fn a_reset_keeps_the_memory_and_the_end_gives_it_to_the_pool() {
    let parent = Watched::default();
    let pool = Pool::<[u64; 8]>::builder().parent(parent.clone()).build().unwrap();
    let count = scaled(20_000, 200);
    let mut scope = pool.scope();
    scope.alloc_iter((0..count as u64).map(|n| [n; 8])).for_each(drop);
    let requests = parent.0.requests.get();
    for _ in 0..5 {
        scope.reset();
        scope.alloc_iter((0..count as u64).map(|n| [n; 8])).for_each(drop);
    }
    assert_eq!(parent.0.requests.get(), requests, "the same memory serves again");
    let bytes = parent.0.bytes();
    drop(scope);
    assert!(pool.is_empty());
    // What is kept by then serves boxes and scopes alike.
    let kept = pool.capacity();
    let boxes: Vec<_> = (0..kept as u64).map(|n| pool.alloc([n; 8])).collect();
    assert_eq!(pool.capacity(), kept);
    drop(boxes);
    assert!(parent.0.bytes() <= bytes);
    pool.shrink_to_fit();
    assert_eq!(parent.0.pieces(), 1, "the pool's record is left");
}

/// What a release costs does not depend on what is in the blocks: `scopes` in the benches has the figures.
#[test]
fn values_that_need_no_drop_are_released_without_a_look_at_them() {
    let pool = Pool::<[u64; 8]>::builder().parent(StaticMemory).build().unwrap();
    let count = scaled(20_000, 300) as u64;
    let mut scope = pool.scope();
    let places: Vec<*const [u64; 8]> = (0..count).map(|n| &raw const *scope.alloc([n; 8])).collect();
    let untouched = || {
        // SAFETY: it is the static memory's, which stays, and nobody has used it since the values were written.
        places.iter().zip(0..count).all(|(&place, n)| unsafe { place.read() } == [n; 8])
    };
    scope.reset();
    assert!(scope.is_empty() && untouched());
    drop(scope);
    // Builds with checks fill what is free, to find who writes there.
    assert!(pool.is_empty() && (cfg!(debug_assertions) || untouched()));
}

#[test]
fn scopes_may_outlive_the_pool_and_end_in_any_order() {
    let parent = Watched::default();
    let ledger = Ledger::default();
    let pool = Pool::builder().parent(parent.clone()).build().unwrap();
    let mut scopes: Vec<Scope<Entry>> = (0..6).map(|_| pool.scope()).collect();
    for step in 0..scaled(600, 60) {
        scopes[step % 6].alloc(ledger.entry());
    }
    let mut boxed = vec![pool.alloc(ledger.entry()), pool.alloc(ledger.entry())];
    drop(pool);
    for at in [3, 0, 3, 0, 1, 0] {
        drop(scopes.remove(at));
        boxed.pop();
    }
    ledger.assert_settled();
    assert_eq!(parent.0.pieces(), 0);
}

#[test]
fn values_refer_to_each_other_and_to_an_outer_scope() {
    struct Hub<'s> {
        name: String,
        all: RefCell<Vec<&'s Hub<'s>>>,
    }
    /// With what has to be freed, which may be.
    struct Spoke<'o, 'i> {
        name: String,
        hub: &'o Hub<'o>,
        next: Cell<Option<&'i Spoke<'o, 'i>>>,
        seen: RefCell<Vec<&'i Spoke<'o, 'i>>>,
    }
    let hubs = Pool::new();
    let outer = hubs.scope();
    let hub = &*outer.alloc(Hub { name: "hub".to_owned(), all: RefCell::default() });
    hub.all.borrow_mut().extend([hub, hub]);
    let spokes = Pool::<Spoke<'static, 'static>>::new();
    for _ in 0..2 {
        let inner: Scope<Spoke<'_, '_>> = spokes.scope_of();
        let spoke = |n: usize| Spoke { name: n.to_string(), hub, next: Cell::new(None), seen: RefCell::default() };
        let all: Vec<&Spoke<'_, '_>> = inner.alloc_iter((0..scaled(500, 20)).map(spoke)).map(|spoke| &*spoke).collect();
        for (one, two) in all.iter().zip(all.iter().cycle().skip(1)) {
            one.next.set(Some(two));
            one.seen.borrow_mut().extend([one, two]);
        }
        let mut at = all[0];
        for spoke in &all {
            assert_eq!(
                (&at.name, &at.hub.name, at.seen.borrow()[0].name.as_str()),
                (&spoke.name, &hub.name, &*at.name)
            );
            at = at.next.get().unwrap();
        }
        assert_eq!(at.name, "0");
    }
    assert_eq!(hub.all.borrow()[0].all.borrow().len(), 2);
}

#[test]
fn a_pool_of_long_lived_values_serves_scopes_of_short_lived_ones() {
    fn longest(pool: &Pool<&'static str>, text: &str) -> usize {
        let mut words: Scope<&str> = pool.scope();
        words.alloc_iter(text.split(' ')).for_each(drop);
        words.iter_mut().map(|word| word.len()).max().unwrap_or(0)
    }
    let pool = Pool::new();
    assert_eq!(longest(&pool, &String::from("a few words")), 5);
    assert_eq!(longest(&pool, &String::from("more")), 4);
}

#[test]
fn a_destructor_that_panics_lets_all_others_run_once() {
    let count = scaled(300, 40);
    for culprit in (0..count).step_by(scaled(7, 13)) {
        for end in [true, false] {
            let ledger = Ledger::default();
            let parent = Watched::default();
            let pool = Pool::builder().parent(parent.clone()).build().unwrap();
            let mut scope = pool.scope();
            for _ in 0..count {
                scope.alloc(ledger.entry());
            }
            ledger.panic_in_drop_of(culprit);
            if end {
                assert!(panic_of(move || drop(scope)).contains("the destructor panics"));
            } else {
                assert!(panic_of(|| scope.reset()).contains("the destructor panics"));
                ledger.assert_settled();
                assert!(scope.is_empty());
                scope.alloc(ledger.entry());
                drop(scope);
            }
            ledger.assert_settled();
            assert!(pool.is_empty());
            drop(pool);
            assert_eq!(parent.0.pieces(), 0);
        }
    }
}

/// A panic in a closure at each depth of nested allocations, with values allocated around it.
#[test]
fn a_constructor_that_panics_leaves_no_value_and_loses_none() {
    fn nest(scope: &Scope<Entry>, ledger: &Ledger, depth: usize, culprit: usize) -> Entry {
        if depth == 0 {
            return ledger.entry();
        }
        for _ in 0..3 {
            scope.alloc(ledger.entry());
        }
        let made = catch_unwind(AssertUnwindSafe(|| {
            scope.alloc_with(|| {
                let entry = nest(scope, ledger, depth - 1, culprit);
                assert_ne!(depth, culprit, "the constructor panics");
                entry
            })
        }));
        assert_eq!(made.is_err(), depth == culprit);
        scope.alloc(ledger.entry());
        ledger.entry()
    }
    for depth in 1..6 {
        for culprit in 0..=depth {
            let ledger = Ledger::default();
            let pool = Pool::builder().first_segment(1).max_segment(1).build().unwrap();
            let mut scope = pool.scope();
            for round in 0..scaled(5, 2) {
                drop(nest(&scope, &ledger, depth, culprit));
                let live: Vec<usize> = scope.iter_mut().map(|entry| entry.number).collect();
                assert_eq!((live.len(), live.len()), (scope.len(), ledger.live()), "round {round}");
                assert_eq!(live.iter().collect::<BTreeSet<_>>().len(), live.len());
                if round % 2 == 0 {
                    scope.reset();
                    ledger.assert_settled();
                }
            }
            drop(scope);
            ledger.assert_settled();
            assert!(pool.is_empty());
        }
    }
}

/// To find the values between holes once took a look at all holes for each of them, which would be minutes for these.
#[test]
fn places_that_were_given_up_are_passed_over_in_one_go() {
    let count = scaled(200_000, 50);
    let ledger = Ledger::default();
    let pool = Pool::new();
    let mut scope = pool.scope();
    for _ in 0..count {
        let nested = || scope.alloc_with(|| panic::resume_unwind(Box::new(scope.alloc(ledger.entry()).number)));
        assert!(catch_unwind(AssertUnwindSafe(|| _ = nested())).is_err());
    }
    assert_eq!(scope.len(), count);
    assert!(scope.iter_mut().map(|entry| entry.number).eq(0..count));
    scope.reset();
    assert_eq!(ledger.dropped(), (0..count).collect::<Vec<_>>());
}

/// The inner places are given up first, so they are not written down in their order.
#[test]
fn values_between_given_up_places_stay_in_order() {
    fn nest(scope: &Scope<Entry>, ledger: &Ledger, depth: usize) -> Entry {
        scope.alloc(ledger.entry());
        if depth == 0 {
            panic::resume_unwind(Box::new(()));
        }
        scope.alloc_with(|| nest(scope, ledger, depth - 1));
        unreachable!("the innermost panics");
    }
    let depth = scaled(300, 20);
    let ledger = Ledger::default();
    let pool = Pool::builder().first_segment(1).max_segment(1).build().unwrap();
    let mut scope = pool.scope();
    for round in 1..4 {
        assert!(catch_unwind(AssertUnwindSafe(|| nest(&scope, &ledger, depth))).is_err());
        assert!(scope.iter_mut().map(|entry| entry.number).eq(0..round * (depth + 1)));
    }
    let count = scope.len();
    drop(scope);
    assert_eq!(ledger.dropped(), (0..count).collect::<Vec<_>>());
    assert!(pool.is_empty());
}

#[test]
fn a_panic_in_an_iterator_or_a_default_keeps_what_came_before() {
    #[derive(Debug)]
    struct NoDefault;
    impl Default for NoDefault {
        fn default() -> Self {
            panic!("no default")
        }
    }
    let scope = Pool::<NoDefault>::new().scope();
    assert_eq!(panic_of(|| _ = scope.alloc_default()), "no default");
    assert!(scope.is_empty());

    let ledger = Ledger::default();
    let pool = Pool::new();
    let scope = pool.scope();
    let entries = (0..10).map(|n| if n < 7 { ledger.entry() } else { panic!("at seven") });
    assert_eq!(panic_of(|| scope.alloc_iter(entries).for_each(drop)), "at seven");
    assert_eq!((scope.len(), ledger.live()), (7, 7));
    drop(scope);
    ledger.assert_settled();
}

#[test]
fn destructors_may_use_the_pool_and_its_scopes() {
    struct Busy {
        pool: Weak<Pool<Busy>>,
        other: Weak<Scope<Busy>>,
        dropped: Rc<Cell<usize>>,
        depth: usize,
    }
    impl Drop for Busy {
        fn drop(&mut self) {
            self.dropped.set(self.dropped.get() + 1);
            let Some(pool) = self.pool.upgrade().filter(|_| self.depth != 0) else { return };
            let like = || Busy {
                pool: Rc::downgrade(&pool),
                other: self.other.clone(),
                dropped: self.dropped.clone(),
                depth: self.depth - 1,
            };
            drop(pool.alloc(like()));
            let scope = pool.scope();
            scope.alloc(like());
            scope.alloc_with(like);
            if let Some(other) = self.other.upgrade() {
                other.alloc(like());
            }
        }
    }
    let pool = Rc::new(Pool::new());
    let dropped = Rc::new(Cell::new(0));
    let other = Rc::new(pool.scope());
    let mut scope = pool.scope();
    for _ in 0..10 {
        let (pool, other) = (Rc::downgrade(&pool), Rc::downgrade(&other));
        scope.alloc(Busy { pool, other, dropped: dropped.clone(), depth: 2 });
    }
    scope.reset();
    // Each of depth 2 makes 4 of depth 1, each of which makes 4 of depth 0; those in `other` live still.
    let alive = other.len();
    assert_eq!(dropped.get() + alive, 10 * (1 + 3 * (1 + 4) + 1));
    drop(scope);
    drop(other);
    assert!(pool.is_empty());
}

#[test]
fn the_parent_may_use_the_scope_while_it_is_asked_for_memory() {
    let ledger = Ledger::default();
    let parent = Watched::default();
    let pool = Pool::builder().parent(parent.clone()).first_segment(1).max_segment(1).build().unwrap();
    let scope = Rc::new(pool.scope());
    {
        let (scope, ledger) = (Rc::downgrade(&scope), ledger.clone());
        parent.0.before_request(move || {
            if let Some(scope) = scope.upgrade() {
                scope.alloc(ledger.entry());
                scope.alloc_with(|| ledger.entry());
            }
        });
    }
    for _ in 0..10 {
        scope.alloc(ledger.entry());
    }
    assert_eq!(scope.len(), ledger.live());
    assert!(ledger.live() > 10, "the parent was asked, and allocated");
    parent.0.forget_hooks();
    let mut scope = Rc::into_inner(scope).unwrap();
    let mut live: Vec<usize> = scope.iter_mut().map(|entry| entry.number).collect();
    live.sort_unstable();
    assert!(live.into_iter().eq(0..ledger.live()));
    drop(scope);
    ledger.assert_settled();
    assert!(pool.is_empty());
}

#[test]
fn a_parent_may_use_the_scope_and_refuse() {
    let parent = Watched::default();
    let pool = Pool::<usize>::builder().parent(parent.clone()).build().unwrap();
    let scope = Rc::new(pool.scope());
    {
        let (scope, watch) = (Rc::downgrade(&scope), Rc::downgrade(&parent.0));
        parent.0.before_request(move || {
            if let (Some(scope), Some(watch)) = (scope.upgrade(), watch.upgrade()) {
                watch.grants.set(None);
                scope.alloc(1);
                watch.grants.set(Some(0));
            }
        });
    }
    assert!(matches!(scope.try_alloc(2), Ok(&mut 2)), "the scope has room by now");
    assert_eq!(scope.len(), 2);
    assert_eq!(parent.0.segments(), 1);
    parent.0.forget_hooks();
}

#[test]
fn a_parent_that_panics_when_memory_goes_back_loses_none() {
    let ledger = Ledger::default();
    let parent = Watched::default();
    let pool = Pool::builder().parent(parent.clone()).first_segment(1).max_segment(1).build().unwrap();
    let scope = pool.scope();
    for _ in 0..10 {
        scope.alloc(ledger.entry());
    }
    let panicked = Rc::new(Cell::new(false));
    {
        let panicked = panicked.clone();
        parent.0.before_return(move || assert!(panicked.replace(true), "the parent panics"));
    }
    assert_eq!(panic_of(move || drop(scope)), "the parent panics");
    ledger.assert_settled();
    assert!(pool.is_empty());
    drop(pool);
    assert_eq!(parent.0.pieces(), 0);
}

#[test]
fn a_limit_or_missing_memory_is_an_error_and_leaves_the_scope_as_it_was() {
    let parent = Watched::default();
    let pool = Pool::builder().parent(parent.clone()).max_chunks(10).build().unwrap();
    let first = pool.scope();
    let mut live = 0;
    let refused = loop {
        match first.try_alloc(live.to_string()) {
            Ok(_) => live += 1,
            Err(refused) => break refused,
        }
    };
    assert_eq!(live, 10);
    assert_eq!(refused.error(), AllocError::LimitReached { max_chunks: 10 });
    assert_eq!(refused.into_value(), "10");
    let called = Cell::new(false);
    let make = || {
        called.set(true);
        String::new()
    };
    assert!(first.try_alloc_with(make).is_err());
    assert!(panic_of(|| _ = first.alloc_with(make)).contains("10"));
    assert!(panic_of(|| _ = first.alloc(String::new())).contains("10"));
    assert!(!called.get(), "nothing is made without a place for it");
    let second = pool.scope();
    assert!(second.try_alloc(String::new()).is_err());
    assert_eq!((first.len(), second.len()), (10, 0));
    drop(first);
    second.try_alloc(String::new()).unwrap();
    drop(second);
    let boxed: Vec<PoolBox<String>> = (0..10).map(|_| pool.alloc(String::new())).collect();
    drop((boxed, pool));

    let pool = Pool::<u64>::builder().parent(parent.clone()).build().unwrap();
    let scope = pool.scope();
    parent.0.grants.set(Some(0));
    assert!(matches!(scope.try_alloc(1).unwrap_err().error(), AllocError::OutOfMemory { .. }));
    parent.0.grants.set(None);
    scope.alloc(1);
    assert_eq!((scope.len(), pool.capacity() > 0), (1, true));
}

#[test]
#[cfg_attr(goo_asan, ignore = "what is forgotten is a leak: the scope's list of rows")]
fn a_forgotten_scope_keeps_its_values_and_its_places() {
    let ledger = Ledger::default();
    let pool = Pool::builder().parent(StaticMemory).build().unwrap();
    let scope = pool.scope();
    let place = (&raw const *scope.alloc(ledger.entry())).addr();
    forget(scope);
    let again = pool.scope();
    for _ in 0..100 {
        assert_ne!((&raw const *again.alloc(ledger.entry())).addr(), place);
    }
    drop(again);
    assert_eq!((ledger.live(), ledger.dropped().contains(&0)), (1, false));
}

#[test]
fn values_of_every_layout_have_places_of_their_own() {
    #[repr(align(4096))]
    struct Wide(u8);
    struct Nothing(Rc<Cell<usize>>);
    fn check<T>(count: usize, make: impl Fn() -> T) {
        check_in(Pool::new().scope(), count, &make);
        check_in(SyncPool::new().scope(), count, &make);
    }
    fn check_in<T, H: Kind>(mut scope: Scope<T, H>, count: usize, make: impl Fn() -> T) {
        for _ in 0..2 {
            let places: BTreeSet<usize> = (0..count).map(|_| (&raw const *scope.alloc_with(&make)).addr()).collect();
            assert_eq!(places.len(), count);
            assert!(places.iter().all(|&place| black_box(place) % align_of::<T>() == 0));
            let apart = places.iter().zip(places.iter().skip(1)).map(|(one, two)| two - one).min();
            assert!(apart.is_none_or(|apart| apart >= size_of::<T>()));
            let iterated: BTreeSet<usize> = scope.iter_mut().map(|value| (&raw const *value).addr()).collect();
            // Values of no size may as well be iterated at one address: a slice has them all there.
            assert!(size_of::<T>() == 0 || iterated == places);
            scope.reset();
        }
    }
    let many = scaled(5000, 100);
    check(many, || ());
    check(many, || [0_u64; 0]);
    check(many, || 1_u8);
    check(many, || [1_u8; 3]);
    check(many, || 1_u64);
    check(many, || [1_u16; 1001]);
    check(scaled(40, 3), || [1_u8; 100_000]);
    check(scaled(40, 3), || Wide(1));
    let dropped = Rc::new(Cell::new(0));
    impl Drop for Nothing {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    check(many, || Nothing(dropped.clone()));
    assert_eq!(dropped.get(), 4 * many);
    assert_eq!(Wide(3).0, 3);
}

#[test]
fn values_of_no_size_are_dropped_as_often_as_they_were_made() {
    thread_local!(static DROPPED: Cell<usize> = const { Cell::new(0) });
    struct Token;
    impl Drop for Token {
        fn drop(&mut self) {
            DROPPED.set(DROPPED.get() + 1);
        }
    }
    let mut scope = Pool::new().scope();
    for _ in 0..scaled(10_000, 100) {
        scope.alloc(Token);
    }
    assert_eq!(scope.iter_mut().count(), scaled(10_000, 100));
    drop(scope);
    assert_eq!(DROPPED.get(), scaled(10_000, 100));
}

/// A scope once had a stride of its own for values of no size, 1, and gave out misaligned references.
#[test]
fn values_of_no_size_lie_where_their_alignment_wants_them() {
    thread_local!(static DROPPED: Cell<usize> = const { Cell::new(0) });
    struct Aligned([u128; 0]);
    impl Drop for Aligned {
        fn drop(&mut self) {
            // The compiler takes it for granted that a reference is aligned, so it must not see that this is one.
            assert_eq!(black_box((&raw const *self).addr()) % align_of::<Self>(), 0);
            DROPPED.set(DROPPED.get() + 1);
        }
    }
    fn check<H: Kind>(mut scope: Scope<Aligned, H>) {
        let count = scaled(2000, 20);
        for _ in 0..count {
            let value: &mut Aligned = scope.alloc(Aligned([]));
            assert_eq!(black_box((&raw const *value).addr()) % align_of::<Aligned>(), 0);
            // A hole.
            let nested = || scope.alloc_with(|| panic::resume_unwind(Box::new(scope.alloc(Aligned([])).0.len())));
            assert!(catch_unwind(AssertUnwindSafe(|| _ = nested())).is_err());
        }
        assert_eq!((scope.len(), scope.iter_mut().count()), (2 * count, 2 * count));
        for value in scope.iter_mut() {
            assert_eq!(black_box((&raw const *value).addr()) % align_of::<Aligned>(), 0);
        }
        drop(scope);
        assert_eq!(DROPPED.take(), 2 * count);
    }
    check(Pool::new().scope());
    check(SyncPool::new().scope());
}

#[test]
fn scopes_of_a_shared_pool_work_side_by_side_and_go_to_other_threads() {
    static POOL: SyncPool<String> = SyncPool::new();
    let count = scaled(3000, 30);
    let filled: Vec<SyncScope<String>> = std::thread::scope(|threads| {
        let workers: Vec<_> = (0..4)
            .map(|worker| {
                threads.spawn(move || {
                    let mut scope = POOL.scope();
                    for round in 0..3 {
                        scope.reset();
                        for n in 0..count {
                            scope.alloc(format!("{worker} {round} {n}"));
                        }
                    }
                    scope
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    for (worker, mut scope) in filled.into_iter().enumerate() {
        for (n, text) in scope.iter_mut().enumerate() {
            assert_eq!(*text, format!("{worker} 2 {n}"));
        }
        scope.alloc(String::from("on another thread"));
    }
    assert!(POOL.is_empty());
    let local = POOL.local();
    let scope: SyncScope<String> = local.scope();
    scope.alloc(String::from("from a local pool"));
}

/// The drop check, as far as it must let things pass. What it must refuse is in ui/scope.
#[test]
fn what_needs_no_look_at_its_neighbours_may_end_with_them() {
    // Declared before the scope's values end, dropped before the scope: fine without a destructor that looks.
    let pool = Pool::new();
    let scope = pool.scope();
    let name = String::from("gone before the scope");
    scope.alloc(Some(&name));
    let vectors = Pool::new();
    let scope = vectors.scope();
    let names = [name.clone(), name.clone()];
    scope.alloc(names.iter().collect::<Vec<&String>>());
    // A pool that goes before its scope.
    drop(pool);
    drop(vectors);
}
