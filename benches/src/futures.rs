//! Futures and buffers: the same loops over ours and those of std and `bytes`. `benches/futures.rs` runs them.

use std::{
    array,
    future::Future,
    hint::black_box,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use bytes::{BufMut, Bytes, BytesMut};
use goo_pool_typed::{BufferPool, Pool, PoolBox, PoolBytes, SyncPool, SyncPoolBox, unsize};

/// A future of `WORDS` words that is pending once.
#[derive(Debug)]
pub struct Work<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Work<WORDS> {
    #[inline(always)]
    fn new(number: u64) -> Self {
        Work(array::from_fn(|word| if word == 0 { 0 } else { number }))
    }
}

impl<const WORDS: usize> Future for Work<WORDS> {
    type Output = u64;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u64> {
        let polls = &mut self.0[0];
        *polls += 1;
        if *polls == 1 { Poll::Pending } else { Poll::Ready(self.0[WORDS - 1]) }
    }
}

/// One contestant, for futures of type `F`.
pub trait Pinning<F>: 'static {
    /// The name of its column.
    const NAME: &'static str;

    /// The pool, or nothing.
    type Pool;

    /// Owns the future.
    type Pinned: Future<Output = u64> + Unpin;

    /// Makes an empty pool.
    fn pool() -> Self::Pool;

    /// Moves the future to where it stays.
    fn pin(pool: &Self::Pool, future: F) -> Self::Pinned;
}

macro_rules! contestants {
    ($($(#[$doc:meta])* $name:ident($text:literal), $pool:ty, $new:expr, $pinned:ty, $pin:expr;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $name;

            impl<const WORDS: usize> Pinning<Work<WORDS>> for $name {
                const NAME: &'static str = $text;
                type Pool = $pool;
                type Pinned = $pinned;

                fn pool() -> $pool {
                    $new
                }

                #[inline(always)]
                fn pin(pool: &$pool, future: Work<WORDS>) -> $pinned {
                    let pin: fn(&$pool, Work<WORDS>) -> $pinned = $pin;
                    pin(pool, future)
                }
            }
        )*
    };
}

contestants! {
    /// Ours, for one thread.
    Pooled("pool.pin"), Pool<Work<WORDS>>, Pool::new(), Pin<PoolBox<Work<WORDS>>>, |pool, future| pool.pin(future);
    /// Ours, for many threads.
    SyncPooled("sync pool.pin"), SyncPool<Work<WORDS>>, SyncPool::new(), Pin<SyncPoolBox<Work<WORDS>>>,
        |pool, future| pool.pin(future);
    /// The heap.
    Boxed("Box::pin"), (), (), Pin<Box<Work<WORDS>>>, |(), future| Box::pin(future);
    /// Ours as a trait object.
    PooledDyn("pool.pin"), Pool<Work<WORDS>>, Pool::new(), Pin<PoolBox<dyn Future<Output = u64>>>,
        |pool, future| unsize!(pool.pin(future), dyn Future<Output = u64>);
    /// Ours for many threads as a trait object.
    SyncPooledDyn("sync pool.pin"), SyncPool<Work<WORDS>>, SyncPool::new(),
        Pin<SyncPoolBox<dyn Future<Output = u64> + Send>>,
        |pool, future| unsize!(pool.pin(future), dyn Future<Output = u64> + Send);
    /// The heap, as a trait object.
    BoxedDyn("Box::pin"), (), (), Pin<Box<dyn Future<Output = u64>>>, |(), future| Box::pin(future);
}

/// Futures are made, polled twice and dropped, `COUNT` at a time.
pub fn lives<C: Pinning<Work<WORDS>>, const WORDS: usize, const COUNT: usize>() -> impl FnMut(u64) -> Duration {
    let pool = C::pool();
    move |operations| {
        let mut context = Context::from_waker(Waker::noop());
        let rounds = operations.div_ceil(COUNT as u64);
        let start = Instant::now();
        for round in 0..rounds {
            let mut futures: [C::Pinned; COUNT] =
                array::from_fn(|n| C::pin(&pool, Work::new(black_box(round + n as u64))));
            // Or the compiler sees that the heap is not needed.
            for future in black_box(&mut futures) {
                assert!(Pin::new(future).poll(&mut context).is_pending());
            }
            for (n, future) in futures.iter_mut().enumerate() {
                assert_eq!(Pin::new(future).poll(&mut context), Poll::Ready(round + n as u64));
            }
        }
        start.elapsed().mul_f64(operations as f64 / (rounds * COUNT as u64) as f64)
    }
}

/// What is written into a buffer: a packet's worth.
const WRITTEN: usize = 1_200;
/// How much there is room for.
const ROOM: usize = 1_472;

/// One contestant: bytes that are filled, shared and read.
pub trait Buffering: 'static {
    /// The name of its column.
    const NAME: &'static str;

    /// The bytes when they are filled.
    type Shared: AsRef<[u8]> + Clone;

    /// With what it needs.
    fn new() -> Self;

    /// A buffer with a copy of the bytes.
    fn fill(&mut self, bytes: &[u8]) -> Self::Shared;
}

