//! Parents that refuse, panic, or use the pool that asks them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::common::{Entry, Ledger, Watch, Watched, panic_of, scaled};
use crate::kind::{self, Pool, PoolBox};
use goo_pool_typed::{AllocError, BuildError};

/// A pool whose parent is asked often.
fn small_steps<T>(parent: &Watched) -> Pool<T> {
    Pool::builder().first_segment(1000).max_segment(1000).parent(parent.clone()).build().unwrap()
}

/// A pool whose parent is asked for every value.
fn single_chunks<T>(parent: &Watched) -> Pool<T> {
    Pool::builder().first_segment(1).max_segment(1).parent(parent.clone()).build().unwrap()
}

/// Tries all that allocates, in turn. Returns how often there was no memory.
fn work_with_errors(pool: &Pool<Entry>, ledger: &Ledger) -> usize {
    let mut boxes = Vec::new();
    let mut errors = 0;
    for round in 0..scaled(300, 60) {
        let before = (pool.stats(), ledger.live());
        let error = match round % 4 {
            0 => pool.try_alloc_with(|| ledger.entry()).map(|boxed| boxes.push(boxed)).err(),
            1 => pool.try_alloc_uninit().map(|slot| boxes.push(PoolBox::write(slot, ledger.entry()))).err(),
            2 => pool.reserve(round % 37).err(),
            _ => {
                let value = ledger.entry();
                let number = value.number;
                let refused = pool.try_alloc(value).map(|boxed| boxes.push(boxed)).err();
                refused.map(|refused| {
                    let error = refused.error();
                    assert_eq!(refused.into_value().number, number);
                    error
                })
            }
        };
        if let Some(error) = error {
            assert!(matches!(error, AllocError::OutOfMemory { .. }), "{error}");
            assert_eq!((pool.stats(), ledger.live()), before, "an error changed the pool");
            errors += 1;
        }
        if round % 11 == 10 {
            boxes.swap_remove(boxes.len() / 2);
        }
    }
    assert_eq!((pool.len(), ledger.live()), (boxes.len(), boxes.len()));
    errors
}

#[test]
fn a_parent_that_refuses_from_the_nth_request_on_costs_no_value() {
    for granted in 1.. {
        let (parent, ledger) = (Watched::default(), Ledger::default());
        let pool = small_steps(&parent);
        // Room for the fixed part of the work, so that there are boxes to replace.
        pool.reserve(12).unwrap();
        parent.0.grants.set(Some(granted));
        let errors = work_with_errors(&pool, &ledger);
        drop(pool);
        ledger.assert_settled();
        assert_eq!(parent.0.pieces(), 0);
        if errors == 0 {
            assert!(granted > 3, "the work met no refusal");
            return;
        }
    }
}

#[test]
fn a_parent_that_panics_at_the_nth_request_costs_no_value() {
    for nth in 0..scaled(20, 5) {
        let (parent, ledger) = (Watched::default(), Ledger::default());
        let pool = small_steps(&parent);
        let left = Cell::new(nth);
        parent.0.before_request(move || {
            assert_ne!(left.get(), 0, "the parent panics");
            left.set(left.get() - 1);
        });
        let mut boxes = Vec::new();
        let message = panic_of(|| {
            loop {
                match boxes.len() % 3 {
                    0 => boxes.push(pool.alloc(ledger.entry())),
                    1 => boxes.push(pool.alloc_with(|| ledger.entry())),
                    _ => boxes.extend(pool.alloc_iter([ledger.entry(), ledger.entry()])),
                }
            }
        });
        assert!(message.contains("the parent panics"));
        assert_eq!((pool.len(), ledger.live()), (boxes.len(), boxes.len()));
        parent.0.forget_hooks();
        boxes.extend(pool.alloc_iter((0..50).map(|_| ledger.entry())));
        assert_eq!(pool.len(), boxes.len());
        drop((pool, boxes));
        ledger.assert_settled();
        assert_eq!(parent.0.pieces(), 0);
    }
}

