//! What a keyed pool promises, one sentence a test. Random operations are in keyed_model.rs.

mod common;

use std::cell::Cell;
use std::collections::{BTreeSet, HashSet};
use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use common::{Entry, Ledger, panic_of, scaled};
use goo_pool_typed::{Key, KeyedPool};

/// Several rows: blocks are of 64 KiB at most.
const MANY: usize = scaled(20_000, 600);

/// As large as a few of them fill a block.
type Large = [u64; 4096];

fn addresses<T>(pool: &KeyedPool<T>) -> Vec<usize> {
    pool.values().map(|value| ptr::from_ref(value).addr()).collect()
}

/// Whoever is asked says so.
fn is_stale<T>(pool: &mut KeyedPool<T>, key: Key<T>) -> bool {
    !pool.contains(key) && pool.get(key).is_none() && pool.get_mut(key).is_none() && pool.remove(key).is_none()
}

#[test]
fn a_value_is_found_by_its_key_until_it_is_removed() {
    let mut pool = KeyedPool::new();
    let keys: Vec<_> = (0..MANY).map(|number| pool.insert(number.to_string())).collect();
    for (number, &key) in keys.iter().enumerate() {
        assert_eq!(pool[key], number.to_string());
        pool[key].push('!');
    }
    assert_eq!(pool.len(), MANY);
    for (number, &key) in keys.iter().enumerate() {
        assert_eq!(pool.remove(key), Some(format!("{number}!")));
        assert!(is_stale(&mut pool, key));
    }
    assert!(pool.is_empty());
}

#[test]
fn a_key_stays_stale_when_its_slot_is_used_again() {
    let mut pool = KeyedPool::new();
    let mut stale = Vec::new();
    for round in 0..scaled(2000, 50) {
        let key = pool.insert(round);
        assert!(stale.iter().all(|&old| old != key && pool.get(old).is_none()));
        assert_eq!(pool.remove(key), Some(round));
        stale.push(key);
    }
    assert!(pool.capacity() < stale.len(), "no slot was used again");
}

/// generational-arena (issue 30) lost the generations when it was cleared.
#[test]
fn a_key_stays_stale_after_a_clear() {
    let mut pool = KeyedPool::new();
    let keys: Vec<_> = (0..MANY).map(|number| pool.insert(number)).collect();
    let removed = pool.remove(keys[1]);
    pool.clear();
    assert_eq!((removed, pool.len(), pool.iter().count()), (Some(1), 0, 0));
    assert!(keys.iter().all(|&key| !pool.contains(key)));
    let new: HashSet<_> = (0..MANY).map(|number| pool.insert(number)).collect();
    assert!(keys.iter().all(|key| !pool.contains(*key) && !new.contains(key)));
    assert_eq!(new.len(), MANY);
}

#[test]
fn a_key_stays_stale_when_its_memory_was_given_back() {
    let mut pool = KeyedPool::new();
    let keys: Vec<_> = (0..MANY).map(|number| pool.insert(number)).collect();
    // All rows but one in the middle, then that one too: first the table keeps the numbers, then it forgets them.
    let middle = keys[MANY / 2];
    pool.retain(|key, _| key == middle);
    let capacity = pool.capacity();
    pool.shrink_to_fit();
    assert!(pool.capacity() < capacity && pool.capacity() > 0);
    assert_eq!(pool[middle], MANY / 2);
    let mut new: Vec<_> = (0..MANY).map(|number| pool.insert(number)).collect();
    assert!(keys.iter().all(|&key| key == middle || !pool.contains(key)));
    for _ in 0..3 {
        pool.clear();
        pool.shrink_to_fit();
        assert_eq!(pool.capacity(), 0);
        assert!(keys.iter().chain(&new).all(|&key| !pool.contains(key)));
        let newer: Vec<_> = (0..MANY).map(|number| pool.insert(number)).collect();
        assert!(keys.iter().chain(&new).all(|&key| !pool.contains(key)));
        new.extend(newer);
    }
    assert_eq!(new.iter().collect::<HashSet<_>>().len(), new.len(), "a key was given twice");
}

