//! The books of tracked pools: what boxes do to them, and whom a report reaches. What a tracked pool does as any other is in
//! `tracked_local` and `tracked_sync`.
#![cfg(feature = "tracking")]

mod common;

use std::collections::BTreeMap;
use std::mem::forget;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;

use common::{panic_of, scaled};
use goo_pool_typed::generic::{self, Kind, Untracked};
use goo_pool_typed::{
    LeakReport, Ledger, Pool, PoolRc, RcPool, Scope, SyncPool, SyncTrackedBox, SyncTrackedPool, Tracked, TrackedBox,
    TrackedPool, Tracking, Usage, unsize,
};
use proptest::prelude::*;

type AnyPool<T, H> = generic::Pool<T, Tracked<H>>;
type AnyBox<T, H> = generic::PoolBox<T, Tracked<H>>;

static_assertions::assert_eq_size!(Option<TrackedBox<String>>, usize);
static_assertions::assert_eq_size!(Option<SyncTrackedBox<String>>, usize);
static_assertions::assert_impl_all!(SyncTrackedBox<u8>: Send, Sync);
static_assertions::assert_impl_all!(SyncTrackedPool<std::rc::Rc<u8>>: Send, Sync);
static_assertions::assert_not_impl_any!(SyncTrackedBox<std::rc::Rc<u8>>: Send, Sync);
static_assertions::assert_not_impl_any!(TrackedBox<u8>: Send, Sync);
static_assertions::assert_not_impl_any!(TrackedPool<u8>: Send, Sync);

/// What a sink heard.
#[derive(Clone, Default)]
struct Reports(Arc<Mutex<Vec<LeakReport>>>);

impl Reports {
    fn heard(&self, tracking: Tracking) -> Tracking {
        let Self(reports) = self.clone();
        tracking.on_leak(move |report| reports.lock().unwrap().push(report.clone()))
    }

    fn take(&self) -> Vec<LeakReport> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn lines(ledger: &Ledger) -> Vec<(u32, usize)> {
    let sites = ledger.live_by_site();
    assert!(sites.iter().all(|site| site.location.file() == file!()), "{sites:?}");
    sites.iter().map(|site| (site.location.line(), site.objects)).collect()
}

/// One step. Indices are taken modulo the number of live boxes.
#[derive(Debug, Clone)]
enum Op {
    Alloc(usize),
    Clone(usize),
    Drop(usize),
    IntoInner(usize),
    ThereAndBack(usize),
    Leak(usize),
    ConstructorPanics,
    CloseAndOpen,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (1..scaled(20, 5)).prop_map(Op::Alloc),
        4 => any::<usize>().prop_map(Op::Clone),
        6 => any::<usize>().prop_map(Op::Drop),
        6 => any::<usize>().prop_map(Op::IntoInner),
        2 => any::<usize>().prop_map(Op::ThereAndBack),
        1 => any::<usize>().prop_map(Op::Leak),
        1 => Just(Op::ConstructorPanics),
        1 => Just(Op::CloseAndOpen),
    ]
}

