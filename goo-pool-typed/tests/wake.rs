//! `PoolWake`: wakers that are handles to a task in a pool.
#![cfg(feature = "std")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Waker;
use std::thread;

use goo_pool_typed::{ArcPool, PoolArc, PoolWake};

/// Counts how it is woken.
#[derive(Default)]
struct Task {
    by_value: AtomicUsize,
    by_ref: AtomicUsize,
    panics: bool,
}

impl PoolWake for Task {
    fn wake(this: PoolArc<Self>) {
        this.by_value.fetch_add(1, Relaxed);
        assert!(!this.panics, "the task panics");
    }

    fn wake_by_ref(this: &PoolArc<Self>) {
        this.by_ref.fetch_add(1, Relaxed);
        assert!(!this.panics, "the task panics");
    }
}

/// Has the default `wake_by_ref`.
#[derive(Default)]
struct Plain(AtomicUsize);

impl PoolWake for Plain {
    fn wake(this: PoolArc<Self>) {
        this.0.fetch_add(1, Relaxed);
    }
}

#[test]
fn each_waker_is_one_handle_to_its_task() {
    let pool = ArcPool::new();
    let task = pool.alloc(Task::default());
    let waker = Waker::from(task.clone());
    assert_eq!(PoolArc::strong_count(&task), 2);
    let clone = waker.clone();
    assert!(clone.will_wake(&waker));
    assert_eq!((PoolArc::strong_count(&task), pool.len()), (3, 1));
    clone.wake_by_ref();
    clone.wake_by_ref();
    assert_eq!((task.by_ref.load(Relaxed), PoolArc::strong_count(&task)), (2, 3));
    clone.wake();
    assert_eq!((task.by_value.load(Relaxed), PoolArc::strong_count(&task)), (1, 2));
    drop(task);
    assert_eq!(pool.len(), 1);
    drop(waker);
    assert!(pool.is_empty());
}

#[test]
fn wakers_of_different_tasks_are_told_apart() {
    let (pool, plain) = (ArcPool::new(), ArcPool::new());
    let wakers = [0; 2].map(|_| Waker::from(pool.alloc(Task::default())));
    let other = Waker::from(plain.alloc(Plain::default()));
    assert!(!wakers[0].will_wake(&wakers[1]) && !wakers[0].will_wake(&other));
}

#[test]
fn waking_by_reference_clones_the_handle_where_the_task_does_not_say_otherwise() {
    let pool = ArcPool::new();
    let task = pool.alloc(Plain::default());
    let waker = Waker::from(task.clone());
    waker.wake_by_ref();
    assert_eq!((task.0.load(Relaxed), PoolArc::strong_count(&task)), (1, 2));
    waker.wake();
    assert_eq!((task.0.load(Relaxed), PoolArc::strong_count(&task)), (2, 1));
}

#[test]
fn no_handle_is_lost_when_waking_panics() {
    let pool = ArcPool::new();
    let task = pool.alloc(Task { panics: true, ..Task::default() });
    let waker = Waker::from(task.clone());
    assert!(catch_unwind(AssertUnwindSafe(|| waker.wake_by_ref())).is_err());
    assert_eq!(PoolArc::strong_count(&task), 2);
    assert!(catch_unwind(AssertUnwindSafe(|| waker.wake())).is_err());
    assert_eq!(PoolArc::strong_count(&task), 1);
    drop(task);
    assert!(pool.is_empty());
}

#[test]
fn wakers_are_cloned_woken_and_dropped_on_other_threads() {
    let pool = ArcPool::new();
    let task = pool.alloc(Task::default());
    let rounds = if cfg!(miri) { 5 } else { 1_000 };
    let waker = Waker::from(task.clone());
    thread::scope(|scope| {
        for _ in 0..3 {
            let waker = waker.clone();
            scope.spawn(move || {
                for _ in 0..rounds {
                    waker.wake_by_ref();
                    let clone = waker.clone();
                    assert!(clone.will_wake(&waker));
                    clone.wake();
                }
            });
        }
    });
    drop(waker);
    let task = PoolArc::into_inner(task).expect("the only handle");
    assert_eq!((task.by_ref.into_inner(), task.by_value.into_inner()), (3 * rounds, 3 * rounds));
    assert!(pool.is_empty());
}
