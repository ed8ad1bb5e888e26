//! What a recycler promises: values come back reset, no more than its bound are kept, and none is lost or dropped twice.

mod common;

use std::cell::{Cell, RefCell};
use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use common::{Entry, Ledger, StaticMemory, Watched, panic_of, scaled};
use goo_pool_typed::{
    AllocError, Pool, PoolBox, Recycled, Recycler, RecyclerStats, SyncPool, SyncPoolBox, SyncRecycler,
};
use static_assertions::{assert_eq_size, assert_impl_all, assert_not_impl_any};

assert_not_impl_any!(Recycler<u32>: Send, Sync, Clone);
assert_impl_all!(SyncRecycler<Cell<u32>>: Send, Sync);
assert_not_impl_any!(SyncRecycler<Rc<u32>>: Send, Sync);
assert_not_impl_any!(SyncRecycler<std::sync::MutexGuard<'static, u32>>: Send, Sync);
assert_not_impl_any!(Recycled<&'static Recycler<u32>>: Send, Sync);
assert_impl_all!(Recycled<Arc<SyncRecycler<u32>>>: Send, Sync);
assert_impl_all!(Recycled<&'static SyncRecycler<Cell<u32>>>: Send);
assert_not_impl_any!(Recycled<&'static SyncRecycler<Cell<u32>>>: Sync);
assert_not_impl_any!(Recycled<Rc<SyncRecycler<u32>>>: Send, Sync);
assert_eq_size!(Recycled<&'static Recycler<[u64; 9]>>, [usize; 2]);
assert_eq_size!(Recycled<Rc<Recycler<[u64; 9]>>>, [usize; 2]);
assert_eq_size!(Recycled<Arc<SyncRecycler<[u64; 9]>>>, Option<Recycled<Arc<SyncRecycler<[u64; 9]>>>>);

fn stats(kept: usize, made: u64, reused: u64, dropped: u64) -> RecyclerStats {
    let mut stats = RecyclerStats::default();
    (stats.kept, stats.made, stats.reused, stats.dropped) = (kept, made, reused, dropped);
    stats
}

#[test]
fn a_value_comes_back_reset_and_with_what_made_it_expensive() {
    let buffers = Pool::new().recycler(Vec::clear);
    let mut first = buffers.take_or_else(|| Vec::with_capacity(1000));
    first.extend(0..500_u32);
    let place = first.as_ptr();
    drop(first);
    let again = buffers.take();
    assert_eq!((again.len(), again.capacity(), again.as_ptr()), (0, 1000, place));
    assert_eq!(buffers.stats(), stats(0, 1, 1, 0));
    assert_eq!(format!("{again:?}"), "[]");
    let words = Pool::new().recycler(String::clear);
    let mut word = words.take();
    word.push_str("shown");
    assert_eq!(word.to_string(), "shown");
}

#[test]
fn no_more_are_kept_than_the_bound_and_the_rest_is_dropped_at_once() {
    for keep in [0, 1, 3, 32, 1000] {
        let ledger = Ledger::default();
        let recycler = Pool::new().recycler(|_: &mut Entry| {}).keep(keep);
        let guards: Vec<_> = (0..40).map(|_| recycler.take_or_else(|| ledger.entry())).collect();
        drop(guards);
        let kept = keep.min(40);
        assert_eq!(recycler.stats(), stats(kept, 40, 0, 40 - kept as u64));
        assert_eq!((ledger.live(), recycler.pool().len()), (kept, kept));
        recycler.clear();
        assert_eq!((ledger.live(), recycler.stats().kept), (0, 0));
        drop(recycler.take_or_else(|| ledger.entry()));
        drop(recycler);
        ledger.assert_settled();
    }
    let by_default = Pool::<u8>::new().recycler(|_| {});
    drop((0..100).map(|_| by_default.take()).collect::<Vec<_>>());
    assert_eq!(by_default.stats().kept, 32);
}

#[test]
fn a_shared_recycler_has_one_bound_for_all_threads() {
    for keep in [0, 1, 5, 100] {
        let recycler = SyncPool::new().recycler(|_: &mut u32| {}).keep(keep);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| drop((0..50).map(|_| recycler.take()).collect::<Vec<_>>()));
            }
        });
        // Whoever finds its own place full looks for room elsewhere.
        let guards: Vec<_> = (0..200).map(|_| recycler.take()).collect();
        drop(guards);
        let RecyclerStats { kept, made, reused, dropped, .. } = recycler.stats();
        assert_eq!((kept, made - dropped), (keep, keep as u64));
        assert_eq!(made + reused, 4 * 50 + 200);
        assert_eq!(recycler.pool().len(), keep);
    }
}

#[test]
fn a_guard_may_have_its_own_way_to_the_recycler() {
    let ledger = Ledger::default();
    let pool = Pool::new();
    let recycler = Rc::new(pool.recycler(|_: &mut Entry| {}));
    let guards: Vec<Recycled<Rc<Recycler<Entry>>>> =
        (0..3).map(|_| Recycled::take_or_else(recycler.clone(), || ledger.entry())).collect();
    assert!(Rc::ptr_eq(Recycled::recycler(&guards[0]), &recycler));
    drop((pool, recycler));
    assert_eq!(ledger.live(), 3);
    drop(guards);
    ledger.assert_settled();
}

#[test]
fn what_is_taken_out_for_good_does_not_come_back() {
    let ledger = Ledger::default();
    let pool = Pool::new();
    let recycler = Rc::new(pool.recycler(|_: &mut Entry| {}));
    let value: Entry = Recycled::into_inner(recycler.take_or_else(|| ledger.entry()));
    let boxed: PoolBox<Entry> = Recycled::into_box(Recycled::take_or_else(recycler.clone(), || ledger.entry()));
    assert_eq!((recycler.stats().kept, pool.len(), ledger.live()), (0, 1, 2));
    assert_eq!(Rc::strong_count(&recycler), 1, "the guard's way to the recycler ends with the guard");
    drop((value, boxed));
    ledger.assert_settled();
    assert!(pool.is_empty());
}

#[test]
fn a_reset_that_panics_drops_its_value_and_keeps_all_others() {
    thread_local!(static CULPRIT: Cell<usize> = const { Cell::new(usize::MAX) });
    for culprit in 0..10 {
        let ledger = Ledger::default();
        let recycler = Pool::new().recycler(|entry: &mut Entry| {
            assert_ne!(entry.number, CULPRIT.get(), "the reset panics");
        });
        let guards: Vec<_> = (0..10).map(|_| recycler.take_or_else(|| ledger.entry())).collect();
        CULPRIT.set(culprit);
        assert!(panic_of(|| drop(guards)).contains("the reset panics"));
        assert_eq!(ledger.dropped(), [culprit]);
        assert_eq!(recycler.stats(), stats(9, 10, 0, 1));
        assert_eq!(recycler.pool().len(), 9);
        drop(recycler);
        ledger.assert_settled();
    }
}

#[test]
fn a_constructor_or_a_destructor_that_panics_loses_nothing() {
    let ledger = Ledger::default();
    let recycler = Pool::new().recycler(|_: &mut Entry| {}).keep(0);
    assert_eq!(panic_of(|| drop(recycler.take_or_else(|| panic!("not made")))), "not made");
    assert_eq!(recycler.stats(), RecyclerStats::default());
    assert!(recycler.pool().is_empty());
    let guard = recycler.take_or_else(|| ledger.entry());
    ledger.panic_in_drop_of(0);
    assert!(panic_of(move || drop(guard)).contains("the destructor panics"));
    assert!(recycler.pool().is_empty());
    // In the middle of what is kept.
    let ledger = Ledger::default();
    let recycler = Pool::new().recycler(|_: &mut Entry| {}).keep(10);
    drop((0..10).map(|_| recycler.take_or_else(|| ledger.entry())).collect::<Vec<_>>());
    ledger.panic_in_drop_of(4);
    assert!(panic_of(|| recycler.clear()).contains("the destructor panics"));
    ledger.assert_settled();
    assert!(recycler.pool().is_empty());
}

#[test]
fn a_user_who_panics_gives_the_value_back() {
    let buffers = Pool::new().recycler(Vec::clear);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut buffer = buffers.take();
        buffer.push(1);
        panic!("half way");
    }));
    assert!(panicked.is_err());
    assert!(buffers.take().is_empty());
    assert_eq!(buffers.stats().reused, 1);
}

