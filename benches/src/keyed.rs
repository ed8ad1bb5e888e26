//! Containers that name their values by keys, and what is done with them.

use std::{hint::black_box, time::Duration, time::Instant};

use fastrand::Rng;
use goo_pool_typed::KeyedPool;

/// A container with keys. An adapter says how its library is called and does nothing else.
pub trait Keyed<T: 'static>: Default + 'static {
    /// The name of its column.
    const NAME: &'static str;
    /// What names a value.
    type Key: Copy;

    /// Moves a value in.
    fn insert(&mut self, value: T) -> Self::Key;
    /// Takes a value out.
    fn remove(&mut self, key: Self::Key) -> Option<T>;
    /// Looks a value up.
    fn get(&self, key: Self::Key) -> Option<&T>;
    /// All values.
    fn values(&self) -> impl Iterator<Item = &T>;
}

impl<T: 'static> Keyed<T> for KeyedPool<T> {
    const NAME: &'static str = "KeyedPool";
    type Key = goo_pool_typed::Key<T>;

    #[inline(always)]
    fn insert(&mut self, value: T) -> Self::Key {
        self.insert(value)
    }

    #[inline(always)]
    fn remove(&mut self, key: Self::Key) -> Option<T> {
        self.remove(key)
    }

    #[inline(always)]
    fn get(&self, key: Self::Key) -> Option<&T> {
        self.get(key)
    }

    #[inline(always)]
    fn values(&self) -> impl Iterator<Item = &T> {
        self.values()
    }
}

impl<T: 'static> Keyed<T> for slab::Slab<T> {
    const NAME: &'static str = "slab";
    type Key = usize;

    #[inline(always)]
    fn insert(&mut self, value: T) -> usize {
        self.insert(value)
    }

    #[inline(always)]
    fn remove(&mut self, key: usize) -> Option<T> {
        self.try_remove(key)
    }

    #[inline(always)]
    fn get(&self, key: usize) -> Option<&T> {
        self.get(key)
    }

    #[inline(always)]
    fn values(&self) -> impl Iterator<Item = &T> {
        self.iter().map(|(_, value)| value)
    }
}

impl<T: 'static> Keyed<T> for slotmap::SlotMap<slotmap::DefaultKey, T> {
    const NAME: &'static str = "SlotMap";
    type Key = slotmap::DefaultKey;

    #[inline(always)]
    fn insert(&mut self, value: T) -> Self::Key {
        self.insert(value)
    }

    #[inline(always)]
    fn remove(&mut self, key: Self::Key) -> Option<T> {
        self.remove(key)
    }

    #[inline(always)]
    fn get(&self, key: Self::Key) -> Option<&T> {
        self.get(key)
    }

    #[inline(always)]
    fn values(&self) -> impl Iterator<Item = &T> {
        self.values()
    }
}

impl<T: 'static> Keyed<T> for slotmap::DenseSlotMap<slotmap::DefaultKey, T> {
    const NAME: &'static str = "DenseSlotMap";
    type Key = slotmap::DefaultKey;

    #[inline(always)]
    fn insert(&mut self, value: T) -> Self::Key {
        self.insert(value)
    }

    #[inline(always)]
    fn remove(&mut self, key: Self::Key) -> Option<T> {
        self.remove(key)
    }

    #[inline(always)]
    fn get(&self, key: Self::Key) -> Option<&T> {
        self.get(key)
    }

    #[inline(always)]
    fn values(&self) -> impl Iterator<Item = &T> {
        self.values()
    }
}

impl<T: 'static> Keyed<T> for thunderdome::Arena<T> {
    const NAME: &'static str = "thunderdome";
    type Key = thunderdome::Index;

    #[inline(always)]
    fn insert(&mut self, value: T) -> Self::Key {
        self.insert(value)
    }

    #[inline(always)]
    fn remove(&mut self, key: Self::Key) -> Option<T> {
        self.remove(key)
    }

    #[inline(always)]
    fn get(&self, key: Self::Key) -> Option<&T> {
        self.get(key)
    }

    #[inline(always)]
    fn values(&self) -> impl Iterator<Item = &T> {
        self.iter().map(|(_, value)| value)
    }
}

