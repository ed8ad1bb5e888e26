//! What is timed.
//!
//! Each workload is one generic function, `start`. It makes its pool once and returns the routine that
//! criterion calls: so many rounds, and the time they took. The pool stays from call to call, so what is
//! measured is the steady state, for every subject alike. The clock stops for what is not the pool's work
//! (shuffling handles, checking sums).

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use fastrand::Rng;

use crate::{
    list::List,
    live::Live,
    objects::{Object, Words},
    subject::{Reset, Subject},
    tree::Trees,
};

/// One workload, and its sizes.
pub trait Workload: Copy {
    /// What makes an object of 32 bytes.
    type Small: Object;
    /// What makes an object of 64 bytes.
    type Large: Object;

    /// Makes the pool, and gives the routine that runs so many rounds and says how long they took.
    fn start<S: Subject, T: Object>(self) -> impl FnMut(u64) -> Duration;
}

/// How many objects a workload works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// Objects of a small set: one that stays in the first cache.
    pub few: usize,
    /// Objects of a large set: one that does not.
    pub many: usize,
    /// Objects that are freed at once.
    pub most: usize,
    /// Nodes of the list.
    pub list: usize,
    /// Levels of links of a tree.
    pub depth: u32,
}

impl Scale {
    /// The sizes that figures are published for.
    pub const FULL: Scale = Scale { few: 1_000, many: 300_000, most: 1_000_000, list: 50_000, depth: 14 };

    /// Small sizes, to see that everything runs.
    pub const SMOKE: Scale = Scale { few: 100, many: 2_000, most: 5_000, list: 500, depth: 5 };
}

/// Nodes of a full tree with so many levels of links.
pub const fn tree_nodes(depth: u32) -> usize {
    (2 << depth) - 1
}

/// The order in which objects are freed, seen from the order in which they were allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The oldest first.
    Fifo,
    /// The newest first.
    Lifo,
    /// Any first.
    Random,
}

/// One seed for all: every subject sees the same permutations.
const SEED: u64 = 0x600_900;

/// One object: allocated, written, read, freed. One other object stays, so that no allocator sees its last
/// object go each time (some then start to tidy up).
#[derive(Clone, Copy, Debug)]
pub struct Pair;

impl Workload for Pair {
    type Small = Words<4>;
    type Large = Words<8>;

    fn start<S: Subject, T: Object>(self) -> impl FnMut(u64) -> Duration {
        let mut live = Live::<S, T>::new(1);
        live.fill(1);
        move |rounds| {
            let start = Instant::now();
            let sum = black_box(&mut live).pairs(rounds);
            let time = start.elapsed();
            same::<S, _>(sum, written::<T>(rounds).fold(0, u64::wrapping_add));
            time
        }
    }
}

/// `count` objects are allocated, then all are freed in some order.
#[derive(Clone, Copy, Debug)]
pub struct FillDrain {
    /// Objects allocated in a round.
    pub count: usize,
    /// The order in which they are freed.
    pub order: Order,
    /// Whether each is read before it is freed.
    pub read: bool,
}

impl Workload for FillDrain {
    type Small = Words<4>;
    type Large = Words<8>;

    fn start<S: Subject, T: Object>(self) -> impl FnMut(u64) -> Duration {
        let FillDrain { count, order, read } = self;
        let mut rng = Rng::with_seed(SEED);
        let mut live = Live::<S, T>::new(count);
        move |rounds| {
            let mut time = Duration::ZERO;
            for _ in 0..rounds {
                let start = Instant::now();
                black_box(&mut live).fill(count);
                time += start.elapsed();

                assert_holds::<S, T>(&live, written::<T>(count as u64));
                match order {
                    Order::Fifo => {}
                    Order::Lifo => live.reverse(),
                    Order::Random => live.shuffle(&mut rng),
                }

                let start = Instant::now();
                let live = black_box(&mut live);
                let sum = if read { live.drain::<true>(0) } else { live.drain::<false>(0) };
                time += start.elapsed();
                black_box(sum);
            }
            time
        }
    }
}

/// `count` objects live; a new one takes the place of a random one, which is freed.
#[derive(Clone, Copy, Debug)]
pub struct Replace {
    /// Live objects.
    pub count: usize,
    /// Replacements in a round.
    pub operations: usize,
    /// Whether each is read before it is freed.
    pub read: bool,
}

impl Workload for Replace {
    type Small = Words<4>;
    type Large = Words<8>;

    fn start<S: Subject, T: Object>(self) -> impl FnMut(u64) -> Duration {
        let Replace { count, operations, read } = self;
        let mut rng = Rng::with_seed(SEED);
        let mut places = vec![0; operations];
        let mut live = Live::<S, T>::new(count);
        live.fill(count);
        // What the objects must hold: the same operations on a plain vector.
        let mut expected: Vec<u64> = written::<T>(count as u64).collect();
        move |rounds| {
            let mut time = Duration::ZERO;
            for _ in 0..rounds {
                // New ones each round: a list seen again and again would move the same objects only.
                places.fill_with(|| rng.u32(..count as u32));

                let start = Instant::now();
                let live = black_box(&mut live);
                let sum = if read { live.replace::<true>(&places) } else { live.replace::<false>(&places) };
                time += start.elapsed();

                black_box(sum);
                for (&place, stamp) in places.iter().zip(written::<T>(operations as u64)) {
                    expected[place as usize] = stamp;
                }
            }
            assert_holds::<S, T>(&live, expected.iter().copied());
            time
        }
    }
}