fn check<H: Kind + Untracked>(pool: AnyPool<String, H>, reports: &Reports, ops: &[Op]) {
    let ledger = pool.ledger().clone();
    let mut pool = Some(pool);
    let mut live = Vec::<(AnyBox<String, H>, u32)>::new();
    let mut forgotten = Vec::<(*mut String, u32)>::new();
    let mut expected = Usage::default();
    for op in ops {
        let index = |at: &usize| at % live.len();
        match op {
            Op::Alloc(count) => {
                for n in 0..*count {
                    let open = pool.as_ref().unwrap();
                    let (line, made) = (line!(), open.try_alloc(n.to_string()));
                    match made {
                        Ok(made) => live.push((made, line)),
                        Err(_) => {
                            expected.failures += 1;
                            continue;
                        }
                    }
                    expected.allocations += 1;
                    expected.peak_objects = expected.peak_objects.max(live.len() + forgotten.len());
                }
            }
            Op::ConstructorPanics => {
                let open = pool.as_ref().unwrap();
                panic_of(|| {
                    // Full or not: what panics is the limit or the constructor.
                    drop(open.alloc_with(|| panic!("no value")));
                });
                if open.len() < LIMIT {
                    expected.allocations += 1;
                    expected.frees += 1;
                    expected.peak_objects = expected.peak_objects.max(live.len() + forgotten.len() + 1);
                } else {
                    expected.failures += 1;
                }
            }
            _ if live.is_empty() => {}
            Op::Clone(at) if live.len() + forgotten.len() < LIMIT => {
                let at = index(at);
                let (line, clone) = (line!(), live[at].0.clone());
                live.push((clone, line));
                expected.allocations += 1;
                expected.peak_objects = expected.peak_objects.max(live.len() + forgotten.len());
            }
            Op::Clone(_) => {}
            Op::Drop(at) => {
                let at = index(at);
                drop(live.swap_remove(at));
                expected.frees += 1;
            }
            Op::IntoInner(at) => {
                let at = index(at);
                drop(generic::PoolBox::into_inner(live.swap_remove(at).0));
                expected.frees += 1;
            }
            Op::ThereAndBack(at) => {
                let at = index(at);
                let (boxed, line) = live.swap_remove(at);
                let raw = generic::PoolBox::into_raw(boxed);
                assert_eq!(ledger.usage().objects, live.len() + 1 + forgotten.len(), "it is live meanwhile");
                // SAFETY: it came from `into_raw` just now.
                live.push((unsafe { generic::PoolBox::from_raw(raw) }, line));
            }
            Op::Leak(at) => {
                let at = index(at);
                let (boxed, line) = live.swap_remove(at);
                forgotten.push((generic::PoolBox::into_raw(boxed), line));
            }
            Op::CloseAndOpen => {
                let open = live[0].0.len();
                drop(pool.take());
                pool = Some(generic::PoolBox::pool(&live[0].0));
                assert_eq!(open, live[0].0.len());
                assert!(pool.as_ref().unwrap().ledger().ptr_eq(&ledger));
            }
        }
        let size = size_of::<String>();
        expected.objects = live.len() + forgotten.len();
        (expected.bytes, expected.peak_bytes) = (expected.objects * size, expected.peak_objects * size);
        assert_eq!(ledger.usage(), expected, "after {op:?}");

        let mut by_line = BTreeMap::<u32, usize>::new();
        let sites = live.iter().map(|(_, line)| line).chain(forgotten.iter().map(|(_, line)| line));
        sites.for_each(|line| *by_line.entry(*line).or_default() += 1);
        let mut by_line: Vec<_> = by_line.into_iter().collect();
        by_line.sort_by_key(|&(_, objects)| std::cmp::Reverse(objects));
        assert_eq!(lines(&ledger), by_line, "after {op:?}");
    }
    let early = reports.take();
    assert!(early.len() <= 1, "a pool ends once");
    drop(live);
    drop(pool);
    let last = reports.take();
    assert_eq!(last.len(), usize::from(early.is_empty() && !forgotten.is_empty()));
    assert!(last.iter().all(|report| report.objects() == forgotten.len()));
    for (raw, _) in forgotten {
        // SAFETY: it came from `into_raw`, and this is its one way back.
        drop(unsafe { AnyBox::<String, H>::from_raw(raw) });
    }
    assert_eq!((ledger.usage().objects, ledger.usage().allocations), (0, ledger.usage().frees));
}

const LIMIT: usize = 60;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: u32::try_from(scaled(200, 4)).unwrap(),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_books_say_what_a_plain_reference_says(ops in prop::collection::vec(op(), 1..scaled(80, 10))) {
        let reports = Reports::default();
        let tracking = reports.heard(Tracking::new().call_sites());
        check(Pool::builder().max_chunks(LIMIT).build().unwrap().tracked(tracking.clone()), &reports, &ops);
        check(SyncPool::builder().max_chunks(LIMIT).build().unwrap().tracked(tracking), &reports, &ops);
    }
}

/// Runs a test on both kinds.
macro_rules! both_kinds {
    ($($name:ident)*) => {
        mod local {
            $(#[test]
            fn $name() {
                super::$name(|tracking| goo_pool_typed::Pool::new().tracked(tracking));
            })*
        }

        mod sync {
            $(#[test]
            fn $name() {
                super::$name(|tracking| goo_pool_typed::SyncPool::new().tracked(tracking));
            })*
        }
    };
}