#[test]
fn a_parent_that_panics_when_it_takes_memory_back_costs_no_value() {
    const BOXES: usize = 6;
    for closed in [false, true] {
        for nth in 0..BOXES {
            let (parent, ledger) = (Watched::default(), Ledger::default());
            let mut pool = Some(single_chunks(&parent));
            let boxes: Vec<_> = (0..BOXES).map(|_| pool.as_ref().unwrap().alloc(ledger.entry())).collect();
            if closed {
                pool = None;
            }
            let left = Cell::new(nth);
            parent.0.before_return(move || {
                left.set(left.get().wrapping_sub(1));
                assert_ne!(left.get(), usize::MAX, "the parent panics");
            });
            let message = panic_of(|| {
                drop(boxes);
                pool.as_ref().unwrap().shrink_to_fit();
            });
            assert!(message.contains("the parent panics"));
            ledger.assert_settled();
            if let Some(pool) = &pool {
                assert!(pool.is_empty());
                assert_eq!(pool.alloc(ledger.entry()).number, BOXES);
                pool.shrink_to_fit();
            }
            drop(pool);
            ledger.assert_settled();
            assert_eq!(parent.0.pieces(), 0);
        }
    }
}

#[test]
fn a_parent_that_panics_once_as_a_pool_closes_gets_the_rest_back() {
    let parent = Watched::default();
    let pool = single_chunks(&parent);
    for _ in 0..3 {
        let boxes = [pool.alloc(1_u64), pool.alloc(2)];
        pool.reserve(1).unwrap();
        drop(boxes);
    }
    assert!(parent.0.pieces() > 3, "several empty segments are kept");
    let panics = Cell::new(true);
    parent.0.before_return(move || assert!(!panics.replace(false), "the parent panics"));
    assert!(panic_of(|| drop(pool)).contains("the parent panics"));
    assert_eq!(parent.0.pieces(), 0);
}

#[test]
fn a_value_is_not_lost_when_the_parent_panics_as_it_is_moved_out() {
    let (parent, ledger) = (Watched::default(), Ledger::default());
    let boxed = single_chunks(&parent).alloc(ledger.entry());
    let returns = parent.0.returns.get();
    parent.0.before_return({
        let watch = Rc::downgrade(&parent.0);
        move || assert_ne!(watch.upgrade().unwrap().returns.get(), returns + 1, "the parent panics")
    });
    assert!(panic_of(|| drop(PoolBox::into_inner(boxed))).contains("the parent panics"));
    ledger.assert_settled();
    assert_eq!(parent.0.pieces(), 0);
}

#[test]
fn a_pool_that_cannot_be_built_leaves_nothing() {
    for granted in 0..2 {
        let parent = Watched::default();
        parent.0.grants.set(Some(granted));
        let built = Pool::<u64>::builder().capacity(100).parent(parent.clone()).build();
        assert!(matches!(built, Err(BuildError::Alloc(AllocError::OutOfMemory { .. }))));
        assert_eq!((parent.0.pieces(), parent.0.returns.get()), (0, granted));

        let parent = Watched::default();
        let watch = Rc::downgrade(&parent.0);
        parent.0.before_request(move || {
            assert!(watch.upgrade().unwrap().requests.get() <= granted, "the parent panics");
        });
        let build = || drop(Pool::<u64>::builder().capacity(100).parent(parent.clone()).build());
        assert!(panic_of(build).contains("the parent panics"));
        assert_eq!(parent.0.pieces(), 0);
    }
}

#[test]
fn alloc_iter_does_without_the_room_that_was_refused() {
    let parent = Watched::default();
    let pool = small_steps(&parent);
    let watch = Rc::downgrade(&parent.0);
    // Only small requests are granted.
    parent.0.before_request(move || {
        let watch: Rc<Watch> = watch.upgrade().unwrap();
        let first_after_building = watch.requests.get() == kind::RECORDS.start() + 1;
        watch.grants.set(if first_after_building { Some(0) } else { None });
    });
    let boxes: Vec<_> = pool.alloc_iter(0..1000).collect();
    assert!(boxes.iter().map(|boxed| **boxed).eq(0..1000));
    assert!(parent.0.requests.get() > 5);
}

