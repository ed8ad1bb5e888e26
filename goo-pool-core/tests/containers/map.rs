//! `hashbrown` in pools.

use std::alloc::Layout;
use std::collections::HashMap as Model;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use allocator_api2_02::alloc::Allocator;
use goo_pool_core::{ClassPool, ClassPoolHandle, RawPool, SyncClassPool, SyncClassPoolHandle, SyncRawPool};
use hashbrown::{DefaultHashBuilder, HashMap, HashSet, HashTable};

use crate::common::scaled;
use crate::sync::Rng;

type Map<K, V, A> = HashMap<K, V, DefaultHashBuilder, A>;

/// Room for the tables of these tests. A table of one pool's chunks cannot grow beyond them.
const CHUNK: Layout = match Layout::from_size_align(1 << 16, 64) {
    Ok(layout) => layout,
    Err(_) => panic!(),
};

/// Inserts, removes, looks up, iterates, shrinks and clears, beside the standard library's.
fn random_life(pool: impl Allocator + Clone, seed: u64) {
    let mut rng = Rng::new(seed);
    let mut ours: Map<u32, String, _> = HashMap::new_in(pool);
    let mut model: Model<u32, String> = Model::new();
    for step in 0..scaled(20_000, 200) {
        let key = rng.below(500) as u32;
        match rng.below(100) {
            0..=39 => assert_eq!(ours.insert(key, step.to_string()), model.insert(key, step.to_string())),
            40..=69 => assert_eq!(ours.remove(&key), model.remove(&key)),
            70..=79 => {
                ours.entry(key).or_default().push('x');
                model.entry(key).or_default().push('x');
            }
            80..=89 => assert_eq!(ours.get(&key), model.get(&key)),
            90..=94 => ours.shrink_to_fit(),
            95 => {
                ours.retain(|key, _| key % 3 == 0);
                model.retain(|key, _| key % 3 == 0);
            }
            96 => ours.reserve(rng.below(500)),
            97 => ours = ours.clone(),
            98 => {
                assert!(ours.extract_if(|key, _| key % 5 == 0).all(|(key, text)| model.remove(&key) == Some(text)));
            }
            _ if step % 5 == 0 => assert_eq!(ours.drain().count(), model.drain().count()),
            _ => {}
        }
        assert_eq!(ours.len(), model.len());
    }
    let mut all: Vec<_> = ours.into_iter().collect();
    let mut expected: Vec<_> = model.into_iter().collect();
    all.sort_unstable();
    expected.sort_unstable();
    assert_eq!(all, expected);
}

#[test]
fn a_map_in_a_pool_lives_as_the_standard_librarys() {
    let pool = RawPool::new(CHUNK).unwrap();
    random_life(&pool, 1);
    assert!(pool.is_empty());
    let handle = RawPool::builder(CHUNK).build_handle().unwrap();
    random_life(handle.clone(), 2);
    assert!(handle.is_empty());
    let pool = SyncRawPool::new(CHUNK).unwrap();
    random_life(&pool, 3);
    assert!(pool.is_empty());
    let handle = SyncRawPool::builder(CHUNK).build_sync_handle().unwrap();
    random_life(handle.clone(), 4);
    assert!(handle.is_empty());
    let pool = ClassPool::new();
    random_life(&pool, 5);
    assert_eq!(pool.stats().live_chunks, 0);
    let handle = ClassPoolHandle::default();
    random_life(handle.clone(), 6);
    assert_eq!(handle.stats().live_chunks, 0);
    let pool = SyncClassPool::new();
    random_life(&pool, 7);
    assert_eq!(pool.stats().live_chunks, 0);
    let handle = SyncClassPoolHandle::default();
    random_life(handle.clone(), 8);
    assert_eq!(handle.stats().live_chunks, 0);
}

