//! Shared handles: the same loops over ours and those of std and triomphe. `benches/shared.rs` runs them.

use std::{
    hint::black_box,
    mem,
    rc::{Rc, Weak},
    sync::{Arc, Barrier, Weak as ArcWeak},
    thread,
    time::{Duration, Instant},
};

use fastrand::Rng;
use goo_pool_typed::{ArcPool, PoolArc, PoolArcWeak, PoolRc, PoolWeak, RcPool};

use crate::{
    objects::{Object, Words},
    subject::touch,
};

/// What is shared: 64 bytes.
pub type Value = Words<8>;

/// One contestant.
pub trait Shared: 'static {
    /// The name of its column.
    const NAME: &'static str;

    /// The pool, or nothing.
    type Pool;

    /// A handle to a value, which is dropped with the last of them.
    type Strong: Clone + AsRef<Value>;

    /// Makes an empty pool.
    fn pool() -> Self::Pool;

    /// Moves `value` into the pool.
    fn alloc(pool: &Self::Pool, value: Value) -> Self::Strong;
}

/// A contestant with weak handles.
pub trait Watched: Shared {
    /// A handle that does not keep its value.
    type Weak;

    /// A weak handle to the value.
    fn downgrade(strong: &Self::Strong) -> Self::Weak;

    /// A strong one, if the value is there.
    fn upgrade(weak: &Self::Weak) -> Option<Self::Strong>;
}

macro_rules! contestants {
    ($($(#[$doc:meta])* $name:ident($text:literal), $pool:ty, $new:expr, $strong:ty, $alloc:expr $(, $weak:ty)?;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $name;

            impl Shared for $name {
                const NAME: &'static str = $text;
                type Pool = $pool;
                type Strong = $strong;

                fn pool() -> $pool {
                    $new
                }

                #[inline(always)]
                fn alloc(pool: &$pool, value: Value) -> $strong {
                    let alloc: fn(&$pool, Value) -> $strong = $alloc;
                    alloc(pool, value)
                }
            }

            $(impl Watched for $name {
                type Weak = $weak;

                #[inline(always)]
                fn downgrade(strong: &$strong) -> $weak {
                    <$strong>::downgrade(strong)
                }

                #[inline(always)]
                fn upgrade(weak: &$weak) -> Option<$strong> {
                    weak.upgrade()
                }
            })?
        )*
    };
}

contestants! {
    /// Ours, for one thread.
    OurRc("PoolRc"), RcPool<Value>, RcPool::new(), PoolRc<Value>, |pool, value| pool.alloc(value), PoolWeak<Value>;
    /// std's, for one thread.
    StdRc("Rc"), (), (), Rc<Value>, |(), value| Rc::new(value), Weak<Value>;
    /// Ours, for many threads.
    OurArc("PoolArc"), ArcPool<Value>, ArcPool::new(), PoolArc<Value>, |pool, value| pool.alloc(value), PoolArcWeak<Value>;
    /// std's, for many threads.
    StdArc("Arc"), (), (), Arc<Value>, |(), value| Arc::new(value), ArcWeak<Value>;
    /// triomphe's, for many threads. It has no weak handles, and no count for them.
    Triomphe("triomphe"), (), (), triomphe::Arc<Value>, |(), value| triomphe::Arc::new(value);
}

#[inline(always)]
fn look<S: AsRef<Value>>(strong: &S) -> u64 {
    touch((&raw const *strong.as_ref()).cast());
    strong.as_ref().stamp()
}

/// What the stamps of the values 0 to `count` add up to.
fn stamps(count: u64) -> u64 {
    (0..count).map(|cookie| Value::new(cookie).stamp()).fold(0, u64::wrapping_add)
}

/// A value is allocated, read and dropped, `count` times. Another one lives meanwhile.
pub fn alloc_drop<S: Shared>(count: u64) -> Duration {
    let pool = S::pool();
    let _other = S::alloc(&pool, Value::new(0));
    let start = Instant::now();
    let sum = (0..count).map(|cookie| look(&S::alloc(black_box(&pool), Value::new(cookie)))).fold(0, u64::wrapping_add);
    let time = start.elapsed();
    assert_eq!(sum, stamps(count));
    time
}

/// A handle is cloned, the value is read by the clone, and the clone dropped, `count` times.
pub fn clone_drop<S: Shared>(count: u64) -> Duration {
    let pool = S::pool();
    let strong = S::alloc(&pool, Value::new(1));
    let start = Instant::now();
    let sum = (0..count).map(|_| look(&black_box(&strong).clone())).fold(0, u64::wrapping_add);
    let time = start.elapsed();
    assert_eq!(sum, strong.as_ref().stamp().wrapping_mul(count));
    time
}

/// The same by `threads` threads at once, each with `count` clones of one handle of its own to one value. The time is that of a
/// thread.
pub fn clone_drop_together<S: Shared<Strong: Send + Sync>>(threads: usize, count: u64) -> Duration {
    let pool = S::pool();
    let strong = S::alloc(&pool, Value::new(1));
    let barrier = Barrier::new(threads);
    let clone_all = &|strong: S::Strong| {
        barrier.wait();
        let start = Instant::now();
        let sum = (0..count).map(|_| look(&black_box(&strong).clone())).fold(0, u64::wrapping_add);
        let time = start.elapsed();
        assert_eq!(sum, strong.as_ref().stamp().wrapping_mul(count));
        time
    };
    let times: Duration = thread::scope(|scope| {
        let mine = (0..threads).map(|_| strong.clone());
        let spawned: Vec<_> = mine.map(|strong| scope.spawn(move || clone_all(strong))).collect();
        spawned.into_iter().map(|thread| thread.join().expect("its results are right")).sum()
    });
    times / threads as u32
}

/// A weak handle is made, upgraded, the value read, and both handles dropped, `count` times.
pub fn downgrade_upgrade<S: Watched>(count: u64) -> Duration {
    let pool = S::pool();
    let strong = S::alloc(&pool, Value::new(1));
    let start = Instant::now();
    let sum = (0..count)
        .map(|_| look(&S::upgrade(&S::downgrade(black_box(&strong))).expect("the value is there")))
        .fold(0, u64::wrapping_add);
    let time = start.elapsed();
    assert_eq!(sum, strong.as_ref().stamp().wrapping_mul(count));
    time
}

/// `live` values, each with two handles. `count` times, a new one takes the place of a random one, which is read and dropped.
pub fn replace<S: Shared>(live: usize, count: u64) -> Duration {
    let pool = S::pool();
    let pair = |cookie| {
        let strong = S::alloc(&pool, Value::new(cookie));
        (strong.clone(), strong)
    };
    let mut handles: Vec<_> = (0..live as u64).map(pair).collect();
    let mut rng = Rng::with_seed(0x600_900);
    let places: Vec<usize> = (0..count).map(|_| rng.usize(..live)).collect();
    let start = Instant::now();
    let mut sum = 0_u64;
    for (cookie, &place) in (live as u64..).zip(&places) {
        let (one, other) = mem::replace(&mut handles[place], pair(cookie));
        drop(one);
        sum = sum.wrapping_add(look(&other));
    }
    let time = start.elapsed();
    let left = handles.iter().map(|(strong, _)| strong.as_ref().stamp()).fold(0, u64::wrapping_add);
    assert_eq!(sum.wrapping_add(left), stamps(live as u64 + count));
    time
}