/// slab (RUSTSEC-2025-0047) took its capacity for its length, and read what was not written.
#[test]
fn a_key_to_a_slot_that_never_held_a_value_finds_none() {
    let mut pool = KeyedPool::with_capacity(100);
    let key = pool.insert(String::from("one of 100"));
    assert!(pool.capacity() >= 100);
    for index in (0..200).chain([0xffff, 0x1_0000, 0x7fff_ffff, 0xffff_fffe, 0xffff_ffff]) {
        for generation in [1, 3, 0x7fff_ffff, 0xffff_fffd, 0xffff_ffff] {
            let forged = Key::from_bits(generation << 32 | index).expect("an odd generation");
            if forged != key {
                assert!(is_stale(&mut pool, forged));
                assert!(pool.get_disjoint_mut([key, forged]).is_none());
            }
        }
    }
    assert_eq!(pool[key], "one of 100");
}

#[test]
fn a_number_of_an_even_generation_is_no_key() {
    for bits in [0, 7, u64::from(u32::MAX), 2 << 32, 0xffff_fffe_0000_0000] {
        assert_eq!(Key::<u8>::from_bits(bits), None, "{bits:#x}");
    }
    let mut pool = KeyedPool::new();
    let keys = [pool.insert('a'), pool.insert('b')];
    for key in keys {
        assert_eq!(Key::from_bits(key.to_bits()), Some(key));
        // The next generation is that of the slot once it is vacant.
        assert_eq!(Key::<char>::from_bits(key.to_bits() + (1 << 32)), None);
    }
}

#[test]
fn a_key_of_another_pool_finds_a_value_or_none() {
    let mut one = KeyedPool::new();
    let mut other = KeyedPool::new();
    let keys: Vec<_> = (0..10).map(|number| one.insert(number)).collect();
    other.insert(100);
    let found: Vec<_> = keys.iter().filter_map(|&key| other.get(key)).collect();
    assert!(found.is_empty() || found == [&100]);
}

#[test]
fn a_value_stays_at_its_address() {
    let mut pool = KeyedPool::new();
    let first = pool.insert(String::from("stays"));
    let address = ptr::from_ref(&pool[first]);
    let others: Vec<_> = (0..MANY).map(|number| pool.insert(number.to_string())).collect();
    others.iter().step_by(2).for_each(|&key| drop(pool.remove(key)));
    pool.shrink_to_fit();
    let mut moved = Box::new(pool);
    moved.reserve(MANY).unwrap();
    assert!(ptr::eq(address, &moved[first]));
    // SAFETY: the value is where it was, and nobody changes it.
    assert_eq!(unsafe { &*address }, "stays");
}

#[test]
fn iteration_is_by_address_and_meets_every_value_once() {
    let mut pool = KeyedPool::new();
    let mut keys: BTreeSet<_> = (0..MANY).map(|number| pool.insert(number)).collect();
    for step in [7, 3, 2, 64, 1000] {
        let some: Vec<_> = keys.iter().copied().step_by(step).collect();
        for key in some {
            assert!(pool.remove(key).is_some());
            keys.remove(&key);
        }
        assert!(addresses(&pool).is_sorted());
        assert_eq!(pool.keys().collect::<BTreeSet<_>>(), keys);
        assert_eq!(pool.iter().len(), keys.len());
        let mut by_loop = Vec::new();
        for (key, value) in &pool {
            by_loop.push((key, *value));
        }
        let by_fold: Vec<_> = pool.iter().map(|(key, value)| (key, *value)).fold(Vec::new(), |mut all, item| {
            all.push(item);
            all
        });
        assert_eq!(by_loop, by_fold);
        assert!(by_loop.iter().all(|&(key, value)| pool[key] == value));
    }
}

#[test]
fn an_iterator_goes_on_by_fold_where_it_is() {
    let mut pool = KeyedPool::new();
    let keys: Vec<_> = (0..scaled(1000, 200)).map(|number| pool.insert(number)).collect();
    keys.iter().skip(100).step_by(3).for_each(|&key| assert!(pool.remove(key).is_some()));
    let all: Vec<_> = pool.values().copied().collect();
    for taken in [0, 1, 63, 64, 65, 100, 129, all.len() - 1, all.len()] {
        let mut values = pool.values();
        let first: Vec<_> = values.by_ref().take(taken).copied().collect();
        assert_eq!(values.len(), all.len() - taken);
        let rest = values.fold(Vec::new(), |mut rest, value| {
            rest.push(*value);
            rest
        });
        assert_eq!([first, rest].concat(), all);
    }
}