#[test]
fn resets_destructors_and_constructors_may_use_the_recycler() {
    struct Busy {
        recycler: Weak<Recycler<Busy>>,
        dropped: Rc<Cell<usize>>,
        depth: Cell<usize>,
    }
    impl Busy {
        fn new(recycler: &Rc<Recycler<Self>>, dropped: &Rc<Cell<usize>>, depth: usize) -> Self {
            Self { recycler: Rc::downgrade(recycler), dropped: dropped.clone(), depth: Cell::new(depth) }
        }
        fn again(&self) {
            let Some(depth) = self.depth.get().checked_sub(1) else { return };
            self.depth.set(depth);
            if let Some(recycler) = self.recycler.upgrade() {
                let _two = (
                    recycler.take_or_else(|| Self::new(&recycler, &self.dropped, depth)),
                    recycler.take_or_else(|| Self::new(&recycler, &self.dropped, depth)),
                );
                recycler.clear();
            }
        }
    }
    impl Drop for Busy {
        fn drop(&mut self) {
            self.dropped.set(self.dropped.get() + 1);
            self.again();
        }
    }
    let recycler = Rc::new(Pool::new().recycler(|busy: &mut Busy| busy.again()).keep(2));
    let dropped = Rc::new(Cell::new(0));
    let make = || Busy::new(&recycler, &dropped, 3);
    let guard = recycler.take_or_else(|| {
        drop(recycler.take_or_else(make));
        make()
    });
    drop(guard);
    recycler.clear();
    let RecyclerStats { kept, made, .. } = recycler.stats();
    assert_eq!((kept, recycler.pool().len(), made), (kept, kept, (dropped.get() + kept) as u64));
    drop(recycler);
    assert_eq!(dropped.get() as u64, made);
}

