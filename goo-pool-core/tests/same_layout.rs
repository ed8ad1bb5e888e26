//! Checks change neither where chunks lie nor how many there are: the same figures in every build, debug or not, with
//! `hardened` and without it, under the sanitizers.
#![cfg(target_pointer_width = "64")]

use std::alloc::Layout;

use goo_pool_core::{Geometry, RawPool};

/// A layout, and what its pools must be like.
struct Expected {
    size: usize,
    align: usize,
    block: usize,
    chunks_per_block: usize,
    /// Of a pool that handed out 100 chunks: chunks, segments, and bytes of the segments.
    filled: (usize, usize, usize),
}

const fn expect(
    size: usize,
    align: usize,
    block: usize,
    chunks_per_block: usize,
    filled: (usize, usize, usize),
) -> Expected {
    Expected { size, align, block, chunks_per_block, filled }
}

const LOCAL: &[Expected] = &[
    expect(0, 1, 4096, 3456, (1360, 1, 2000)),
    expect(1, 1, 4096, 3456, (1360, 1, 2000)),
    expect(8, 8, 32768, 4016, (170, 1, 2000)),
    expect(20, 4, 65536, 3248, (142, 2, 3992)),
    expect(12, 8, 65536, 4056, (170, 2, 4000)),
    expect(64, 8, 65536, 1020, (112, 3, 7936)),
    expect(64, 64, 65536, 1020, (112, 3, 7936)),
    expect(100, 16, 65536, 582, (128, 4, 15360)),
    expect(1000, 8, 65536, 65, (129, 8, 130536)),
    expect(5000, 4096, 262144, 31, (164, 8, 1400832)),
    expect(100000, 8, 2097152, 20, (103, 8, 10495840)),
];

#[cfg(feature = "std")]
const SHARED: &[Expected] = &[
    expect(0, 1, 4096, 2944, (848, 1, 0)),
    expect(1, 1, 4096, 2944, (848, 1, 0)),
    expect(8, 8, 32768, 3944, (196, 2, 0)),
    expect(20, 4, 65536, 3219, (225, 3, 0)),
    expect(12, 8, 65536, 4020, (272, 3, 0)),
    expect(64, 8, 65536, 1011, (196, 4, 0)),
    expect(64, 64, 65536, 1011, (196, 4, 0)),
    expect(100, 16, 65536, 577, (108, 4, 0)),
    expect(1000, 8, 65536, 64, (181, 8, 0)),
    expect(5000, 4096, 262144, 31, (164, 8, 0)),
    expect(100000, 8, 2097152, 20, (103, 8, 0)),
];

fn layout(expected: &Expected) -> Layout {
    Layout::from_size_align(expected.size, expected.align).unwrap()
}

fn assert_geometry(geometry: Geometry, expected: &Expected) {
    let of = (expected.size, expected.align);
    assert_eq!(
        (of, geometry.block_size(), geometry.chunks_per_block()),
        (of, expected.block, expected.chunks_per_block)
    );
}

#[test]
fn a_local_pool_is_the_same_in_every_build() {
    for expected in LOCAL {
        let own = RawPool::new(layout(expected)).unwrap().stats().bytes_reserved;
        let pool = RawPool::new(layout(expected)).unwrap();
        assert_geometry(pool.geometry(), expected);
        (0..100).for_each(|_| _ = pool.allocate().unwrap());
        let stats = pool.stats();
        let filled = (stats.total_chunks, stats.segments, stats.bytes_reserved - own);
        assert_eq!((expected.size, filled), (expected.size, expected.filled));
    }
}

#[cfg(feature = "std")]
#[test]
fn a_thread_safe_pool_is_the_same_in_every_build() {
    use goo_pool_core::SyncRawPool;

    for expected in SHARED {
        let pool = SyncRawPool::new(layout(expected)).unwrap();
        assert_geometry(pool.geometry(), expected);
        (0..100).for_each(|_| _ = pool.allocate().unwrap());
        let stats = pool.stats();
        // Chunks but not bytes: those include a table of as many threads as the process has.
        assert_eq!(
            (expected.size, stats.total_chunks, stats.segments),
            (expected.size, expected.filled.0, expected.filled.1)
        );
    }
}