/// `count` objects live; a random half is freed, and as many are allocated again.
#[derive(Clone, Copy, Debug)]
pub struct HalfRefill {
    /// Live objects before a round and after it; an even number.
    pub count: usize,
    /// Whether each is read before it is freed.
    pub read: bool,
}

impl Workload for HalfRefill {
    type Small = Words<4>;
    type Large = Words<8>;

    fn start<S: Subject, T: Object>(self) -> impl FnMut(u64) -> Duration {
        let HalfRefill { count, read } = self;
        let half = count / 2;
        let mut rng = Rng::with_seed(SEED);
        let mut live = Live::<S, T>::new(count);
        live.fill(count);
        // What the objects must hold: the same operations on a plain vector.
        let mut expected: Vec<u64> = written::<T>(count as u64).collect();
        move |rounds| {
            let mut time = Duration::ZERO;
            for _ in 0..rounds {
                rng.clone().shuffle(&mut expected);
                live.shuffle(&mut rng);

                let start = Instant::now();
                let live = black_box(&mut live);
                let sum = if read { live.drain::<true>(half) } else { live.drain::<false>(half) };
                live.fill(half);
                time += start.elapsed();

                black_box(sum);
                expected.truncate(half);
                expected.extend(written::<T>(half as u64));
            }
            assert_holds::<S, T>(&live, expected.iter().copied());
            time
        }
    }
}

/// A list, built in a pool that has been churned, is walked again and again.
#[derive(Clone, Copy, Debug)]
pub struct WalkAfterChurn {
    /// Nodes of the list.
    pub count: usize,
    /// Nodes allocated before; a random half of them was freed.
    pub churn: usize,
}

impl Workload for WalkAfterChurn {
    type Small = Words<3>;
    type Large = Words<7>;

    fn start<S: Subject, P: Object>(self) -> impl FnMut(u64) -> Duration {
        let WalkAfterChurn { count, churn } = self;
        let mut list = List::<S, P>::new();
        list.churn(churn, &mut Rng::with_seed(SEED));
        list.push(count);
        let expected = written::<P>(count as u64).fold(0, u64::wrapping_add);
        move |rounds| {
            let mut time = Duration::ZERO;
            for _ in 0..rounds {
                let start = Instant::now();
                let sum = black_box(&list).walk(count);
                time += start.elapsed();
                same::<S, _>(sum, expected);
            }
            time
        }
    }
}

/// A full binary tree is built from the leaves up, visited and freed.
#[derive(Clone, Copy, Debug)]
pub struct BinaryTrees {
    /// Levels of links.
    pub depth: u32,
}

impl Workload for BinaryTrees {
    type Small = Words<2>;
    type Large = Words<6>;

    fn start<S: Subject, P: Object>(self) -> impl FnMut(u64) -> Duration {
        let BinaryTrees { depth } = self;
        let mut trees = Trees::<S, P>::new();
        let expected = tree_nodes(depth) as u64 * P::new(1).stamp();
        move |rounds| {
            let start = Instant::now();
            for _ in 0..rounds {
                same::<S, _>(black_box(&mut trees).grow_and_fell(depth), expected);
            }
            start.elapsed()
        }
    }
}

/// `count` objects are freed at once. Filling the pool is not timed.
pub fn reset<S: Reset, T: Object>(count: usize) -> impl FnMut(u64) -> Duration {
    let mut live = Live::<S, T>::new(count);
    move |rounds| {
        let mut time = Duration::ZERO;
        for _ in 0..rounds {
            live.fill(count);
            assert_holds::<S, T>(&live, written::<T>(count as u64));
            live.forget_handles();
            let start = Instant::now();
            black_box(&mut live).reset();
            time += start.elapsed();
        }
        time
    }
}

/// What [`reset`] is compared with: `count` objects are freed one by one, in the order of allocation, unread.
pub fn free_each<S: Subject, T: Object>(count: usize) -> impl FnMut(u64) -> Duration {
    let mut live = Live::<S, T>::new(count);
    move |rounds| {
        let mut time = Duration::ZERO;
        for _ in 0..rounds {
            live.fill(count);
            assert_holds::<S, T>(&live, written::<T>(count as u64));
            let start = Instant::now();
            black_box(&mut live).drain::<false>(0);
            time += start.elapsed();
        }
        time
    }
}

/// The stamps of so many new objects.
fn written<T: Object>(count: u64) -> impl Iterator<Item = u64> {
    (0..count).map(|cookie| T::new(cookie).stamp())
}

/// What went in is there: no object was lost, handed out twice or overwritten.
#[track_caller]
fn assert_holds<S: Subject, T: Object>(live: &Live<S, T>, expected: impl Iterator<Item = u64>) {
    same::<S, _>(live.stamps().eq(expected), true);
}

/// Behind `black_box`, so that the reading is not optimized away where nobody looks at what was read.
#[track_caller]
fn same<S: Subject, V: PartialEq + std::fmt::Debug>(seen: V, expected: V) {
    let seen = black_box(seen);
    if S::KEEPS_OBJECTS {
        assert_eq!(seen, expected, "{} lost an object", S::NAME);
    }
}
