//! Values of every size and alignment: aligned, apart from each other, whole, and freed where they belong.

use std::fmt::Debug;
use std::mem::MaybeUninit;

use crate::common::{Watched, scaled};
use crate::kind::{Pool, PoolBox};
use goo_pool_typed::{AllocError, unsize};

/// A value of some shape.
///
/// # Safety
///
/// 1. Any bytes are a valid value.
unsafe trait Bytes: Debug + 'static {
    fn bytes(&self) -> &[u8];
}

/// A value with all bytes alike. Large ones are filled in place: a test's stack is small.
fn alloc_filled<T: Bytes>(pool: &Pool<T>, byte: u8) -> PoolBox<T> {
    #[inline(never)]
    fn by_value<T: Bytes>(pool: &Pool<T>, byte: u8) -> PoolBox<T> {
        let mut value = MaybeUninit::uninit();
        fill(&mut value, byte);
        // SAFETY: every byte is written (Bytes 1).
        pool.alloc(unsafe { value.assume_init() })
    }

    if size_of::<T>() <= 4096 {
        return by_value(pool, byte);
    }
    let mut slot = pool.alloc_uninit();
    fill(&mut slot, byte);
    // SAFETY: every byte is written (Bytes 1).
    unsafe { slot.assume_init() }
}

fn fill<T>(place: &mut MaybeUninit<T>, byte: u8) {
    // SAFETY: the place is ours and as large as a `T`.
    unsafe { place.as_mut_ptr().write_bytes(byte, 1) };
}

fn is_filled(value: &impl Bytes, byte: u8) -> bool {
    match value.bytes() {
        [] => true,
        // Each byte is the one before it. (A comparison of memory is fast under Miri, too.)
        [first, rest @ ..] => *first == byte && *rest == value.bytes()[..rest.len()],
    }
}

/// Makes, frees and makes again; through thin boxes, trait objects and a closed pool.
fn check<T: Bytes>() {
    let parent = Watched::default();
    let pool = Pool::builder().parent(parent.clone()).build().unwrap();
    // Past one bitmap word, or past one block where that is not too much memory.
    let count = if cfg!(miri) {
        3
    } else if size_of::<T>() <= 256 {
        150
    } else {
        20
    };
    let mut live: Vec<(PoolBox<T>, u8)> = Vec::new();
    for round in 0..3_u8 {
        for n in 0..count {
            let byte = round.wrapping_mul(71).wrapping_add(n as u8);
            live.push((alloc_filled(&pool, byte), byte));
        }
        assert_whole(&live);
        // Every other one, from the middle outwards in later rounds.
        let mut n = 0;
        live.retain(|_| {
            n += 1;
            n % 2 == usize::from(round % 2)
        });
        assert_eq!(pool.len(), live.len());
    }
    let byte = live[0].1;
    let objects: Vec<PoolBox<dyn Debug>> = live.into_iter().map(|(boxed, _)| unsize!(boxed, dyn Debug)).collect();
    let mut slot = Pool::<[T; 2]>::new().alloc_uninit();
    fill(&mut slot, byte);
    // SAFETY: every byte is written (Bytes 1).
    let slice: PoolBox<[T]> = unsize!(unsafe { slot.assume_init() }, [T]);
    assert!(slice.iter().all(|value| is_filled(value, byte)));
    drop(pool);
    drop(objects);
    assert_eq!(parent.0.pieces(), 0);
}

#[track_caller]
fn assert_whole<T: Bytes>(live: &[(PoolBox<T>, u8)]) {
    let mut starts: Vec<_> = live.iter().map(|(boxed, _)| PoolBox::as_ptr(boxed).addr()).collect();
    assert!(starts.iter().all(|start| start % align_of::<T>() == 0));
    assert!(live.iter().all(|(boxed, byte)| is_filled(&**boxed, *byte)));
    starts.sort_unstable();
    // Values without size have addresses of their own, too: each can be freed by its address alone.
    assert!(starts.windows(2).all(|pair| pair[1] - pair[0] >= size_of::<T>().max(1)));
}

// SAFETY: bytes.
unsafe impl<const N: usize> Bytes for [u8; N] {
    fn bytes(&self) -> &[u8] {
        self
    }
}

