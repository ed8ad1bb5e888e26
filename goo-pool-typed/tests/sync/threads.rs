//! Boxes that cross threads: made here, used, cloned and dropped there.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread::{self, ThreadId};

use goo_pool_typed::{AllocError, SyncPool, SyncPoolBox, unsize};

use crate::common::scaled;
use crate::counted::Counted;

/// Notes the threads that its clones are dropped on.
#[derive(Clone, Default)]
struct Noted(Arc<Mutex<Vec<ThreadId>>>);

impl Drop for Noted {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(thread::current().id());
    }
}

/// What `run` returns, on a thread of its own.
fn elsewhere<R: Send + 'static>(run: impl FnOnce() -> R + Send + 'static) -> R {
    thread::spawn(run).join().unwrap()
}

#[test]
fn a_box_made_here_is_dropped_there() {
    let parent = Counted::default();
    let pool = SyncPool::builder().parent(parent.clone()).build().unwrap();
    let drops = Noted::default();
    let boxed = pool.alloc(drops.clone());
    let there = elsewhere(move || {
        drop(boxed);
        thread::current().id()
    });
    assert_eq!(*drops.0.lock().unwrap(), [there]);
    assert!(pool.is_empty());
    drop(pool);
    assert_eq!(parent.pieces(), 0);
}

#[test]
fn a_box_ends_on_another_thread_in_every_way() {
    type End = fn(SyncPoolBox<Noted>);
    let ways: [(&str, End); 6] = [
        ("drop", |boxed| drop(boxed)),
        ("into_inner", |boxed| drop(SyncPoolBox::into_inner(boxed))),
        ("into_raw and from_raw", |boxed| {
            let raw = SyncPoolBox::into_raw(boxed);
            // SAFETY: it came from `into_raw`, once.
            drop(unsafe { SyncPoolBox::from_raw(raw) });
        }),
        ("pin", |boxed| drop(SyncPoolBox::into_pin(boxed))),
        ("dyn", |boxed| {
            let object: SyncPoolBox<dyn Send> = unsize!(boxed, dyn Send);
            drop(object);
        }),
        ("another box assigned", |mut boxed| {
            let other = SyncPoolBox::pool(&boxed).alloc(Noted::default());
            boxed = other;
            drop(boxed);
        }),
    ];
    for (way, end) in ways {
        let pool = SyncPool::new();
        let drops = Noted::default();
        let boxed = pool.alloc(drops.clone());
        let there = elsewhere(move || {
            end(boxed);
            thread::current().id()
        });
        assert_eq!(*drops.0.lock().unwrap(), [there], "{way}");
        assert!(pool.is_empty(), "{way}");
    }
}

#[test]
fn a_raw_pointer_crosses_threads_as_its_box_could() {
    struct Address(*mut String);

    // SAFETY: it stands for a box of a `String`, which is `Send`.
    unsafe impl Send for Address {}

    let pool = SyncPool::new();
    let address = Address(SyncPoolBox::into_raw(pool.alloc(String::from("text"))));
    let text = elsewhere(move || {
        let Address(raw) = { address };
        // SAFETY: it came from `into_raw`, once; the value is `Send`.
        SyncPoolBox::into_inner(unsafe { SyncPoolBox::from_raw(raw) })
    });
    assert_eq!((text.as_str(), pool.len()), ("text", 0));
}

