//! Handles on many threads: each value is whole while it is seen, dropped once, and nothing is lost.

use std::cell::UnsafeCell;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Barrier, Mutex, PoisonError};
use std::thread;

use crate::common::scaled;
use crate::kind::{PoolRc, PoolWeak, RcPool};

/// A value that knows whether it is whole, and counts itself out.
struct Cookie<'c> {
    front: u64,
    live: &'c AtomicUsize,
    back: u64,
}

impl<'c> Cookie<'c> {
    fn new(stamp: u64, live: &'c AtomicUsize) -> Self {
        live.fetch_add(1, Relaxed);
        Self { front: stamp, live, back: !stamp }
    }

    fn check(&self) {
        assert_eq!(self.front, !self.back, "a value that is not whole");
    }
}

impl Clone for Cookie<'_> {
    fn clone(&self) -> Self {
        self.check();
        Self::new(self.front, self.live)
    }
}

impl Drop for Cookie<'_> {
    fn drop(&mut self) {
        self.check();
        self.back = self.front;
        assert_ne!(self.live.fetch_sub(1, Relaxed), 0);
    }
}

/// A cheap random number.
fn next(random: &mut u64) -> usize {
    *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*random >> 33) as usize
}

type Slot<'c> = Mutex<(Option<PoolRc<Cookie<'c>>>, PoolWeak<Cookie<'c>>)>;

#[test]
fn handles_exchanged_between_threads_lose_nothing() {
    const THREADS: u64 = 4;
    let live = AtomicUsize::new(0);
    let pool = RcPool::new();
    let table: Vec<Slot<'_>> = (0..16).map(|_| Mutex::new((None, PoolWeak::new()))).collect();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (pool, table, live) = (&pool, &table, &live);
            scope.spawn(move || {
                let mut random = thread;
                for step in 0..scaled(20_000, 60) as u64 {
                    let slot = &table[next(&mut random) % table.len()];
                    let lock = || slot.lock().unwrap_or_else(PoisonError::into_inner);
                    let mut strong = lock().0.clone();
                    let weak = lock().1.clone();
                    match next(&mut random) % 8 {
                        0 => strong = Some(pool.alloc(Cookie::new(step, live))),
                        1 => strong = weak.upgrade(),
                        2 => drop(lock().0.take()),
                        3 => {
                            if let Some(strong) = &mut strong {
                                let cookie = PoolRc::make_mut(strong);
                                (cookie.front, cookie.back) = (step, !step);
                            }
                        }
                        4 => {
                            let taken = lock().0.take();
                            if let Some(cookie) = taken.and_then(|taken| PoolRc::try_unwrap(taken).ok()) {
                                cookie.check();
                            }
                        }
                        5 => {
                            if let Some(cookie) = strong.take().and_then(PoolRc::into_inner) {
                                cookie.check();
                            }
                        }
                        6 => lock().1 = PoolWeak::new(),
                        _ => {
                            let mut slot = lock();
                            if let Some(cookie) = slot.0.as_mut().and_then(PoolRc::get_mut) {
                                cookie.check();
                                (cookie.front, cookie.back) = (step, !step);
                            }
                        }
                    }
                    if let Some(strong) = strong {
                        strong.check();
                        // What was in the slot is dropped after the lock.
                        let weak = PoolRc::downgrade(&strong);
                        let mut slot = lock();
                        let before = (slot.0.replace(strong), std::mem::replace(&mut slot.1, weak));
                        drop(slot);
                        drop(before);
                    }
                }
            });
        }
    });
    drop(table);
    assert_eq!(live.load(Relaxed), 0);
    assert!(pool.is_empty());
}

#[test]
fn exactly_one_of_many_threads_gets_the_value() {
    let live = AtomicUsize::new(0);
    let pool = RcPool::new();
    for round in 0..scaled(2_000, 20) as u64 {
        let one = pool.alloc(Cookie::new(round, &live));
        let weak = (round % 2 == 0).then(|| PoolRc::downgrade(&one));
        let (start, won) = (Barrier::new(2), AtomicUsize::new(0));
        let race = |rc: PoolRc<Cookie<'_>>| {
            start.wait();
            won.fetch_add(usize::from(PoolRc::into_inner(rc).is_some()), Relaxed);
        };
        thread::scope(|scope| {
            let (race, other) = (&race, one.clone());
            scope.spawn(move || race(other));
            race(one);
        });
        assert_eq!(won.load(Relaxed), 1);
        assert!(weak.is_none_or(|weak| weak.upgrade().is_none()));
        assert_eq!(live.load(Relaxed), 0);
    }
    assert!(pool.is_empty());
}