#[test]
fn the_documented_life_of_a_map_runs_in_a_pool() {
    let pool = ClassPoolHandle::default();
    let mut reviews: Map<&str, u32, _> = HashMap::with_capacity_in(3, pool.clone());
    assert!(reviews.is_empty() && reviews.capacity() >= 3);
    assert_eq!(
        (reviews.insert("Mercury", 4), reviews.insert("Earth", 14), reviews.insert("Mercury", 5)),
        (None, None, Some(4))
    );
    assert_eq!((reviews["Earth"], reviews.get("Pluto"), reviews.contains_key("Mercury")), (14, None, true));
    *reviews.get_mut("Earth").unwrap() += 1;
    assert_eq!(reviews.get_key_value("Earth"), Some((&"Earth", &15)));
    assert_eq!(*reviews.entry("Mars").or_insert(1), 1);
    reviews.entry("Mars").and_modify(|stars| *stars += 1).or_insert(0);
    assert!(reviews.try_insert("Mars", 0).is_err());
    let [mars, pluto] = reviews.get_disjoint_mut(["Mars", "Pluto"]);
    assert_eq!((mars.copied(), pluto), (Some(2), None));
    reviews.values_mut().for_each(|stars| *stars *= 10);
    assert_eq!((reviews.keys().count(), reviews.values().sum::<u32>()), (3, 50 + 150 + 20));
    assert_eq!(reviews.remove_entry("Mars"), Some(("Mars", 20)));
    let same: Map<&str, u32, _> = {
        let mut same = HashMap::with_hasher_in(DefaultHashBuilder::default(), pool.clone());
        same.extend(reviews.iter().map(|(name, stars)| (*name, *stars)));
        same
    };
    assert_eq!(same, reviews);
    reviews.try_reserve(100).unwrap();
    reviews.shrink_to(10);
    reviews.retain(|_, stars| *stars > 100);
    assert_eq!(reviews.drain().collect::<Vec<_>>(), [("Earth", 150)]);
    reviews.clear();
    let mut names: Vec<_> = same.into_keys().collect();
    names.sort_unstable();
    assert_eq!(names, ["Earth", "Mercury"]);
    assert!(reviews.allocator().ptr_eq(&pool));
    drop(reviews);
    assert_eq!(pool.stats().live_chunks, 0);
}

/// A table that grows from the smallest class past the largest, and shrinks back.
#[test]
fn a_map_grows_through_all_classes_and_into_the_parent() {
    let watched = crate::common::Watched::default();
    let watch = watched.watch();
    let pool = ClassPool::builder().parent(watched).build();
    let mut map: Map<u64, u64, _> = HashMap::new_in(pool.as_ref().unwrap());
    let most = scaled(100_000, 3_000) as u64;
    map.extend((0..most).map(|n| (n, n * n)));
    assert!((0..most).all(|n| map[&n] == n * n));
    map.retain(|n, _| n % 1000 == 0);
    map.shrink_to_fit();
    assert_eq!(map.len() as u64, most / 1000);
    drop(map);
    assert_eq!(pool.as_ref().unwrap().stats().live_chunks, 0);
    drop(pool);
    assert_eq!(watch.pieces(), 0);
}

/// Values that themselves own memory of the pool: all of them go with the map.
#[test]
fn a_map_of_containers_lies_in_one_pool() {
    let pool = SyncClassPoolHandle::default();
    let mut words: Map<u32, allocator_api2_02::vec::Vec<u8, SyncClassPoolHandle>, _> = HashMap::new_in(pool.clone());
    for number in 0..scaled(2000, 50) as u32 {
        let list = words.entry(number % 97).or_insert_with(|| allocator_api2_02::vec::Vec::new_in(pool.clone()));
        list.extend(number.to_string().bytes());
    }
    let expected: String = (0..scaled(2000, 50) as u32).filter(|n| n % 97 == 5).map(|n| n.to_string()).collect();
    assert_eq!(words[&5], expected.as_bytes());
    assert!(pool.stats().live_chunks > 40);
    let copy = words.clone();
    drop(words);
    thread::spawn(move || drop(copy)).join().unwrap();
    assert_eq!(pool.stats().live_chunks, 0);
}