#[test]
fn a_parent_without_a_large_piece_is_asked_for_a_small_one() {
    let parent = Watched::default();
    let pool = Pool::builder().first_segment(2000).parent(parent.clone()).build().unwrap();
    // Segments would double beyond this soon.
    parent.0.largest.set(Some(3000));
    let boxes: Vec<_> = (0..scaled(2000, 300)).map(|n| pool.alloc([n; 8])).collect();
    assert!(boxes.iter().enumerate().all(|(n, boxed)| **boxed == [n; 8]));
    assert!(matches!(pool.reserve(1000), Err(AllocError::OutOfMemory { .. })));
    assert_eq!(pool.len(), boxes.len());
}

/// A parent's hook with a handle to the pool it serves.
fn with_handle<T: 'static>(pool: &Pool<T>, mut hook: impl FnMut(&Pool<T>) + 'static) -> impl FnMut() + 'static {
    let pool = pool.clone();
    move || hook(&pool)
}

#[test]
fn a_parent_may_use_the_pool_while_it_is_asked_for_memory() {
    let (parent, ledger) = (Watched::default(), Ledger::default());
    let pool = small_steps(&parent);
    let kept = Rc::new(RefCell::new(Vec::<PoolBox<Entry>>::new()));
    let runs = Rc::new(Cell::new(0));
    parent.0.before_request(with_handle(&pool, {
        let (kept, ledger, runs) = (kept.clone(), ledger.clone(), runs.clone());
        move |pool| {
            runs.set(runs.get() + 1);
            let mut kept = kept.borrow_mut();
            match runs.get() % 4 {
                // Frees, so that what is asked for is not needed any more.
                0 => kept.truncate(1),
                // Grows the pool in the middle of its growing.
                1 => kept.extend((0..50).map(|_| pool.alloc(ledger.entry()))),
                2 => pool.shrink_to_fit(),
                _ => drop(pool.reserve(100)),
            }
            assert_eq!(pool.stats().free_chunks + pool.len(), pool.capacity());
        }
    }));
    let mut boxes = Vec::new();
    while runs.get() < scaled(40, 9) {
        boxes.push(pool.alloc(ledger.entry()));
    }
    assert_eq!(pool.len(), boxes.len() + kept.borrow().len());
    assert_eq!(ledger.live(), pool.len());
    parent.0.forget_hooks();
    drop((pool, boxes));
    kept.borrow_mut().clear();
    ledger.assert_settled();
    assert_eq!(parent.0.pieces(), 0);
}

#[test]
fn a_parent_that_uses_up_the_limit_itself_gets_its_memory_back() {
    let (parent, ledger) = (Watched::default(), Ledger::default());
    let pool = Pool::builder().first_segment(1).max_chunks(4).parent(parent.clone()).build().unwrap();
    let taken = Rc::new(RefCell::new(Vec::new()));
    parent.0.before_request(with_handle(&pool, {
        let (taken, ledger) = (taken.clone(), ledger.clone());
        move |pool| taken.borrow_mut().extend(std::iter::from_fn(|| pool.try_alloc(ledger.entry()).ok()))
    }));
    let refused = pool.try_alloc_with(|| ledger.entry()).map(drop);
    assert_eq!(refused, Err(AllocError::LimitReached { max_chunks: 4 }));
    assert_eq!((taken.borrow().len(), pool.len(), pool.capacity()), (4, 4, 4));
    assert_eq!(parent.0.bytes(), pool.stats().bytes_reserved, "what came too late is given back");
    parent.0.forget_hooks();
    drop(pool);
    taken.borrow_mut().clear();
    ledger.assert_settled();
    assert_eq!(parent.0.pieces(), 0);
}

#[test]
fn a_parent_may_use_the_pool_while_it_takes_memory_back() {
    let (parent, ledger) = (Watched::default(), Ledger::default());
    let pool = small_steps(&parent);
    let kept = Rc::new(RefCell::new(Vec::<PoolBox<Entry>>::new()));
    let runs = Rc::new(Cell::new(0));
    parent.0.before_return(with_handle(&pool, {
        let (kept, ledger, runs) = (kept.clone(), ledger.clone(), runs.clone());
        move |pool| {
            runs.set(runs.get() + 1);
            let mut kept = kept.borrow_mut();
            match runs.get() % 4 {
                0 => drop(kept.pop()),
                1 => kept.push(pool.alloc(ledger.entry())),
                2 => pool.shrink_to_fit(),
                // May run again as soon as this is through, so it does nothing by halves.
                _ => drop(PoolBox::pool(&pool.alloc(ledger.entry()))),
            }
            assert_eq!(pool.stats().free_chunks + pool.len(), pool.capacity());
        }
    }));
    for _ in 0..scaled(20, 4) {
        let boxes: Vec<_> = (0..200).map(|_| pool.alloc(ledger.entry())).collect();
        drop(boxes);
        pool.shrink_to_fit();
        assert_eq!(pool.len(), kept.borrow().len());
        assert_eq!(ledger.live(), pool.len());
    }
    assert!(runs.get() > 8);
    parent.0.forget_hooks();
    drop(pool);
    kept.borrow_mut().clear();
    ledger.assert_settled();
    assert_eq!(parent.0.pieces(), 0);
}