#[test]
fn a_weak_handle_finds_a_whole_value_or_nothing_while_the_last_strong_one_goes() {
    let live = AtomicUsize::new(0);
    let pool = RcPool::new();
    for round in 0..scaled(2_000, 20) as u64 {
        let one = pool.alloc(Cookie::new(round, &live));
        let weak = PoolRc::downgrade(&one);
        let start = Barrier::new(2);
        thread::scope(|scope| {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                if let Some(found) = weak.upgrade() {
                    found.check();
                }
                drop(weak);
            });
            start.wait();
            match round % 3 {
                0 => drop(one),
                1 => {
                    let mut one = one;
                    PoolRc::make_mut(&mut one).check();
                }
                _ => drop(PoolRc::try_unwrap(one).map(|cookie| cookie.check())),
            }
        });
        assert_eq!(live.load(Relaxed), 0);
    }
    assert!(pool.is_empty());
}

#[test]
fn whoever_is_alone_again_sees_what_the_others_did() {
    /// Written by any one thread at a time, as the test arranges it.
    struct Plain(UnsafeCell<u64>);

    // SAFETY: only reached as the test arranges it.
    unsafe impl Sync for Plain {}

    let pool = RcPool::new();
    for _ in 0..scaled(500, 10) {
        let mut one = pool.alloc(Plain(UnsafeCell::new(0)));
        thread::scope(|scope| {
            let (other, weak) = (one.clone(), PoolRc::downgrade(&one));
            scope.spawn(move || {
                // SAFETY: nobody else looks before this handle is gone.
                unsafe { *other.0.get() = 7 };
                drop(other);
                drop(weak);
            });
            let plain = loop {
                if let Some(plain) = PoolRc::get_mut(&mut one) {
                    break plain;
                }
                spin_loop();
            };
            assert_eq!(*plain.0.get_mut(), 7);
            *plain.0.get_mut() = 8;
        });
    }
    assert!(pool.is_empty());
}

#[test]
fn a_thread_that_waits_for_a_value_to_be_made_sees_it_whole() {
    let live = AtomicUsize::new(0);
    let pool = RcPool::new();
    for round in 0..scaled(500, 10) as u64 {
        thread::scope(|scope| {
            let mut waiting = None;
            let made = pool.new_cyclic(|me: &PoolWeak<Cookie<'_>>| {
                let me = me.clone();
                waiting = Some(scope.spawn(move || {
                    loop {
                        if let Some(found) = me.upgrade() {
                            break found.check();
                        }
                        spin_loop();
                    }
                }));
                Cookie::new(round, &live)
            });
            waiting.unwrap().join().unwrap();
            drop(made);
        });
    }
    assert_eq!((live.load(Relaxed), pool.len()), (0, 0));
}

#[test]
fn the_last_handle_to_a_closed_pool_may_go_on_any_thread() {
    for weak in [false, true] {
        let live = AtomicUsize::new(0);
        let pool = RcPool::new();
        let all: Vec<_> = (0..scaled(5_000, 50) as u64).map(|n| pool.alloc(Cookie::new(n, &live))).collect();
        let watching: Vec<_> = all.iter().filter(|_| weak).map(PoolRc::downgrade).collect();
        thread::scope(|scope| {
            let copies = all.clone();
            scope.spawn(move || drop(copies));
            scope.spawn(move || drop(all));
            drop(pool);
            scope.spawn(move || drop(watching));
        });
        assert_eq!(live.load(Relaxed), 0);
    }
}

#[test]
fn the_value_is_shown_once_to_whoever_drops_the_last_handle_with_a_closure() {
    let live = AtomicUsize::new(0);
    let pool = RcPool::new();
    for round in 0..scaled(2_000, 20) as u64 {
        let one = pool.alloc(Cookie::new(round, &live));
        let weak = (round % 2 == 0).then(|| PoolRc::downgrade(&one));
        let (start, shown) = (Barrier::new(2), AtomicUsize::new(0));
        let race = |rc: PoolRc<Cookie<'_>>| {
            start.wait();
            PoolRc::drop_with(rc, |cookie| {
                cookie.check();
                (cookie.front, cookie.back) = (!cookie.front, !cookie.back);
                shown.fetch_add(1, Relaxed);
            });
        };
        thread::scope(|scope| {
            let other = one.clone();
            scope.spawn(|| race(other));
            race(one);
        });
        assert_eq!((shown.load(Relaxed), live.load(Relaxed)), (1, 0));
        assert!(weak.is_none_or(|weak| weak.upgrade().is_none()));
    }
    assert!(pool.is_empty());
}

#[test]
fn a_static_pool_is_made_by_whoever_uses_it_first_and_is_one_for_all() {
    static POOL: RcPool<String> = RcPool::new();

    assert_eq!((POOL.len(), POOL.capacity()), (0, 0));
    let start = Barrier::new(4);
    let make = &|n: usize| {
        start.wait();
        let one = POOL.alloc(n.to_string());
        POOL.local().alloc(one.repeat(2))
    };
    let all: Vec<PoolRc<String>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|n| scope.spawn(move || make(n))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(all.iter().map(|text| text.as_str()).collect::<Vec<_>>(), ["00", "11", "22", "33"]);
    assert!(all.iter().all(|one| PoolRc::pool(one).ptr_eq(&POOL)));
    assert_eq!(POOL.len(), 4);
    drop(all);
    assert!(POOL.is_empty());
}