#[test]
fn a_limit_is_an_error_that_a_kept_value_avoids() {
    let pool = Pool::builder().max_chunks(1).build().unwrap();
    let recycler = pool.recycler(String::clear);
    let only = recycler.take();
    let called = RefCell::new(0);
    let make = || {
        *called.borrow_mut() += 1;
        String::new()
    };
    assert_eq!(recycler.try_take_or_else(make).unwrap_err(), AllocError::LimitReached { max_chunks: 1 });
    assert!(panic_of(|| drop(recycler.take())).contains('1'));
    drop(only);
    drop(recycler.try_take_or_else(make).unwrap());
    assert_eq!(*called.borrow(), 0);
}

#[test]
fn all_memory_goes_back_with_the_last_of_recycler_and_guards() {
    let parent = Watched::default();
    let pool = Pool::<[u64; 20]>::builder().parent(parent.clone()).build().unwrap();
    let recycler = Rc::new(pool.recycler(|_| {}));
    let guards: Vec<_> = (0..scaled(500, 50)).map(|_| Recycled::take_or_else(recycler.clone(), || [1; 20])).collect();
    drop((pool, recycler));
    assert_ne!(parent.0.pieces(), 0);
    drop(guards);
    assert_eq!(parent.0.pieces(), 0);
}

#[test]
fn a_forgotten_guard_keeps_its_value_alone() {
    let ledger = Ledger::default();
    let pool = Pool::builder().parent(StaticMemory).build().unwrap();
    let recycler = pool.recycler(|_: &mut Entry| {});
    forget(recycler.take_or_else(|| ledger.entry()));
    drop(recycler.take_or_else(|| ledger.entry()));
    drop(recycler);
    assert_eq!((ledger.dropped(), pool.len()), (vec![1], 1));
}

/// A value that belongs to one user at a time.
#[derive(Default)]
struct Owned {
    users: AtomicUsize,
    text: String,
}

#[test]
fn threads_take_and_give_back_what_others_made() {
    let recycler = Arc::new(SyncPool::new().recycler(|owned: &mut Owned| owned.text.clear()).keep(8));
    let (rounds, threads) = (scaled(5_000, 20), 4);
    thread::scope(|scope| {
        let (sender, receiver) = std::sync::mpsc::sync_channel::<Recycled<Arc<SyncRecycler<Owned>>>>(3);
        scope.spawn(move || {
            for owned in receiver {
                assert_eq!(owned.users.fetch_sub(1, Relaxed), 1);
                assert_eq!(owned.text, "sent");
            }
        });
        for _ in 0..threads {
            let (recycler, sender) = (recycler.clone(), sender.clone());
            scope.spawn(move || {
                for round in 0..rounds {
                    let mut owned = Recycled::take(recycler.clone());
                    assert_eq!((owned.users.fetch_add(1, Relaxed), owned.text.as_str()), (0, ""), "two have it");
                    owned.text.push_str("sent");
                    match round % 3 {
                        0 => sender.send(owned).unwrap(),
                        1 => assert_eq!(owned.users.fetch_sub(1, Relaxed), 1),
                        _ => {
                            owned.users.fetch_sub(1, Relaxed);
                            drop::<SyncPoolBox<Owned>>(Recycled::into_box(owned));
                        }
                    }
                }
            });
        }
    });
    let RecyclerStats { kept, made, reused, .. } = recycler.stats();
    assert_eq!(made + reused, (threads * rounds) as u64);
    assert!(kept <= 8 && reused > 0);
    assert_eq!(recycler.pool().len(), kept);
}

#[test]
fn a_thread_that_only_takes_finds_what_another_gives_back() {
    let recycler = SyncPool::new().recycler(|_: &mut u32| {});
    let guards: Vec<_> = (0..10).map(|_| recycler.take()).collect();
    thread::scope(|scope| scope.spawn(move || drop(guards)).join().unwrap());
    drop((0..10).map(|_| recycler.take()).collect::<Vec<_>>());
    assert_eq!(recycler.stats().made, 10);
}

#[test]
fn a_thread_may_give_back_while_it_ends() {
    use std::cell::OnceCell;
    use std::sync::LazyLock;
    static RECYCLER: LazyLock<SyncRecycler<u32>> = LazyLock::new(|| SyncPool::new().recycler(|value| *value = 0));
    thread_local!(static LATE: OnceCell<Recycled<&'static SyncRecycler<u32>>> = const { OnceCell::new() });
    thread::spawn(|| LATE.with(|late| _ = late.set(RECYCLER.take()))).join().unwrap();
    assert_eq!((RECYCLER.stats().kept, *RECYCLER.take()), (1, 0));
}