/// `PoolBytes`, and what it becomes: `Bytes` costs an allocation more.
#[derive(Debug)]
pub struct Buffers<Shared> {
    pool: BufferPool<ROOM>,
    shared: PhantomData<Shared>,
}

/// What the columns of [`Buffers`] are called.
pub trait Named {
    /// The column.
    const NAME: &'static str;
}

impl Named for PoolBytes {
    const NAME: &'static str = "PoolBytes";
}

impl Named for Bytes {
    const NAME: &'static str = "PoolBytes as Bytes";
}

impl<Shared: Named + From<PoolBytes> + AsRef<[u8]> + Clone + 'static> Buffering for Buffers<Shared> {
    const NAME: &'static str = Shared::NAME;
    type Shared = Shared;

    fn new() -> Self {
        Self { pool: BufferPool::new(), shared: PhantomData }
    }

    #[inline(always)]
    fn fill(&mut self, bytes: &[u8]) -> Shared {
        let mut buffer = self.pool.buffer();
        buffer.put_slice(bytes);
        buffer.freeze().into()
    }
}

/// A `BytesMut` for each packet.
#[derive(Debug)]
pub struct EachBytesMut;

impl Buffering for EachBytesMut {
    const NAME: &'static str = "BytesMut";
    type Shared = Bytes;

    fn new() -> Self {
        Self
    }

    #[inline(always)]
    fn fill(&mut self, bytes: &[u8]) -> Bytes {
        let mut buffer = BytesMut::with_capacity(ROOM);
        buffer.put_slice(bytes);
        buffer.freeze()
    }
}

/// A large `BytesMut` that packets are split from.
#[derive(Debug)]
pub struct SplitBytesMut(BytesMut);

impl Buffering for SplitBytesMut {
    const NAME: &'static str = "BytesMut, split";
    type Shared = Bytes;

    fn new() -> Self {
        Self(BytesMut::new())
    }

    #[inline(always)]
    fn fill(&mut self, bytes: &[u8]) -> Bytes {
        if self.0.capacity() < ROOM {
            self.0.reserve(64 << 10);
        }
        self.0.put_slice(bytes);
        self.0.split().freeze()
    }
}

/// A `Vec` for each packet.
#[derive(Debug)]
pub struct Vecs;

impl Buffering for Vecs {
    const NAME: &'static str = "Vec into Bytes";
    type Shared = Bytes;

    fn new() -> Self {
        Self
    }

    #[inline(always)]
    fn fill(&mut self, bytes: &[u8]) -> Bytes {
        let mut buffer = Vec::with_capacity(ROOM);
        buffer.extend_from_slice(bytes);
        buffer.into()
    }
}

/// Buffers are filled, cloned and dropped, `COUNT` at a time.
pub fn packets<C: Buffering, const COUNT: usize>() -> impl FnMut(u64) -> Duration {
    let mut contestant = C::new();
    move |operations| {
        let mut source = [0; WRITTEN];
        let rounds = operations.div_ceil(COUNT as u64);
        let start = Instant::now();
        for round in 0..rounds {
            source[0] = round as u8;
            let sent: [C::Shared; COUNT] = array::from_fn(|_| contestant.fill(black_box(&source)));
            let kept = sent.clone();
            drop(sent);
            assert!(kept.iter().all(|bytes| bytes.as_ref().len() == WRITTEN && bytes.as_ref()[0] == round as u8));
        }
        start.elapsed().mul_f64(operations as f64 / (rounds * COUNT as u64) as f64)
    }
}