#[test]
fn values_are_changed_through_iter_mut() {
    let mut pool: KeyedPool<usize> = KeyedPool::new();
    let keys: Vec<_> = (0..MANY).map(|number| pool.insert(number)).collect();
    for (key, value) in &mut pool {
        *value += key.to_bits() as usize;
    }
    pool.values_mut().for_each(|value| *value += 1);
    assert!(keys.iter().enumerate().all(|(number, &key)| pool[key] == number + key.to_bits() as usize + 1));
    // All of them at once, so that none is another.
    let mut all: Vec<_> = pool.values_mut().collect();
    all.iter_mut().for_each(|value| **value = 7);
    assert!(pool.values().all(|value| *value == 7));
}

#[test]
fn disjoint_values_are_borrowed_together() {
    let mut pool = KeyedPool::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| pool.insert(name.to_owned()));
    let [first, second] = pool.get_disjoint_mut([c, a]).unwrap();
    std::mem::swap(first, second);
    assert_eq!((&*pool[a], &*pool[c]), ("c", "a"));
    assert!(pool.get_disjoint_mut([a, b, a]).is_none());
    pool.remove(b);
    assert!(pool.get_disjoint_mut([a, b]).is_none());
    assert!(pool.get_disjoint_mut([]).is_some());
}

#[test]
fn a_drain_takes_all_and_drops_what_is_not_asked_for() {
    let ledger = Ledger::default();
    let mut pool = KeyedPool::new();
    let keys: Vec<_> = (0..200).map(|_| pool.insert(ledger.entry())).collect();
    let mut drain = pool.drain();
    assert_eq!(drain.len(), 200);
    let first: Vec<_> = drain.by_ref().take(70).collect();
    assert_eq!((drain.len(), ledger.live()), (130, 200));
    drop(drain);
    assert_eq!((ledger.live(), pool.len()), (70, 0));
    assert!(first.iter().zip(&keys).all(|((key, _), inserted)| key == inserted && !pool.contains(*key)));
    drop(first);
    ledger.assert_settled();
}

#[test]
fn what_a_forgotten_drain_left_stays() {
    let ledger = Ledger::default();
    let mut pool = KeyedPool::new();
    let keys: Vec<_> = (0..100).map(|_| pool.insert(ledger.entry())).collect();
    let mut drain = pool.drain();
    drop(drain.next());
    forget(drain);
    assert_eq!((pool.len(), ledger.live(), pool.contains(keys[0])), (99, 99, false));
    drop(pool);
    ledger.assert_settled();
}

#[test]
fn a_pool_that_is_iterated_to_its_end_or_not_drops_every_value_once() {
    let ledger = Ledger::default();
    for taken in [0, 1, 64, 150] {
        let mut pool = KeyedPool::new();
        (0..150).for_each(|_| _ = pool.insert(ledger.entry()));
        let mut values = pool.into_iter();
        assert_eq!(values.by_ref().take(taken).count(), taken);
        assert_eq!(values.len(), 150 - taken);
        drop(values);
        ledger.assert_settled();
    }
}

#[test]
fn retain_keeps_what_it_is_told_to() {
    let ledger = Ledger::default();
    let mut pool = KeyedPool::new();
    let keys: Vec<_> = (0..300).map(|_| pool.insert(ledger.entry())).collect();
    let mut seen = Vec::new();
    pool.retain(|key, entry| {
        seen.push((key, entry.number));
        entry.number % 3 == 0
    });
    assert_eq!(seen.len(), 300);
    assert!(seen.iter().all(|&(key, number)| keys[number] == key));
    assert!(pool.values().map(|entry| entry.number).eq((0..300).step_by(3)));
    assert_eq!(ledger.live(), 100);
}

#[test]
fn a_panic_of_a_constructor_leaves_the_pool_as_it_was() {
    let ledger = Ledger::default();
    let mut pool = KeyedPool::new();
    for round in 0..200 {
        if round == 100 {
            // The recent slot is the next one.
            let key = pool.keys().next().unwrap();
            drop(pool.remove(key));
        }
        let (length, seen) = (pool.len(), Cell::new(None));
        panic_of(|| {
            pool.insert_with_key(|key| {
                seen.set(Some(key));
                panic!("no value")
            });
        });
        assert_eq!((pool.len(), pool.iter().count()), (length, length));
        assert!(!pool.contains(seen.get().unwrap()));
        let key = pool.insert_with_key(|_| ledger.entry());
        assert_eq!((pool[key].number, pool.len()), (round, length + 1));
    }
    drop(pool);
    ledger.assert_settled();
}

