//! Boxes without a pool at hand: the same loops over `PoolBox::new`, a pool's own `alloc`, and `Box::new`.
//! `benches/defaults.rs` runs them.

use std::{
    hint::black_box,
    marker::PhantomData,
    mem::{self, ManuallyDrop},
    time::{Duration, Instant},
};

use fastrand::Rng;
use goo_pool_typed::{Pool, PoolBox, SyncPool, SyncPoolBox, default_pool};

use crate::{
    objects::{Object, Words},
    subject::{Subject, touch},
    subjects::{Allocator, Boxed, Place},
};

/// What is boxed: 64 bytes, in its own type for each kind of default pool.
#[derive(Debug)]
pub struct Local(Words<8>);

/// The same for many threads.
#[derive(Debug)]
pub struct Global(Words<8>);

default_pool!(thread_local, Local);
default_pool!(global, Global);

/// One contestant.
pub trait Boxes: 'static {
    /// The name of its column.
    const NAME: &'static str;

    /// The pool, or nothing.
    type Pool;

    /// Owns a value.
    type Owner;

    /// Makes an empty pool.
    fn pool() -> Self::Pool;

    /// Boxes a value.
    fn alloc(pool: &Self::Pool, value: Words<8>) -> Self::Owner;

    /// The value.
    fn get(owner: &Self::Owner) -> &Words<8>;
}

macro_rules! contestants {
    ($($(#[$doc:meta])* $name:ident($text:literal), $pool:ty, $new:expr, $owner:ty, $alloc:expr;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $name;

            impl Boxes for $name {
                const NAME: &'static str = $text;
                type Pool = $pool;
                type Owner = $owner;

                fn pool() -> $pool {
                    $new
                }

                #[inline(always)]
                fn alloc(pool: &$pool, value: Words<8>) -> $owner {
                    let alloc: fn(&$pool, Words<8>) -> $owner = $alloc;
                    alloc(pool, value)
                }

                #[inline(always)]
                fn get(owner: &$owner) -> &Words<8> {
                    &owner.0
                }
            }
        )*
    };
}

contestants! {
    /// The thread's own pool.
    ThreadLocal("PoolBox::new"), (), (), PoolBox<Local>, |(), value| PoolBox::new(Local(value));
    /// A pool at hand, for one thread.
    OurPool("Pool::alloc"), Pool<Local>, Pool::new(), PoolBox<Local>, |pool, value| pool.alloc(Local(value));
    /// The pool in a static.
    Static("SyncPoolBox::new"), (), (), SyncPoolBox<Global>, |(), value| SyncPoolBox::new(Global(value));
    /// A pool at hand, for many threads.
    OurSyncPool("SyncPool::alloc"), SyncPool<Global>, SyncPool::new(), SyncPoolBox<Global>, |pool, value| pool.alloc(Global(value));
}

/// `Box` on a general allocator.
#[derive(Debug)]
pub struct HeapBox<A: Allocator> {
    /// Invariant: from `Boxed::<A>::alloc`, freed in `drop` only.
    place: ManuallyDrop<Place<Words<8>>>,
    allocator: PhantomData<A>,
}

impl<A: Allocator> Boxes for HeapBox<A> {
    const NAME: &'static str = A::NAME;
    type Pool = ();
    type Owner = Self;

    fn pool() {}

    #[inline(always)]
    fn alloc((): &(), value: Words<8>) -> Self {
        Self { place: ManuallyDrop::new(Boxed::<A>::alloc(&mut (), value)), allocator: PhantomData }
    }

    #[inline(always)]
    fn get(owner: &Self) -> &Words<8> {
        // SAFETY: not freed yet (`place`).
        unsafe { owner.place.get() }
    }
}

impl<A: Allocator> Drop for HeapBox<A> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: only here, and nobody looks at it again.
        let place = unsafe { ManuallyDrop::take(&mut self.place) };
        // SAFETY: it is from this allocator (`place`).
        unsafe { Boxed::<A>::free(&mut (), place) };
    }
}

#[inline(always)]
fn look<B: Boxes>(owner: &B::Owner) -> u64 {
    let value = B::get(owner);
    touch((&raw const *value).cast());
    value.stamp()
}

/// What the stamps of the values 0 to `count` add up to.
fn stamps(count: u64) -> u64 {
    (0..count).map(|cookie| Words::<8>::new(cookie).stamp()).fold(0, u64::wrapping_add)
}

/// A value is boxed, read and dropped, `count` times. Another one lives meanwhile.
pub fn alloc_drop<B: Boxes>(count: u64) -> Duration {
    let pool = B::pool();
    let _other = B::alloc(&pool, Words::new(0));
    let start = Instant::now();
    let sum =
        (0..count).map(|cookie| look::<B>(&B::alloc(black_box(&pool), Words::new(cookie)))).fold(0, u64::wrapping_add);
    let time = start.elapsed();
    assert_eq!(sum, stamps(count));
    time
}

/// `live` values are boxed, then read and dropped in the same order, until there were `count`.
pub fn fill_drain<B: Boxes>(live: usize, count: u64) -> Duration {
    let pool = B::pool();
    let mut boxes = Vec::with_capacity(live);
    let (mut sum, mut next) = (0_u64, 0);
    let start = Instant::now();
    while next < count {
        let end = count.min(next + live as u64);
        boxes.extend((next..end).map(|cookie| B::alloc(&pool, Words::new(cookie))));
        sum = boxes.drain(..).map(|owner| look::<B>(&owner)).fold(sum, u64::wrapping_add);
        next = end;
    }
    let time = start.elapsed();
    assert_eq!(sum, stamps(count));
    time
}

/// `live` values are boxed. `count` times, a new one takes the place of a random one, which is read and dropped.
pub fn replace<B: Boxes>(live: usize, count: u64) -> Duration {
    let pool = B::pool();
    let mut boxes: Vec<_> = (0..live as u64).map(|cookie| B::alloc(&pool, Words::new(cookie))).collect();
    let mut rng = Rng::with_seed(0x600_900);
    let places: Vec<usize> = (0..count).map(|_| rng.usize(..live)).collect();
    let start = Instant::now();
    let mut sum = 0_u64;
    for (cookie, &place) in (live as u64..).zip(&places) {
        let old = mem::replace(&mut boxes[place], B::alloc(&pool, Words::new(cookie)));
        sum = sum.wrapping_add(look::<B>(&old));
    }
    let time = start.elapsed();
    let left = boxes.iter().map(|owner| B::get(owner).stamp()).fold(0, u64::wrapping_add);
    assert_eq!(sum.wrapping_add(left), stamps(live as u64 + count));
    time
}
