//! Remote frees and the owner that collects them (remote.rs).

use loom::thread;

use crate::explore::explore;
use crate::pool::{BOTH, Pool};

#[test]
fn a_free_is_collected_once() {
    explore([0, 1], || {
        let pool = Pool::new();
        let other = pool.clone();
        let freeing = thread::spawn(move || other.free_remotely(0));
        let found = pool.collect();
        freeing.join().unwrap();
        let swept = pool.sweep();
        assert_eq!(found & swept, 0, "found twice");
        assert_eq!(found | swept, 1);
        found
    });
}

/// The second may find the word marked, and its bit stays unmarked: the sweep finds it.
#[test]
fn two_frees_in_one_word_are_collected_once_each() {
    explore([0, 1, 2, 3], || {
        let pool = Pool::new();
        let threads = [0, 1].map(|chunk| {
            let pool = pool.clone();
            thread::spawn(move || pool.free_remotely(chunk))
        });
        let first = pool.collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let second = pool.collect();
        assert_eq!(first & second, 0, "found twice");
        let third = pool.sweep();
        assert_eq!((first | second) & third, 0, "found twice");
        assert_eq!(first | second | third, BOTH);
        first
    });
}

/// A sweep meets a free that has set its bit, or has marked and is about to push or to set its bit.
#[test]
fn a_sweep_finds_a_free_once() {
    explore([0, 1], || {
        let pool = Pool::new();
        let other = pool.clone();
        let freeing = thread::spawn(move || other.free_remotely(0));
        thread::yield_now();
        let found = pool.sweep();
        freeing.join().unwrap();
        let later = pool.sweep();
        assert_eq!(found & later, 0, "found twice");
        assert_eq!(found | later, 1);
        found
    });
}

/// A thread takes the chunk while the owner collects, and frees it again, which is a remote free like any other.
#[test]
fn a_stolen_chunk_is_found_once() {
    const BY_NOBODY_YET: u64 = 0;
    const BY_THE_OWNER: u64 = 1;
    explore([BY_NOBODY_YET, BY_THE_OWNER], || {
        let pool = Pool::new();
        let (freer, thief) = (pool.clone(), pool.clone());
        let freeing = thread::spawn(move || freer.free_remotely(0));
        let stealing = thread::spawn(move || {
            thread::yield_now();
            let stolen = thief.sweep();
            if stolen != 0 {
                thief.free_remotely(0);
            }
        });
        thread::yield_now();
        let found = pool.collect();
        freeing.join().unwrap();
        stealing.join().unwrap();
        let later = pool.sweep();
        assert_eq!(found & later, 0, "found twice");
        assert_eq!(found | later, 1);
        found
    });
}