/// Every way to drop all values, with a destructor that panics at every position.
#[test]
fn a_panic_of_a_destructor_keeps_no_other_from_running() {
    let count = scaled(150, 70);
    type Way = fn(KeyedPool<Entry>) -> Option<KeyedPool<Entry>>;
    let ways: [Way; 4] = [
        |mut pool| {
            let _ = catch_unwind(AssertUnwindSafe(|| pool.clear()));
            Some(pool)
        },
        |mut pool| {
            let _ = catch_unwind(AssertUnwindSafe(|| drop(pool.drain())));
            Some(pool)
        },
        |pool| {
            let _ = catch_unwind(AssertUnwindSafe(|| drop(pool)));
            None
        },
        |pool| {
            let mut values = pool.into_iter();
            values.by_ref().take(1).for_each(|(_, entry)| drop_quietly(entry));
            let _ = catch_unwind(AssertUnwindSafe(|| drop(values)));
            None
        },
    ];
    for way in ways {
        for culprit in 0..count {
            let ledger = Ledger::default();
            let mut pool = KeyedPool::new();
            let keys: Vec<_> = (0..count).map(|_| pool.insert(ledger.entry())).collect();
            ledger.panic_in_drop_of(culprit);
            if let Some(mut pool) = way(pool) {
                assert_eq!((pool.len(), pool.iter().count()), (0, 0));
                assert!(keys.iter().all(|&key| !pool.contains(key)));
                let key = pool.insert(ledger.entry());
                assert_eq!(pool[key].number, count);
            }
            ledger.assert_settled();
        }
    }
}

fn drop_quietly(entry: Entry) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(entry)));
}

#[test]
fn a_panic_in_retain_leaves_what_comes_after() {
    let count = 100;
    for culprit in 0..count {
        for in_destructor in [false, true] {
            let ledger = Ledger::default();
            let mut pool = KeyedPool::new();
            let keys: Vec<_> = (0..count).map(|_| pool.insert(ledger.entry())).collect();
            if in_destructor {
                ledger.panic_in_drop_of(culprit);
            }
            panic_of(|| {
                pool.retain(|_, entry| {
                    assert!(in_destructor || entry.number != culprit, "the predicate panics");
                    false
                });
            });
            let gone = culprit + usize::from(in_destructor);
            assert_eq!((pool.len(), ledger.live()), (count - gone, count - gone));
            assert!(keys.iter().enumerate().all(|(number, &key)| pool.contains(key) == (number >= gone)));
        }
    }
}

#[test]
fn a_destructor_that_panics_in_remove_or_retain_takes_only_its_own_value() {
    let ledger = Ledger::default();
    let mut pool = KeyedPool::new();
    let keys: Vec<_> = (0..10).map(|_| pool.insert(ledger.entry())).collect();
    ledger.panic_in_drop_of(3);
    panic_of(|| drop(pool.remove(keys[3])));
    assert_eq!((pool.len(), pool.contains(keys[3])), (9, false));
    drop(pool);
    ledger.assert_settled();
}

#[test]
fn values_of_no_size_have_keys() {
    thread_local!(static DROPPED: Cell<usize> = const { Cell::new(0) });
    #[derive(Debug)]
    struct Nothing;
    impl Drop for Nothing {
        fn drop(&mut self) {
            DROPPED.set(DROPPED.get() + 1);
        }
    }
    let count = scaled(10_000, 300);
    let mut pool = KeyedPool::new();
    let keys: HashSet<_> = (0..count).map(|_| pool.insert(Nothing)).collect();
    assert_eq!((keys.len(), pool.len(), pool.iter().count(), DROPPED.get()), (count, count, count, 0));
    drop(pool.remove(*keys.iter().next().unwrap()));
    assert_eq!((DROPPED.get(), pool.len()), (1, count - 1));
    pool.retain(|_, _| false);
    assert_eq!((DROPPED.get(), pool.len()), (count, 0));
}