impl<T: 'static> Keyed<T> for generational_arena::Arena<T> {
    const NAME: &'static str = "generational-arena";
    type Key = generational_arena::Index;

    #[inline(always)]
    fn insert(&mut self, value: T) -> Self::Key {
        self.insert(value)
    }

    #[inline(always)]
    fn remove(&mut self, key: Self::Key) -> Option<T> {
        self.remove(key)
    }

    #[inline(always)]
    fn get(&self, key: Self::Key) -> Option<&T> {
        self.get(key)
    }

    #[inline(always)]
    fn values(&self) -> impl Iterator<Item = &T> {
        self.iter().map(|(_, value)| value)
    }
}

/// A value of `8 * N` bytes.
pub type Value<const N: usize> = [u64; N];

/// One seed for all: everybody sees the same orders.
const SEED: u64 = 0x600_900;

/// A workload that is prepared when it first runs. It calls the round, which times so many operations, until all were done.
fn rounds<R>(values: usize, prepare: impl Fn() -> R + 'static) -> Box<dyn FnMut(u64) -> Duration>
where
    R: FnMut() -> Duration + 'static,
{
    let mut round = None;
    Box::new(move |operations| {
        let round = round.get_or_insert_with(&prepare);
        (0..operations.div_ceil(values as u64)).map(|_| round()).sum()
    })
}

fn value<const N: usize>(number: usize) -> Value<N> {
    [number as u64; N]
}

/// What all numbers below `count` add up to.
fn total(count: usize) -> u64 {
    (0..count as u64).sum()
}

/// So many values, and their keys in any order.
fn full<C: Keyed<Value<N>>, const N: usize>(values: usize, rng: &mut Rng) -> (C, Vec<C::Key>) {
    let mut pool = C::default();
    let mut keys: Vec<_> = (0..values).map(|number| pool.insert(value(number))).collect();
    rng.shuffle(&mut keys);
    (pool, keys)
}

/// A new container is filled, growth included.
pub fn fill<C: Keyed<Value<N>>, const N: usize>(values: usize) -> Box<dyn FnMut(u64) -> Duration> {
    rounds(values, move || {
        let mut keys = Vec::with_capacity(values);
        move || {
            keys.clear();
            let start = Instant::now();
            let mut pool = C::default();
            keys.extend((0..values).map(|number| pool.insert(value(number))));
            let time = start.elapsed();
            assert_eq!(keys.iter().filter_map(|&key| pool.get(key)).map(|value| value[0]).sum::<u64>(), total(values));
            time
        }
    })
}

/// Values are inserted where others were, which were removed in any order.
pub fn insert<C: Keyed<Value<N>>, const N: usize>(values: usize) -> Box<dyn FnMut(u64) -> Duration> {
    rounds(values, move || {
        let mut rng = Rng::with_seed(SEED);
        let (mut pool, mut keys) = full::<C, N>(values, &mut rng);
        move || {
            let removed: u64 = keys.drain(..).filter_map(|key| pool.remove(key)).map(|value| value[0]).sum();
            assert_eq!(removed, total(values));
            let start = Instant::now();
            let refilled = black_box(&mut pool);
            keys.extend((0..values).map(|number| refilled.insert(value(number))));
            let time = start.elapsed();
            rng.shuffle(&mut keys);
            time
        }
    })
}

/// All values are removed, in any order.
pub fn remove<C: Keyed<Value<N>>, const N: usize>(values: usize) -> Box<dyn FnMut(u64) -> Duration> {
    rounds(values, move || {
        let mut rng = Rng::with_seed(SEED);
        let (mut pool, mut keys) = full::<C, N>(values, &mut rng);
        move || {
            let start = Instant::now();
            let emptied = black_box(&mut pool);
            let removed: u64 = keys.drain(..).filter_map(|key| emptied.remove(key)).map(|value| value[0]).sum();
            let time = start.elapsed();
            assert_eq!(removed, total(values));
            keys.extend((0..values).map(|number| pool.insert(value(number))));
            rng.shuffle(&mut keys);
            time
        }
    })
}

/// Values are looked up, in any order.
pub fn get<C: Keyed<Value<N>>, const N: usize>(values: usize) -> Box<dyn FnMut(u64) -> Duration> {
    rounds(values, move || {
        let (pool, keys) = full::<C, N>(values, &mut Rng::with_seed(SEED));
        move || {
            let start = Instant::now();
            let looked_in = black_box(&pool);
            let mut sum = 0;
            for &key in &keys {
                sum += looked_in.get(key).map_or(0, |value| value[0]);
            }
            let time = start.elapsed();
            assert_eq!(sum, total(values));
            time
        }
    })
}

/// A random value is removed, and another one is inserted.
pub fn replace<C: Keyed<Value<N>>, const N: usize>(values: usize) -> Box<dyn FnMut(u64) -> Duration> {
    rounds(values, move || {
        let mut rng = Rng::with_seed(SEED);
        let (mut pool, mut keys) = full::<C, N>(values, &mut rng);
        let mut places = vec![0; values];
        move || {
            places.fill_with(|| rng.usize(..values));
            let before: u64 = pool.values().map(|value| value[0]).sum();
            let start = Instant::now();
            let changed = black_box(&mut pool);
            let mut sum = 0;
            for (number, &place) in places.iter().enumerate() {
                sum += changed.remove(keys[place]).map_or(0, |value| value[0]);
                keys[place] = changed.insert(value(number));
            }
            let time = start.elapsed();
            let after: u64 = pool.values().map(|value| value[0]).sum();
            assert_eq!(before + total(values), after + sum);
            time
        }
    })
}

/// All values are read, by a `for` loop.
pub fn iterate<C: Keyed<Value<N>>, const N: usize>(values: usize) -> Box<dyn FnMut(u64) -> Duration> {
    rounds(values, move || {
        let (pool, _) = full::<C, N>(values, &mut Rng::with_seed(SEED));
        move || {
            let start = Instant::now();
            let mut sum = 0;
            for value in black_box(&pool).values() {
                sum += value[0];
            }
            let time = start.elapsed();
            assert_eq!(black_box(sum), total(values));
            time
        }
    })
}

/// All values are read, by `sum`.
pub fn sum<C: Keyed<Value<N>>, const N: usize>(values: usize) -> Box<dyn FnMut(u64) -> Duration> {
    rounds(values, move || {
        let (pool, _) = full::<C, N>(values, &mut Rng::with_seed(SEED));
        move || {
            let start = Instant::now();
            let sum = black_box(&pool).values().map(|value| value[0]).sum::<u64>();
            let time = start.elapsed();
            assert_eq!(black_box(sum), total(values));
            time
        }
    })
}

/// All values that are left are read, when so many in a hundred, at random, have been removed. The figure is for one that is
/// left.
pub fn iterate_left<C: Keyed<Value<N>>, const N: usize, const REMOVED: usize>(
    values: usize,
) -> Box<dyn FnMut(u64) -> Duration> {
    rounds(values * (100 - REMOVED) / 100, move || {
        let (mut pool, mut keys) = full::<C, N>(values, &mut Rng::with_seed(SEED));
        let removed: u64 =
            keys.drain(..values * REMOVED / 100).filter_map(|key| pool.remove(key)).map(|value| value[0]).sum();
        move || {
            let start = Instant::now();
            let mut sum = 0;
            for value in black_box(&pool).values() {
                sum += value[0];
            }
            let time = start.elapsed();
            assert_eq!(black_box(sum) + removed, total(values));
            time
        }
    })
}