both_kinds! {
    a_line_is_one_site_whatever_it_calls
    a_report_names_the_lines_sorted_with_counts_and_bytes
    a_destructor_that_panics_is_a_free
    a_sink_may_drop_what_is_live_and_allocate_anew
    a_destructor_may_read_the_books_and_use_the_pool
    boxes_that_outlive_the_pool_are_reported_once_and_struck_out_later
    a_box_made_unsized_is_struck_out
    a_leaked_value_stays_live
    shared_handles_are_one_object_until_the_weak_ones_are_gone
    a_scope_has_its_blocks_while_it_is_there
    what_a_recycler_keeps_is_live
}

fn a_line_is_one_site_whatever_it_calls<H: Kind + Untracked>(make: impl Fn(Tracking) -> AnyPool<u32, H>) {
    type Way<H> = fn(&AnyPool<u32, H>) -> (u32, AnyBox<u32, H>);

    let pool = make(Tracking::new().call_sites());
    let ways: [Way<H>; 9] = [
        |pool| (line!(), pool.alloc(1)),
        |pool| (line!(), pool.try_alloc(1).unwrap()),
        |pool| (line!(), pool.alloc_with(|| 1)),
        |pool| (line!(), pool.try_alloc_with(|| 1).unwrap()),
        |pool| (line!(), generic::PoolBox::write(pool.alloc_uninit(), 1)),
        |pool| (line!(), generic::PoolBox::write(pool.try_alloc_uninit().unwrap(), 1)),
        |pool| (line!(), generic::PoolBox::write(pool.alloc_zeroed(), 1)),
        |pool| (line!(), pool.alloc_default()),
        |pool| (line!(), pool.alloc_iter([1]).next().unwrap()),
    ];
    for way in ways {
        let (line, boxed) = way(&pool);
        assert_eq!(lines(pool.ledger()), [(line, 1)]);
        drop(boxed);
    }
    let pinned = (line!(), pool.pin(1), pool.try_pin(1).unwrap());
    assert_eq!(lines(pool.ledger()), [(pinned.0, 1); 2], "two places in one line");
    drop(pinned);
    for boxed in pool.alloc_iter([1]) {
        assert_eq!(lines(pool.ledger()), [(line!() - 1, 1)]);
        let (line, clone) = (line!(), boxed.clone());
        drop(boxed);
        assert_eq!(lines(pool.ledger()), [(line, 1)]);
        drop(clone);
    }
    assert_eq!(lines(pool.ledger()), []);
}

fn a_report_names_the_lines_sorted_with_counts_and_bytes<H: Kind + Untracked>(
    make: impl Fn(Tracking) -> AnyPool<[u8; 100], H>,
) {
    let reports = Reports::default();
    let pool = make(reports.heard(Tracking::new().name("packets").call_sites()));
    let few = pool.alloc([1; 100]);
    let many: Vec<_> = (0..3).map(|n| pool.alloc([n; 100])).collect();
    drop(pool);
    let [report] = &reports.take()[..] else { panic!("one report") };
    let (file, line) = (file!(), line!() - 4);
    assert_eq!(
        report.to_string(),
        format!(
            "packets: 4 objects (400 bytes) live\n    \
             3 objects       300 bytes  at {file}:{}:44\n     \
             1 object       100 bytes  at {file}:{line}:20",
            line + 1
        )
    );
    drop((few, many));
}

/// Its destructor does what the test says.
struct Hook(Option<Box<dyn FnOnce() + Send>>);

impl Drop for Hook {
    fn drop(&mut self) {
        if let Some(hook) = self.0.take() {
            hook();
        }
    }
}

fn a_destructor_that_panics_is_a_free<H: Kind + Untracked>(make: impl Fn(Tracking) -> AnyPool<Hook, H>) {
    let pool = make(Tracking::new().call_sites());
    let boxed = pool.alloc(Hook(Some(Box::new(|| panic!("no end")))));
    assert_eq!(panic_of(|| drop(boxed)), "no end");
    let usage = pool.usage();
    assert_eq!((usage.allocations, usage.frees, pool.len()), (1, 1, 0));
    assert_eq!(lines(pool.ledger()), []);
}