#[test]
fn values_are_aligned_and_large_ones_fit() {
    fn check<T>(count: usize, make: impl Fn(usize) -> T, number: impl Fn(&T) -> usize) {
        let mut pool = KeyedPool::new();
        let keys: Vec<_> = (0..count).map(|value| pool.insert(make(value))).collect();
        for (value, &key) in keys.iter().enumerate() {
            assert_eq!(number(&pool[key]), value);
            assert_eq!(ptr::from_ref(&pool[key]).addr() % align_of::<T>(), 0);
        }
        assert!(addresses(&pool).windows(2).all(|pair| pair[1] - pair[0] >= size_of::<T>()));
        let sum = pool.values().map(&number).sum::<usize>();
        assert_eq!(sum, count * (count - 1) / 2);
    }

    #[repr(align(64))]
    struct Line(u8);
    #[repr(align(4096))]
    struct Page(u8);
    check(scaled(256, 70), |value| value as u8, |value| *value as usize);
    check(scaled(200, 70), |value| [value as u8; 3], |value| value[2] as usize);
    check(scaled(200, 20), |value| Line(value as u8), |value| value.0 as usize);
    check(scaled(100, 5), |value| Page(value as u8), |value| value.0 as usize);
    check(scaled(100, 5), |value| Box::new([value as u64; 4096]), |value| value[4095] as usize);
    check(scaled(100, 3), |value| [value as u64; 4096] as Large, |value| value[4095] as usize);
}

#[test]
fn room_that_was_made_is_used() {
    let mut pool: KeyedPool<u64> = KeyedPool::with_capacity(MANY);
    let capacity = pool.capacity();
    assert!(capacity >= MANY);
    let keys: Vec<_> = (0..capacity as u64).map(|number| pool.insert(number)).collect();
    assert_eq!(pool.capacity(), capacity);
    pool.reserve(1).unwrap();
    assert!(pool.capacity() > capacity);
    keys.iter().for_each(|&key| assert!(pool.remove(key).is_some()));
    pool.shrink_to_fit();
    assert_eq!((pool.capacity(), pool.len()), (0, 0));
    assert!(pool.reserve(usize::MAX).is_err());
    assert!(pool.reserve(1 << 60).is_err());
    assert_eq!(pool.capacity(), 0);
    assert_eq!(KeyedPool::<u64>::with_capacity(0).capacity(), 0);
}

#[test]
fn a_slot_that_was_vacated_is_the_next() {
    let mut pool = KeyedPool::new();
    let keys: Vec<_> = (0..100).map(|number| pool.insert(number)).collect();
    let address = ptr::from_ref(&pool[keys[50]]);
    pool.remove(keys[50]);
    let key = pool.insert(1000);
    assert!(ptr::eq(address, &pool[key]));
    assert_ne!(key, keys[50]);
}

#[test]
fn a_pool_goes_to_another_thread_and_is_shared_there() {
    let mut pool = KeyedPool::new();
    let keys: Vec<_> = (0..MANY).map(|number| pool.insert(number.to_string())).collect();
    let mut pool = std::thread::spawn(move || {
        pool.insert(String::from("from there"));
        pool
    })
    .join()
    .unwrap();
    std::thread::scope(|scope| {
        for half in keys.chunks(MANY / 2) {
            scope.spawn(|| half.iter().for_each(|&key| assert!(pool.contains(key) && !pool[key].is_empty())));
        }
    });
    assert_eq!(pool.drain().count(), MANY + 1);
}

#[test]
fn a_stale_key_is_named_when_it_panics() {
    let mut pool = KeyedPool::new();
    let key = pool.insert(1);
    pool.remove(key);
    assert_eq!(panic_of(|| _ = pool[key]), format!("{key:?} is stale, or another pool's"));
    assert_eq!(panic_of(|| pool[key] += 1), format!("{key:?} is stale, or another pool's"));
}

#[test]
fn a_pool_shows_itself_as_a_map() {
    let mut pool = KeyedPool::new();
    let key = pool.insert("value");
    assert_eq!(format!("{pool:?}"), "{Key(0v1): \"value\"}");
    assert_eq!(format!("{:?}", pool.iter()), format!("{pool:?}"));
    assert_eq!(format!("{:?}", pool.drain()), "Drain { left: 1, .. }");
    assert_eq!(format!("{key:?}"), "Key(0v1)");
}

#[test]
fn values_may_name_each_other() {
    struct Node {
        next: Option<Key<Node>>,
        name: &'static str,
    }
    let mut pool = KeyedPool::new();
    let first = pool.insert(Node { next: None, name: "first" });
    let last = pool.insert(Node { next: Some(first), name: "last" });
    pool[first].next = Some(last);
    let around = pool[last].next.and_then(|next| pool[next].next);
    assert_eq!(around.map(|key| pool[key].name), Some("last"));
}
