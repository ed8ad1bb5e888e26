//! Every size and alignment: chunks are aligned, apart from each other, and writable from end to end.

mod common;

use std::alloc::Layout;

use common::{Static, scaled};
use goo_pool_core::{BuildError, FixedMemory, RawPool};

fn check(layout: Layout, count: usize) {
    check_pool(&RawPool::new(layout).unwrap(), count);
}

fn check_pool(pool: &RawPool, count: usize) {
    let layout = pool.layout();
    let mut chunks: Vec<_> = (0..count).map(|_| pool.allocate().unwrap()).collect();
    for (number, chunk) in chunks.iter().enumerate() {
        assert_eq!(chunk.addr().get() % layout.align(), 0, "{layout:?}");
        // SAFETY: the chunk is ours and has the layout's size.
        unsafe { chunk.write_bytes(number as u8, layout.size()) };
    }
    for (number, chunk) in chunks.iter().enumerate() {
        // SAFETY: written above, from end to end.
        let bytes = unsafe { std::slice::from_raw_parts(chunk.as_ptr(), layout.size()) };
        assert!(bytes.iter().all(|&byte| byte == number as u8), "{layout:?}: chunks overlap");
    }
    pool.assert_valid();
    chunks.sort();
    let apart = layout.size().max(1);
    assert!(chunks.windows(2).all(|pair| pair[1].addr().get() - pair[0].addr().get() >= apart), "{layout:?}");
    for chunk in chunks {
        // SAFETY: it came from this pool and is not used any more.
        unsafe { pool.deallocate(chunk) };
    }
    assert!(pool.is_empty());
    pool.assert_valid();
}

#[test]
fn chunks_of_every_size_have_every_alignment() {
    let sizes: Vec<usize> = if cfg!(miri) {
        vec![0, 1, 24, 4097]
    } else {
        (0..130).chain([255, 256, 1000, 4095, 4096, 4097, 12_288, 65_536, 100_000]).collect()
    };
    let shifts: Vec<u32> = if cfg!(miri) { vec![0, 4, 12, 16] } else { (0..=16).collect() };
    for size in sizes {
        for &shift in &shifts {
            check(Layout::from_size_align(size, 1 << shift).unwrap(), scaled(70, 3));
        }
    }
}

#[test]
fn chunks_of_every_size_have_every_alignment_wherever_fixed_memory_lies() {
    let sizes: &[usize] = if cfg!(miri) { &[0, 24] } else { &[0, 1, 3, 8, 24, 100, 255, 1000, 4097] };
    for &size in sizes {
        for shift in [0, 3, 4, 6, 9, 12] {
            for offset in [0, 1, 24, 4095] {
                let owner = Static::new(1 << scaled(20, 16), 4096);
                let layout = Layout::from_size_align(size, 1 << shift).unwrap();
                let memory = FixedMemory::new(owner.from(offset));
                let pool = RawPool::builder_in(layout, memory).chunks_per_block(1).build().unwrap();
                check_pool(&pool, scaled(30, 3));
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "many MiB")]
fn chunks_of_several_mebibytes_work() {
    for size in [1 << 20, (3 << 20) + 5, 8 << 20] {
        check(Layout::from_size_align(size, 64).unwrap(), 5);
    }
}

#[test]
fn zero_sized_chunks_have_addresses_of_their_own() {
    let pool = RawPool::new(Layout::from_size_align(0, 32).unwrap()).unwrap();
    let first = pool.allocate().unwrap();
    let second = pool.allocate_zeroed().unwrap();
    assert_ne!(first, second);
    assert_eq!((first.addr().get() % 32, second.addr().get() % 32), (0, 0));
    assert_eq!(pool.len(), 2);
}

#[test]
fn a_layout_too_large_for_any_block_is_an_error() {
    let layout = Layout::from_size_align(isize::MAX as usize, 1).unwrap();
    assert!(matches!(RawPool::new(layout), Err(BuildError::Layout(error)) if error.layout == layout));
    let layout = Layout::from_size_align(8, 1 << (usize::BITS - 2)).unwrap();
    assert!(matches!(RawPool::builder(layout).chunks_per_block(3).build(), Err(BuildError::Layout(_))));
}

#[test]
fn a_full_block_holds_what_its_geometry_says() {
    for hint in [1, 7, 64, 65, 1000] {
        let pool =
            RawPool::builder(Layout::new::<[u64; 3]>()).chunks_per_block(hint).first_segment(1 << 20).build().unwrap();
        let per_block = pool.geometry().chunks_per_block();
        assert!(per_block >= hint);
        let first = pool.allocate().unwrap();
        let base = first.addr().get() & !(pool.geometry().block_size() - 1);
        let in_first = 1
            + (1..per_block + 1)
                .map(|_| pool.allocate().unwrap())
                .filter(|chunk| chunk.addr().get() & !(pool.geometry().block_size() - 1) == base)
                .count();
        assert_eq!(in_first, per_block);
    }
}