fn a_destructor_may_read_the_books_and_use_the_pool<H: Kind + Untracked>(make: impl Fn(Tracking) -> AnyPool<Hook, H>) {
    let pool = make(Tracking::new().call_sites());
    let ledger = pool.ledger().clone();
    let seen = Arc::new(AtomicUsize::new(0));
    let own = seen.clone();
    let mut boxed = pool.alloc(Hook(None));
    boxed.0 = Some(Box::new(move || own.store(ledger.report().objects(), Relaxed)));
    let outer = pool.alloc(Hook(None));
    drop(boxed);
    assert_eq!(seen.load(Relaxed), 2, "its chunk is live until its value is gone");
    drop(outer);
    assert_eq!(pool.usage().frees, 2);
}

fn a_sink_may_drop_what_is_live_and_allocate_anew<H: Kind + Untracked>(make: impl Fn(Tracking) -> AnyPool<u32, H>) {
    thread_local! {
        static KEPT: std::cell::RefCell<Vec<Box<dyn std::any::Any>>> = const { std::cell::RefCell::new(Vec::new()) };
    }
    let heard = Arc::new(AtomicUsize::new(0));
    let own = heard.clone();
    let tracking = Tracking::new().call_sites().on_leak(move |report| {
        own.fetch_add(report.objects(), Relaxed);
        let kept = KEPT.take();
        // A handle to the pool that is just ending, and a box of it.
        let boxed = kept[0].downcast_ref::<AnyBox<u32, H>>().expect("a box");
        drop(generic::PoolBox::pool(boxed).alloc(3));
        drop(kept);
    });
    let pool = make(tracking);
    let ledger = pool.ledger().clone();
    KEPT.set(vec![Box::new(pool.alloc(1)), Box::new(pool.alloc(2))]);
    drop(pool);
    assert_eq!(heard.load(Relaxed), 2);
    let usage = ledger.usage();
    assert_eq!((usage.objects, usage.allocations, usage.frees), (0, 3, 3));
}

fn boxes_that_outlive_the_pool_are_reported_once_and_struck_out_later<H: Kind + Untracked>(
    make: impl Fn(Tracking) -> AnyPool<u32, H>,
) {
    let reports = Reports::default();
    let pool = make(reports.heard(Tracking::new()));
    let ledger = pool.ledger().clone();
    let (boxed, other) = (pool.alloc(1), pool.clone().alloc(2));
    assert!(reports.take().is_empty(), "a clone is not the last");
    drop(pool);
    assert_eq!(reports.take().len(), 1);
    let clone = boxed.clone();
    assert!(generic::PoolBox::pool(&boxed).ledger().ptr_eq(&ledger));
    assert_eq!(*clone + *boxed + *other, 4);
    drop((boxed, other, clone));
    assert!(reports.take().is_empty(), "that was no second end");
    assert_eq!((ledger.usage().objects, ledger.usage().frees), (0, 3));
}

fn a_box_made_unsized_is_struck_out<H: Kind + Untracked>(make: impl Fn(Tracking) -> AnyPool<u32, H>) {
    let pool = make(Tracking::new().call_sites());
    let boxed = unsize!(pool.alloc(5), dyn ToString);
    assert_eq!((boxed.to_string(), pool.usage().bytes), ("5".to_string(), 4));
    drop(boxed);
    assert_eq!(pool.usage().objects, 0);
}

fn a_leaked_value_stays_live<H: Kind + Untracked>(make: impl Fn(Tracking) -> AnyPool<u32, H>) {
    let reports = Reports::default();
    let pool = make(reports.heard(Tracking::new().call_sites()));
    let value: &'static mut u32 = generic::PoolBox::leak(pool.alloc(1));
    forget(pool.alloc(2));
    *value += 1;
    assert_eq!(pool.usage().objects, 2);
    drop(pool);
    assert_eq!((reports.take()[0].objects(), *value), (2, 2));
}

fn shared_handles_are_one_object_until_the_weak_ones_are_gone<H: Kind + Untracked>(
    make: impl Fn(Tracking) -> AnyPool<goo_pool_typed::Counted<u32>, H>,
) {
    let pool = generic::RcPool::from(make(Tracking::new().call_sites()));
    let ledger = pool.as_pool().ledger().clone();
    let (line, shared) = (line!(), pool.alloc(1));
    let (other, weak) = (shared.clone(), generic::PoolRc::downgrade(&shared));
    drop(shared);
    drop(other);
    assert_eq!(lines(&ledger), [(line, 1)]);
    drop(weak);
    assert_eq!((ledger.usage().objects, ledger.usage().allocations), (0, 1));
}