macro_rules! aligned {
    ($($name:ident $align:literal),*) => {
        $(
            #[derive(Debug)]
            #[repr(align($align))]
            struct $name<const N: usize>([u8; N]);

            // SAFETY: bytes, and padding.
            unsafe impl<const N: usize> Bytes for $name<N> {
                fn bytes(&self) -> &[u8] {
                    &self.0
                }
            }
        )*

        #[test]
        fn every_alignment_works_without_size() {
            $(check::<$name<0>>();)*
        }

        #[test]
        fn every_alignment_works_with_one_byte() {
            $(check::<$name<1>>();)*
        }

        #[test]
        fn every_alignment_works_with_an_odd_size() {
            $(check::<$name<{ if cfg!(miri) { 5 } else { 77 } }>>();)*
        }

        #[test]
        fn every_alignment_works_with_its_own_size_and_one_more_byte() {
            $(check::<$name<{ if cfg!(miri) { 2 } else { $align + 1 } }>>();)*
        }
    };
}

aligned!(
    Align1 1, Align2 2, Align4 4, Align8 8, Align16 16, Align32 32, Align64 64, Align128 128, Align256 256, Align512 512,
    Align1K 1024, Align2K 2048, Align4K 4096, Align8K 8192, Align16K 16384, Align32K 32768, Align64K 65536
);

macro_rules! sizes {
    ($($name:ident: $($size:literal)*;)*) => {
        $(
            #[test]
            fn $name() {
                $(check::<[u8; $size]>();)*
            }
        )*
    };
}

sizes! {
    sizes_around_those_of_small_types_work: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 23 24 25 31 32 33 40 47 48 49;
    sizes_around_a_cache_line_work: 63 64 65 95 96 97 127 128 129 191 192 255 256 257;
    sizes_around_a_page_work: 511 512 1000 1023 1024 1025 2047 3000 3455 3456 3457 4095 4096 4097;
    sizes_around_a_block_work: 8191 8192 12000 16383 32768 65407 65535 65536 65537;
}

#[test]
fn values_without_size_are_values() {
    let pool = Pool::builder().max_chunks(10).build().unwrap();
    let boxes: Vec<_> = pool.alloc_iter([(); 10]).collect();
    assert!(pool.try_alloc(()).is_err());
    let raw = PoolBox::into_raw(boxes.into_iter().next_back().unwrap());
    assert_eq!(pool.len(), 1);
    // SAFETY: it came from `into_raw`, once.
    let boxed: PoolBox<()> = unsafe { PoolBox::from_raw(raw) };
    assert!(PoolBox::pool(&boxed).ptr_eq(&pool));
    let () = PoolBox::into_inner(boxed.clone());
    drop(boxed);
    assert!(pool.is_empty());
}

const LARGE: usize = scaled(5 << 20, 300_000);
/// Far too small for one such value.
const STACK: usize = 1 << 20;

#[test]
fn a_value_of_several_mebibytes_is_written_in_place() {
    let work = || {
        let pool = Pool::<[u8; LARGE]>::new();
        let mut boxes = Vec::new();
        for byte in 1..=3_u8 {
            let mut slot = pool.alloc_uninit();
            // SAFETY: the slot is as large as the array.
            unsafe { slot.as_mut_ptr().cast::<u8>().write_bytes(byte, LARGE) };
            // SAFETY: every byte is written.
            boxes.push(unsafe { slot.assume_init() });
        }
        // SAFETY: all zeros is a valid array of bytes.
        boxes.push(unsafe { pool.alloc_zeroed().assume_init() });
        for (boxed, byte) in boxes.iter().zip([1, 2, 3, 0]) {
            assert!(is_filled(&**boxed, byte));
        }
        let objects: Vec<PoolBox<dyn AsRef<[u8]>>> =
            boxes.into_iter().map(|boxed| unsize!(boxed, dyn AsRef<[u8]>)).collect();
        assert_eq!((objects[2].as_ref().as_ref()[LARGE - 1], pool.len()), (3, 4));
        drop(objects);
        assert!(pool.is_empty());
    };
    std::thread::Builder::new().stack_size(STACK).spawn(work).unwrap().join().unwrap();
}

#[cfg(target_pointer_width = "64")]
#[test]
fn a_value_larger_than_any_memory_is_refused() {
    type Tebibytes = [u8; 1 << 41];
    let parent = Watched::default();
    let pool = Pool::<Tebibytes>::builder().parent(parent.clone()).build().unwrap();
    parent.0.largest.set(Some(1 << 20));
    match pool.try_alloc_uninit().map(drop) {
        Err(AllocError::OutOfMemory { layout }) => assert!(layout.size() > 1 << 41),
        other => panic!("{other:?}"),
    }
    assert!(pool.is_empty() && pool.capacity() == 0);
    assert_eq!(pool.reserve(1 << 22), Err(AllocError::CapacityOverflow));
}