#[test]
fn a_box_is_cloned_there_into_its_own_pool() {
    let pool = SyncPool::new();
    let boxed = pool.alloc(vec![1, 2, 3]);
    let clones = thread::scope(|scope| {
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(|| (boxed.clone(), boxed.clone()))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(pool.len(), 7);
    for (one, two) in &clones {
        assert_eq!((one, two), (&boxed, &boxed));
        assert!(SyncPoolBox::pool(one).ptr_eq(&pool));
    }
}

#[test]
fn slices_and_trait_objects_cross_threads() {
    let pool = SyncPool::new();
    let slice: SyncPoolBox<[String]> = unsize!(pool.alloc(["a", "b"].map(String::from)), [String]);
    let object: SyncPoolBox<dyn Fn(usize) -> usize + Send + Sync> =
        unsize!(SyncPool::new().alloc(|n| n + 1), dyn Fn(usize) -> usize + Send + Sync);
    let (clone, sum) = elsewhere(move || {
        let clone = slice.clone();
        (clone, object(slice.len()))
    });
    assert_eq!((clone.concat().as_str(), sum, pool.len()), ("ab", 3, 1));
}

#[test]
fn a_shared_box_is_read_by_many_threads() {
    let pool = SyncPool::new();
    let boxed = pool.alloc(AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..100 {
                    boxed.fetch_add(1, Relaxed);
                }
            });
        }
    });
    assert_eq!(SyncPoolBox::into_inner(boxed).into_inner(), 400);
}

#[test]
fn a_box_outlives_its_pools_last_handle_on_another_thread() {
    for last_box_here in [true, false] {
        let parent = Counted::default();
        let pool = SyncPool::builder().parent(parent.clone()).build().unwrap();
        let mut boxes: Vec<_> = (0..scaled(3000, 200)).map(|n| pool.alloc(n.to_string())).collect();
        let some = boxes.split_off(boxes.len() / 2);
        let (here, there) = if last_box_here { (boxes, some) } else { (some, boxes) };
        let (sender, receiver) = mpsc::channel();
        let other = thread::spawn(move || {
            // The last handle: from here on the pool is closed.
            drop(pool);
            sender.send(()).unwrap();
            assert!(there.iter().all(|boxed| boxed.parse::<usize>().is_ok()));
        });
        receiver.recv().unwrap();
        if last_box_here {
            other.join().unwrap();
            drop(here);
        } else {
            drop(here);
            other.join().unwrap();
        }
        assert_eq!(parent.pieces(), 0);
    }
}

#[test]
fn handles_go_with_their_threads_in_any_order() {
    let parent = Counted::default();
    let pool = SyncPool::builder().parent(parent.clone()).build().unwrap();
    let start = Arc::new(Barrier::new(4));
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let (pool, start) = (pool.clone(), start.clone());
            thread::spawn(move || {
                start.wait();
                let boxes: Vec<_> = (0..scaled(500, 50)).map(|n| pool.alloc((thread, n))).collect();
                drop(pool);
                boxes
            })
        })
        .collect();
    drop(pool);
    let boxes: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    assert_eq!(boxes.len(), 4 * scaled(500, 50));
    drop(boxes);
    assert_eq!(parent.pieces(), 0);
}

#[test]
fn a_destructor_that_panics_there_gives_its_chunk_back() {
    struct Fragile;

    impl Drop for Fragile {
        fn drop(&mut self) {
            panic!("fragile");
        }
    }

    let pool = SyncPool::builder().max_chunks(1).build().unwrap();
    for _ in 0..3 {
        let boxed = pool.alloc(Fragile);
        assert!(thread::spawn(move || drop(boxed)).join().is_err());
        assert!(pool.is_empty());
    }
}

#[test]
fn a_destructor_there_uses_its_pool() {
    struct Reborn {
        lives: u32,
        pool: SyncPool<Reborn>,
    }

    impl Drop for Reborn {
        fn drop(&mut self) {
            if self.lives > 0 {
                drop(self.pool.alloc(Reborn { lives: self.lives - 1, pool: self.pool.clone() }));
            }
        }
    }

    let parent = Counted::default();
    let pool = SyncPool::builder().parent(parent.clone()).build().unwrap();
    let boxed = pool.alloc(Reborn { lives: 20, pool: pool.clone() });
    drop(pool);
    elsewhere(move || drop(boxed));
    assert_eq!(parent.pieces(), 0);
}