fn a_scope_has_its_blocks_while_it_is_there<H: Kind + Untracked>(make: impl Fn(Tracking) -> AnyPool<u32, H>) {
    let pool = make(Tracking::new().call_sites());
    let scope: Scope<u32, _> = pool.scope();
    for n in 0..scaled(10_000, 100) {
        scope.alloc(u32::try_from(n).unwrap());
    }
    let usage = pool.usage();
    assert!(usage.objects >= scaled(10_000, 100));
    assert_eq!((usage.objects, usage.bytes), (pool.len(), 4 * pool.len()));
    drop(scope);
    let usage = pool.usage();
    assert_eq!((usage.objects, usage.frees, pool.len()), (0, usage.allocations, 0));
}

fn what_a_recycler_keeps_is_live<H: Kind + Untracked>(make: impl Fn(Tracking) -> AnyPool<Vec<u8>, H>) {
    let pool = make(Tracking::new());
    let buffers = pool.recycler(Vec::clear);
    drop(buffers.take_or_else(|| Vec::with_capacity(10)));
    assert_eq!(pool.usage().objects, 1);
    drop(buffers);
    assert_eq!((pool.usage().objects, pool.usage().frees), (0, 1));
}

#[test]
fn what_other_handles_make_is_in_no_book() {
    let plain = Pool::new();
    let tracked = plain.tracked(Tracking::new());
    let (one, other) = (plain.alloc(1), tracked.alloc(2));
    assert_eq!((tracked.usage().objects, tracked.len()), (1, 2));
    drop(one);
    assert_eq!((tracked.usage().objects, tracked.usage().frees), (1, 0));
    drop(other);
    assert_eq!((tracked.usage().objects, plain.len()), (0, 0));
}

#[test]
fn an_rc_pool_is_tracked_as_a_pool_is() {
    let pool = RcPool::new().tracked(Tracking::new());
    let shared: generic::PoolRc<&str, _> = pool.alloc("text");
    assert_eq!((PoolRc::<u8>::strong_count(&RcPool::new().alloc(1)), pool.as_pool().usage().objects), (1, 1));
    drop(shared);
}

#[test]
fn totals_are_exact_when_threads_are_joined() {
    let (threads, rounds) = (4, scaled(3_000, 20));
    for tracking in [Tracking::new(), Tracking::new().call_sites()] {
        let pool = SyncPool::new().tracked(tracking);
        let (senders, mut receivers): (Vec<_>, Vec<_>) =
            (0..threads).map(|_| std::sync::mpsc::channel::<SyncTrackedBox<usize>>()).unzip();
        receivers.rotate_left(1);
        thread::scope(|scope| {
            for (sender, receiver) in senders.into_iter().zip(receivers) {
                let pool = &pool;
                scope.spawn(move || {
                    for round in 0..rounds {
                        sender.send(pool.alloc(round)).unwrap();
                        if round % 2 == 0 {
                            receiver.try_iter().for_each(drop);
                        }
                    }
                    drop(sender);
                    receiver.iter().for_each(drop);
                });
            }
        });
        let usage = pool.usage();
        let all = (threads * rounds) as u64;
        assert_eq!((usage.allocations, usage.frees, usage.objects, pool.len()), (all, all, 0, 0));
        assert!((1..=threads * rounds).contains(&usage.peak_objects));
    }
}

#[test]
fn a_pool_ends_on_whatever_thread_drops_its_last_handle() {
    let reports = Reports::default();
    let pool = SyncPool::new().tracked(reports.heard(Tracking::new()));
    let boxed = pool.alloc(1_u8);
    thread::scope(|scope| {
        for _ in 0..4 {
            let handle = pool.clone();
            scope.spawn(move || drop(handle.alloc(2)));
        }
        scope.spawn(move || drop(pool));
    });
    assert_eq!(reports.take().iter().map(LeakReport::objects).collect::<Vec<_>>(), [1]);
    drop(boxed);
}