#[test]
fn a_map_that_outgrows_its_chunk_says_so() {
    let pool = RawPool::new(Layout::from_size_align(1 << 10, 64).unwrap()).unwrap();
    let mut map: Map<u64, u64, _> = HashMap::new_in(&pool);
    while map.try_reserve(1).is_ok() {
        map.insert(map.len() as u64, 0);
    }
    assert!((1 << 10) / 3 < map.len() * 16 && map.len() * 16 <= 1 << 10, "{} entries", map.len());
    assert!((0..map.len() as u64).all(|key| map.contains_key(&key)));
}

#[test]
fn sets_and_tables_lie_in_one_pool() {
    let pool = RawPool::new(CHUNK).unwrap();
    let mut set: HashSet<&str, DefaultHashBuilder, _> = HashSet::new_in(&pool);
    assert!(set.insert("Dune") && set.insert("Emma") && !set.insert("Dune"));
    let mut table: HashTable<u64, _> = HashTable::new_in(&pool);
    for number in 0..100 {
        table.insert_unique(number, number, |&number| number);
    }
    assert_eq!(table.find(42, |&number| number == 42), Some(&42));
    assert_eq!(pool.len(), 2);
    drop((set, table));
    assert!(pool.is_empty());
}

/// Keys that panic while they are hashed for a larger table.
#[test]
fn a_key_that_panics_leaks_no_memory() {
    struct Key(u32, bool);
    impl std::hash::Hash for Key {
        fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
            assert!(!self.1, "told to panic");
            self.0.hash(state);
        }
    }
    impl PartialEq for Key {
        fn eq(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
    impl Eq for Key {}

    let pool = RawPool::new(CHUNK).unwrap();
    let mut map: Map<Key, String, _> = HashMap::new_in(&pool);
    for number in 0..20 {
        map.insert(Key(number, false), number.to_string());
    }
    assert!(catch_unwind(AssertUnwindSafe(|| map.insert(Key(99, true), String::new()))).is_err());
    let tables = pool.len();
    assert!((0..20).all(|number| map[&Key(number, false)] == number.to_string()));
    assert_eq!((map.len(), pool.len()), (20, tables));
    drop(map);
    pool.assert_valid();
    assert!(pool.is_empty());
}

#[test]
fn a_map_is_filled_on_one_thread_and_dropped_on_another() {
    let pool = SyncRawPool::builder(CHUNK).build_sync_handle().unwrap();
    let mut map: Map<u32, u32, _> = HashMap::new_in(pool.clone());
    map.extend((0..1000).map(|n| (n, n * n)));
    let map = thread::spawn(move || {
        map.insert(1000, 0);
        map
    })
    .join()
    .unwrap();
    assert_eq!(map[&999], 999 * 999);
    thread::spawn(move || drop(map)).join().unwrap();
    assert!(pool.is_empty());
    // SAFETY: nobody else uses it, and the threads were joined.
    unsafe { pool.assert_valid() };
}

/// Each thread fills a map and hands it to the next.
#[test]
fn maps_of_many_threads_share_a_pool() {
    let pool = SyncClassPool::new();
    let rounds = scaled(30, 2) as u32;
    thread::scope(|scope| {
        let (send, receive) = std::sync::mpsc::channel::<Map<u32, u32, &SyncClassPool>>();
        scope.spawn(move || {
            for (round, map) in receive.into_iter().enumerate() {
                assert_eq!(map.len(), 300, "map {round}");
                assert!(map.iter().all(|(key, value)| key + 1 == *value));
            }
        });
        for _ in 0..2 {
            let (send, pool) = (send.clone(), &pool);
            scope.spawn(move || {
                for _ in 0..rounds {
                    let mut map = HashMap::new_in(pool);
                    map.extend((0..300).map(|key| (key, key + 1)));
                    send.send(map).unwrap();
                }
            });
        }
    });
    assert_eq!(pool.stats().live_chunks, 0);
    // SAFETY: the threads were joined.
    unsafe { pool.assert_valid() };
}