#[test]
fn racing_threads_never_exceed_the_limit_and_lose_no_value() {
    const LIMIT: usize = 100;

    let pool = SyncPool::builder().max_chunks(LIMIT).build().unwrap();
    let live = AtomicUsize::new(0);
    thread::scope(|scope| {
        for thread in 0..4_usize {
            let (pool, live) = (&pool, &live);
            scope.spawn(move || {
                let mut boxes = Vec::new();
                for n in 0..scaled(5000, 300) {
                    // Counted before it is there, and gone before it is not counted: never too few.
                    match pool.try_alloc((thread, n)) {
                        Ok(boxed) => {
                            boxes.push(boxed);
                            assert!(live.fetch_add(1, Relaxed) < LIMIT);
                        }
                        Err(refused) => {
                            assert_eq!(refused.error(), AllocError::LimitReached { max_chunks: LIMIT });
                            assert_eq!(refused.into_value(), (thread, n));
                            live.fetch_sub(boxes.len(), Relaxed);
                            boxes.clear();
                        }
                    }
                }
                live.fetch_sub(boxes.len(), Relaxed);
            });
        }
    });
    assert_eq!((pool.len(), live.load(Relaxed)), (0, 0));
    assert!(pool.capacity() <= LIMIT);
}

#[test]
fn what_one_thread_makes_and_another_drops_stays_within_bounds() {
    let pool = SyncPool::new();
    let batch = scaled(500, 50);
    // One batch in the making, one waiting, one being dropped.
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::scope(|scope| {
        scope.spawn(|| receiver.into_iter().for_each(|boxes: Vec<SyncPoolBox<[usize; 8]>>| drop(boxes)));
        for _ in 0..scaled(200, 8) {
            sender.send((0..batch).map(|n| pool.alloc([n; 8])).collect()).unwrap();
        }
        drop(sender);
    });
    assert!(pool.is_empty());
    assert!(pool.capacity() <= 8 * batch, "{}", pool.stats());
}

#[test]
fn values_of_all_threads_have_addresses_of_their_own() {
    let pool = SyncPool::new();
    let boxes = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for thread in 0..4 {
            let (pool, boxes) = (&pool, &boxes);
            scope.spawn(move || {
                for n in 0..scaled(20, 4) {
                    let own: Vec<_> = (0..100).map(|k| pool.alloc((thread, n, k))).collect();
                    // Some of one's own go, and some of others'.
                    let mut boxes = boxes.lock().unwrap();
                    boxes.extend(own);
                    let rest = boxes.len() * 2 / 3;
                    boxes.rotate_left(37);
                    boxes.truncate(rest);
                }
            });
        }
    });
    let boxes = boxes.into_inner().unwrap();
    let addresses: HashSet<_> = boxes.iter().map(|boxed| SyncPoolBox::as_ptr(boxed).addr()).collect();
    let values: HashSet<_> = boxes.iter().map(|boxed| **boxed).collect();
    assert_eq!((addresses.len(), values.len(), pool.len()), (boxes.len(), boxes.len(), boxes.len()));
}

#[test]
fn a_panic_in_one_thread_leaves_the_pool_whole_for_the_others() {
    let pool = SyncPool::builder().max_chunks(2).build().unwrap();
    let kept = pool.alloc(1);
    let failed = thread::scope(|scope| {
        scope.spawn(|| catch_unwind(AssertUnwindSafe(|| pool.alloc_with(|| panic!("not made")))).is_err()).join()
    });
    assert!(failed.unwrap());
    assert_eq!((*kept, pool.len()), (1, 1));
    // That thread has ended, so its chunk is anybody's.
    assert_eq!(*pool.alloc(2), 2);
}

#[test]
#[cfg(feature = "derive")]
fn derived_constructors_build_on_every_thread() {
    #[derive(goo_pool_typed::Pooled)]
    struct Record {
        name: String,
        #[pooled(default)]
        tags: Vec<String>,
    }

    static RECORDS: SyncPool<Record> = SyncPool::new();

    let mut record = elsewhere(|| Record::new_in(&RECORDS, String::from("there")));
    let name = record.name.clone();
    record.tags.push(name);
    assert_eq!((record.tags.concat().as_str(), RECORDS.len()), ("there", 1));
    elsewhere(move || drop(record));
    assert!(RECORDS.is_empty());
}
