//! The standard library's `BTreeMap` in pools: `cargo +nightly bench -p goo-pool-benches --features nightly --bench btree`.
//!
//! The figures are for one key that comes and goes, or is cloned. Bumpalo frees nothing but what was allocated last: it starts anew with each tree, and
//! does not take part where a tree stays.
#![feature(allocator_api, btreemap_alloc)]

use std::{
    alloc::{AllocError, Allocator, GlobalAlloc, Layout, System},
    collections::BTreeMap,
    hint::black_box,
    ptr::NonNull,
    time::{Duration, Instant},
};

use bumpalo::Bump;
use goo_pool_benches::contest::{Contest, Row};
use goo_pool_core::{ClassPool, RawPool, SyncClassPool};

/// One seed for all: every contestant sees the same keys.
const SEED: u64 = 0x600_900;

/// One contestant: something for trees to allocate from.
trait Contestant: 'static {
    const NAME: &'static str;
    type In<'c>: Allocator + Copy;

    fn new() -> Self;
    fn get(&self) -> Self::In<'_>;
    /// All that was allocated has been freed.
    fn all_is_free(&mut self) {}
}

impl Contestant for ClassPool {
    const NAME: &'static str = "ClassPool";
    type In<'c> = &'c Self;

    fn new() -> Self {
        // As all others, over the system.
        Self::with_parent(&goo_pool_core::System)
    }

    fn get(&self) -> &Self {
        self
    }
}

impl Contestant for SyncClassPool {
    const NAME: &'static str = "SyncClassPool";
    type In<'c> = &'c Self;

    fn new() -> Self {
        Self::new()
    }

    fn get(&self) -> &Self {
        self
    }
}

impl Contestant for RawPool {
    const NAME: &'static str = "RawPool";
    type In<'c> = &'c Self;

    fn new() -> Self {
        // An inner node: 11 keys and values, a parent, 12 children. A leaf takes as much.
        let node = Layout::new::<([(u64, u64); 11], [usize; 14])>();
        Self::builder(node).parent(goo_pool_core::System).build().expect("a pool")
    }

    fn get(&self) -> &Self {
        self
    }
}

impl Contestant for System {
    const NAME: &'static str = "system";
    type In<'c> = Self;

    fn new() -> Self {
        System
    }

    fn get(&self) -> Self {
        *self
    }
}

#[derive(Clone, Copy)]
struct Mimalloc;

// SAFETY: its memory is as the contract of `GlobalAlloc` says, and it has no state of its own.
unsafe impl Allocator for Mimalloc {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        debug_assert_ne!(layout.size(), 0);
        // SAFETY: a node has a size.
        let memory = NonNull::new(unsafe { mimalloc::MiMalloc.alloc(layout) }).ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(memory, layout.size()))
    }

    #[inline]
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise, and only one layout fits.
        unsafe { mimalloc::MiMalloc.dealloc(ptr.as_ptr(), layout) }
    }
}

impl Contestant for Mimalloc {
    const NAME: &'static str = "mimalloc";
    type In<'c> = Self;

    fn new() -> Self {
        Self
    }

    fn get(&self) -> Self {
        *self
    }
}

/// Bumpalo's own adapter, which it has for allocator-api2 or for the standard library, as a feature says, not for both.
#[derive(Clone, Copy)]
struct InBump<'b>(&'b Bump);

// SAFETY: an arena's memory stays until its reset, which needs it unshared.
unsafe impl Allocator for InBump<'_> {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let memory = self.0.try_alloc_layout(layout).map_err(|_| AllocError)?;
        Ok(NonNull::slice_from_raw_parts(memory, layout.size()))
    }

    #[inline]
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { allocator_api2_02::alloc::Allocator::deallocate(&self.0, ptr, layout) }
    }
}

impl Contestant for Bump {
    const NAME: &'static str = "bumpalo";
    type In<'c> = InBump<'c>;

    fn new() -> Self {
        Self::new()
    }

    fn get(&self) -> InBump<'_> {
        InBump(self)
    }

    fn all_is_free(&mut self) {
        self.reset();
    }
}

/// A tree of so many keys, in any order, is filled from empty, and emptied key by key.
fn fill_drain<C: Contestant>(keys: u64) -> impl FnMut(u64) -> Duration {
    let mut contestant = C::new();
    let mut order: Vec<u64> = (0..keys).collect();
    fastrand::Rng::with_seed(SEED).shuffle(&mut order);
    move |total| {
        let start = Instant::now();
        for _ in 0..total.div_ceil(keys) {
            let mut tree = BTreeMap::new_in(contestant.get());
            for &key in &order {
                tree.insert(key, key * 2);
            }
            for &key in &order {
                assert_eq!(tree.remove(&key), Some(key * 2));
            }
            drop(black_box(tree));
            contestant.all_is_free();
        }
        start.elapsed()
    }
}

/// A tree of so many keys is cloned and dropped; one operation is one key.
fn clone<C: Contestant>(keys: u64) -> impl FnMut(u64) -> Duration {
    let mut contestant = C::new();
    move |total| {
        let mut time = Duration::ZERO;
        for _ in 0..total.div_ceil(keys * 10) {
            let mut tree = BTreeMap::new_in(contestant.get());
            tree.extend((0..keys).map(|key| (key, key * 2)));
            let start = Instant::now();
            for _ in 0..10 {
                let copy = black_box(tree.clone());
                assert_eq!(copy.last_key_value(), Some((&(keys - 1), &(2 * keys - 2))));
            }
            time += start.elapsed();
            drop(tree);
            contestant.all_is_free();
        }
        time
    }
}

/// A tree of so many keys; again and again any of them goes, and another comes.
fn replace<C: Contestant>(keys: usize) -> impl FnMut(u64) -> Duration {
    let contestant = C::new();
    move |total| {
        let mut random = fastrand::Rng::with_seed(SEED);
        let mut live: Vec<u64> = (0..keys).map(|_| random.u64(..)).collect();
        let mut tree = BTreeMap::new_in(contestant.get());
        tree.extend(live.iter().map(|&key| (key, key)));
        let start = Instant::now();
        for _ in 0..total {
            let new = random.u64(..);
            let old = std::mem::replace(&mut live[random.usize(0..keys)], new);
            assert_eq!(tree.remove(&old), Some(old));
            tree.insert(new, new);
        }
        start.elapsed()
    }
}

/// A row with the same loop for all, or for all but bumpalo.
macro_rules! row {
    ($row:expr, $run:ident($size:expr)) => {
        row!($row, $run($size), but Bump).run(Bump::NAME, $run::<Bump>($size))
    };
    ($row:expr, $run:ident($size:expr), but Bump) => {{
        let row: &mut Row = $row;
        row.run(ClassPool::NAME, $run::<ClassPool>($size))
            .run(SyncClassPool::NAME, $run::<SyncClassPool>($size))
            .run(RawPool::NAME, $run::<RawPool>($size))
            .run(System::NAME, $run::<System>($size))
            .run(Mimalloc::NAME, $run::<Mimalloc>($size))
    }};
}

fn main() {
    let mut contest = Contest::new("btree", "BTreeMap");
    row!(contest.row("10 keys", 500_000), fill_drain(10));
    row!(contest.row("1,000 keys", 500_000), fill_drain(1_000));
    row!(contest.row("1,000 keys, one replaced", 500_000), replace(1_000), but Bump);
    row!(contest.row("100,000 keys, one replaced", 300_000), replace(100_000), but Bump);
    row!(contest.row("1,000 keys, cloned", 2_000_000), clone(1_000));
    contest.finish();
}