#[test]
fn a_parent_may_drop_the_last_handle_while_it_takes_memory_back() {
    let (parent, ledger) = (Watched::default(), Ledger::default());
    let pool = single_chunks(&parent);
    let mut boxes: Vec<_> = (0..20).map(|_| pool.alloc(ledger.entry())).collect();
    let mut last_handle = Some(pool);
    let closed = Rc::new(Cell::new(false));
    parent.0.before_return({
        let closed = closed.clone();
        move || closed.set(last_handle.take().is_some() || closed.get())
    });
    while !closed.get() {
        drop(boxes.pop().expect("a segment goes back before the last box does"));
    }
    assert_eq!(ledger.live(), boxes.len());
    assert!(!boxes.is_empty(), "the test closes a pool that is in use");
    // The pool is closed now: all that is empty is gone.
    assert_eq!(parent.0.segments(), boxes.len());
    drop(boxes);
    ledger.assert_settled();
    assert_eq!(parent.0.pieces(), 0);
}

#[test]
fn a_parent_may_drop_the_last_boxes_of_a_closed_pool_while_it_takes_memory_back() {
    let (parent, ledger) = (Watched::default(), Ledger::default());
    let pool = single_chunks(&parent);
    let first = pool.alloc(ledger.entry());
    let mut others: Vec<_> = (0..10).map(|_| pool.alloc(ledger.entry())).collect();
    parent.0.before_return(move || others.clear());
    drop(pool);
    assert_eq!(parent.0.segments(), 11);
    drop(first);
    ledger.assert_settled();
    assert_eq!(parent.0.pieces(), 0);
}

#[test]
fn a_parent_may_open_a_closed_pool_while_it_takes_memory_back() {
    let (parent, ledger) = (Watched::default(), Ledger::default());
    let pool = single_chunks(&parent);
    let first = pool.alloc(ledger.entry());
    let second = pool.alloc(ledger.entry());
    drop(pool);
    let opened = Rc::new(RefCell::new(None));
    parent.0.before_return({
        let opened = opened.clone();
        move || {
            opened.borrow_mut().get_or_insert_with(|| PoolBox::pool(&second));
        }
    });
    drop(first);
    let pool = opened.take().expect("the first box's segment went back");
    parent.0.before_return(|| ());
    // The hook's own box went with the hook.
    assert_eq!((pool.len(), ledger.live()), (0, 0));
    drop(pool.alloc(ledger.entry()));
    drop(pool);
    ledger.assert_settled();
    assert_eq!(parent.0.pieces(), 0);
}

#[test]
#[cfg_attr(miri, ignore = "runs this program again")]
fn alloc_without_memory_ends_the_program_as_box_new_does() {
    const RUN: &str = "GOO_POOL_TEST_RUNS_OUT_OF_MEMORY";
    if std::env::var_os(RUN).is_some() {
        let parent = Watched::default();
        let pool = Pool::builder().parent(parent.clone()).build().unwrap();
        parent.0.grants.set(Some(0));
        drop(pool.alloc(1));
        unreachable!("alloc came back without memory");
    }
    let this = std::env::current_exe().unwrap();
    let (_, module) = module_path!().split_once("::").unwrap();
    let name = format!("{module}::alloc_without_memory_ends_the_program_as_box_new_does");
    let output =
        std::process::Command::new(this).args([&name, "--exact", "--nocapture"]).env(RUN, "1").output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(errors.contains("memory allocation of"), "{errors}");
}
