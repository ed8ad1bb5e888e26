//! What cannot be reached from outside: the last generation, and the last number of a slot.

extern crate std;

use std::collections::HashSet;
use std::string::{String, ToString};
use std::vec::Vec;

use goo_pool_core::AllocError;

use super::slots::{RETIRED, Slots};
use super::{Key, KeyedPool};

/// A pool whose slots have so many lives.
fn with_lives<T>(lives: u32) -> KeyedPool<T> {
    let mut pool = KeyedPool::new();
    pool.table.slots = Slots::starting_at(RETIRED.wrapping_sub(2 * lives));
    pool
}

/// The pool uses up all of its first row, in rounds of this size. What it gives is all different and all goes stale.
fn use_up(
    pool: &mut KeyedPool<u32>,
    lives: u32,
    empty: impl Fn(&mut KeyedPool<u32>, &[Key<u32>]),
) -> HashSet<Key<u32>> {
    pool.reserve(1).unwrap();
    let slots = pool.capacity();
    let mut all = HashSet::new();
    for life in 0..lives {
        assert_eq!(pool.capacity(), slots, "a slot is retired in its {life}th life");
        let keys: Vec<_> = (0..slots as u32).map(|number| pool.insert(number)).collect();
        assert!(keys.iter().all(|key| all.insert(*key)), "a key came twice");
        pool.table.slots.assert_valid();
        empty(pool, &keys);
        pool.table.slots.assert_valid();
        assert!(all.iter().all(|key| !pool.contains(*key)));
    }
    assert_eq!(pool.capacity(), 0, "a slot has more lives");
    all
}

type Way = fn(&mut KeyedPool<u32>, &[Key<u32>]);

#[test]
fn a_slot_without_generations_is_never_used_again() {
    let ways: [Way; 4] = [
        |pool, keys| keys.iter().for_each(|&key| assert!(pool.remove(key).is_some())),
        |pool, _| pool.clear(),
        |pool, _| drop(pool.drain()),
        // One slot is cleared apart from the rest of its word.
        |pool, keys| {
            pool.remove(keys[70]);
            pool.clear();
        },
    ];
    for way in ways {
        let mut pool = with_lives(3);
        let mut used = use_up(&mut pool, 3, way);
        // The next values go elsewhere, also when the memory was given back.
        for _ in 0..3 {
            let key = pool.insert(7);
            assert!(used.insert(key));
            pool.table.slots.assert_valid();
            pool.clear();
            pool.shrink_to_fit();
            pool.table.slots.assert_valid();
            assert!(used.iter().all(|key| !pool.contains(*key)));
        }
    }
}

#[test]
fn a_retired_slot_is_left_out_when_its_row_comes_back() {
    let mut pool = with_lives(2);
    let keys: Vec<_> = (0..100).map(|number| pool.insert(number)).collect();
    let slots = pool.capacity();
    pool.remove(keys[10]);
    let again = pool.insert(1010);
    assert_eq!(again.index(), keys[10].index());
    pool.remove(again);
    assert_eq!(pool.capacity(), slots - 1);
    pool.clear();
    pool.shrink_to_fit();
    assert_eq!(pool.capacity(), 0);
    let new: Vec<_> = (0..slots as u32 - 1).map(|number| pool.insert(number)).collect();
    assert_eq!(pool.capacity(), slots - 1);
    assert!(new.iter().all(|key| key.index() != keys[10].index()));
    assert!(pool.values().copied().eq(0..slots as u32 - 1));
    pool.table.slots.assert_valid();
}

#[test]
fn a_pool_without_numbers_gives_the_value_back() {
    let mut pool = KeyedPool::new();
    pool.table.rows.limit_to(2);
    let mut keys = Vec::new();
    let (refused, value) = loop {
        match pool.try_insert(keys.len().to_string()) {
            Ok(key) => keys.push(key),
            Err(error) => break (error.error(), error.into_value()),
        }
    };
    assert!(matches!(refused, AllocError::LimitReached { .. }), "{refused}");
    assert_eq!(value.parse(), Ok(keys.len()));
    assert_eq!(pool.reserve(1), Err(refused));
    assert_eq!((pool.len(), pool.capacity()), (keys.len(), keys.len()));
    // One goes, one comes.
    let key = keys.swap_remove(keys.len() / 2);
    assert!(pool.remove(key).is_some());
    let key = pool.insert(value);
    assert!(pool.try_insert(String::new()).is_err());
    assert!(pool.contains(key));
    pool.table.slots.assert_valid();
    // Numbers of rows that went are used again.
    for _ in 0..3 {
        pool.clear();
        pool.shrink_to_fit();
        while pool.try_insert(String::new()).is_ok() {}
        assert_eq!(pool.len(), pool.capacity());
        assert!(pool.len() > keys.len() / 2);
        pool.table.slots.assert_valid();
    }
}

#[test]
fn a_row_in_the_middle_goes_and_comes_back() {
    let mut pool = KeyedPool::new();
    let keys: Vec<_> = (0..4000_u32).map(|number| pool.insert([number; 16])).collect();
    let rows: HashSet<_> = keys.iter().map(|key| key.index() >> 10).collect();
    assert!(rows.len() >= 4, "{}", rows.len());
    // The second row, and no other.
    for &key in keys.iter().filter(|key| key.index() >> 10 == 1) {
        assert!(pool.remove(key).is_some());
    }
    let (length, capacity) = (pool.len(), pool.capacity());
    pool.shrink_to_fit();
    pool.table.slots.assert_valid();
    assert!(pool.capacity() < capacity);
    while pool.len() < keys.len() {
        pool.insert([0; 16]);
    }
    pool.table.slots.assert_valid();
    let live = keys.iter().filter(|&&key| pool.contains(key)).count();
    assert_eq!((live, pool.iter().count()), (length, keys.len()));
    assert!(pool.values().map(|value| core::ptr::from_ref(value).addr()).is_sorted());
}
