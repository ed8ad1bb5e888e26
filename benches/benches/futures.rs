//! Futures and buffers: `cargo bench -p goo-pool-benches --bench futures`.
//!
//! The figures are for one future that is pinned, polled twice and dropped; and for one buffer that is filled with 1,200 bytes,
//! frozen, cloned and dropped.

use bytes::Bytes;
use goo_pool_benches::{
    contest::{Contest, Row},
    futures::{
        Boxed, BoxedDyn, Buffering, Buffers, EachBytesMut, Pinning, Pooled, PooledDyn, SplitBytesMut, SyncPooled,
        SyncPooledDyn, Vecs, Work, lives, packets,
    },
};
use goo_pool_typed::PoolBytes;

fn main() {
    let mut contest = Contest::new("futures", "a future of");
    concrete::<8, 1>(contest.row("64 bytes", 2_000_000));
    concrete::<32, 1>(contest.row("256 bytes", 2_000_000));
    objects::<8, 1>(contest.row("64 bytes, dyn", 2_000_000));
    objects::<32, 1>(contest.row("256 bytes, dyn", 2_000_000));
    objects::<8, 64>(contest.row("64 bytes, dyn, 64 at a time", 2_000_000));
    objects::<32, 64>(contest.row("256 bytes, dyn, 64 at a time", 2_000_000));
    contest.finish();

    let mut contest = Contest::new("buffers", "buffers");
    buffers::<1>(contest.row("1 at a time", 500_000));
    buffers::<64>(contest.row("64 at a time", 500_000));
    contest.finish();
}

fn concrete<const WORDS: usize, const COUNT: usize>(row: &mut Row) {
    add::<Pooled, WORDS, COUNT>(row);
    add::<SyncPooled, WORDS, COUNT>(row);
    add::<Boxed, WORDS, COUNT>(row);
}

fn objects<const WORDS: usize, const COUNT: usize>(row: &mut Row) {
    add::<PooledDyn, WORDS, COUNT>(row);
    add::<SyncPooledDyn, WORDS, COUNT>(row);
    add::<BoxedDyn, WORDS, COUNT>(row);
}

fn add<C: Pinning<Work<WORDS>>, const WORDS: usize, const COUNT: usize>(row: &mut Row) {
    row.run(C::NAME, lives::<C, WORDS, COUNT>());
}

fn buffers<const COUNT: usize>(row: &mut Row) {
    row.run(<Buffers<PoolBytes>>::NAME, packets::<Buffers<PoolBytes>, COUNT>())
        .run(<Buffers<Bytes>>::NAME, packets::<Buffers<Bytes>, COUNT>())
        .run(EachBytesMut::NAME, packets::<EachBytesMut, COUNT>())
        .run(SplitBytesMut::NAME, packets::<SplitBytesMut, COUNT>())
        .run(Vecs::NAME, packets::<Vecs, COUNT>());
}
