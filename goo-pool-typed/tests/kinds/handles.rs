//! What a `PoolBox` does as a pointer: addresses, raw pointers, pins, leaks, uninitialised memory.

use std::marker::PhantomPinned;
use std::mem::MaybeUninit;
use std::pin::Pin;

use crate::common::{StaticMemory, scaled};
use crate::kind::{self, Pool, PoolBox};

#[test]
fn a_value_stays_where_it_is_while_its_box_moves() {
    let pool = Pool::new();
    let mut boxes: Vec<_> = (0..scaled(1000, 100)).map(|n| pool.alloc(n)).collect();
    let addresses: Vec<_> = boxes.iter().map(PoolBox::as_ptr).collect();
    boxes.reserve(10_000);
    boxes.reverse();
    // The pool grows, shrinks and closes meanwhile.
    drop((0..scaled(5000, 200)).map(|n| pool.alloc(n)).collect::<Vec<_>>());
    pool.shrink_to_fit();
    drop(pool);
    assert!(boxes.iter().rev().map(PoolBox::as_ptr).eq(addresses));
    assert!(boxes.iter().rev().map(|boxed| **boxed).eq(0..boxes.len()));
}

#[test]
fn a_box_is_what_it_points_at() {
    let pool = Pool::new();
    let mut boxed = pool.alloc([1, 2, 3]);
    boxed[0] += 10;
    boxed.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!((*boxed, boxed.len()), ([11, 3, 2], 3));
    let [first, .., last] = &mut *boxed;
    std::mem::swap(first, last);
    assert_eq!(PoolBox::into_inner(boxed), [2, 3, 11]);
}

#[test]
fn the_address_is_the_same_however_it_is_asked_for() {
    let pool = Pool::new();
    let mut boxed = pool.alloc(5_u32);
    let address = PoolBox::as_ptr(&boxed);
    assert_eq!(address, PoolBox::as_mut_ptr(&mut boxed).cast_const());
    assert_eq!(address, &raw const *boxed);
    assert_eq!(format!("{address:p}"), format!("{boxed:p}"));
    let raw = PoolBox::into_raw(boxed);
    assert_eq!((address, pool.len()), (raw.cast_const(), 1));
    // SAFETY: it came from `into_raw`, once.
    let boxed = unsafe { PoolBox::from_raw(raw) };
    assert_eq!((address, *boxed), (PoolBox::as_ptr(&boxed), 5));
}

#[test]
fn values_may_be_written_through_the_raw_address() {
    let pool = Pool::new();
    let mut boxed = pool.alloc((1_u8, 2_u64));
    let raw = PoolBox::as_mut_ptr(&mut boxed);
    // SAFETY: the box is alive and not used meanwhile.
    unsafe { (*raw).1 = 7 };
    assert_eq!(*boxed, (1, 7));
    let raw = PoolBox::into_raw(boxed);
    // SAFETY: the value is ours until `from_raw`.
    unsafe { (*raw).0 = 5 };
    // SAFETY: it came from `into_raw`, once.
    assert_eq!(unsafe { PoolBox::from_raw(raw) }.0, 5);
}

#[test]
fn raw_pointers_cross_an_interface_that_knows_no_boxes() {
    use std::ffi::c_void;

    /// As a C library that keeps a user's pointers would.
    #[derive(Default)]
    struct Registry(Vec<*mut c_void>);

    let pool = Pool::new();
    let mut registry = Registry::default();
    for n in 0..100 {
        registry.0.push(PoolBox::into_raw(pool.alloc(format!("value {n}"))).cast());
    }
    assert_eq!(pool.len(), 100);
    for (n, user_data) in registry.0.into_iter().enumerate().rev() {
        // SAFETY: each came from `into_raw` of a box of a `String`, and is used once.
        let boxed = unsafe { PoolBox::from_raw(user_data.cast::<String>()) };
        assert_eq!(*boxed, format!("value {n}"));
    }
    assert!(pool.is_empty());
}

#[test]
fn a_raw_pointer_may_outlive_every_handle() {
    let raw = PoolBox::into_raw(Pool::new().alloc([3_u64; 5]));
    // SAFETY: it came from `into_raw`, once.
    let boxed = unsafe { PoolBox::from_raw(raw) };
    assert_eq!(PoolBox::pool(&boxed).len(), usize::from(kind::OPENS_AGAIN));
    assert_eq!(*boxed, [3; 5]);
}

#[test]
fn a_freed_chunk_serves_the_next_value() {
    let pool = Pool::new();
    let first = pool.alloc(1_u64);
    let _second = pool.alloc(2);
    let address = PoolBox::as_ptr(&first);
    drop(first);
    let third = pool.alloc(3);
    assert_eq!(PoolBox::as_ptr(&third), address);
    assert_eq!(PoolBox::into_inner(third), 3);
    assert_eq!(PoolBox::as_ptr(&pool.alloc(4)), address);
}

#[test]
fn a_box_knows_its_pool() {
    let (pool, other) = (Pool::new(), Pool::new());
    let (boxed, foreign) = (pool.alloc(1), other.alloc(1));
    assert!(PoolBox::pool(&boxed).ptr_eq(&pool));
    assert!(!PoolBox::pool(&foreign).ptr_eq(&pool));
    let _beside = PoolBox::pool(&boxed).alloc(2);
    assert_eq!((pool.len(), other.len()), (2, 1));
}

#[test]
fn a_leaked_reference_outlives_the_pool_and_keeps_its_chunk() {
    let pool = Pool::builder().parent(StaticMemory).build().unwrap();
    let leaked: &'static mut [u32; 4] = PoolBox::leak(pool.alloc([1, 2, 3, 4]));
    let shared: &'static [u32; 4] = leaked;
    for n in 0..scaled(1000, 50) {
        let boxed = pool.alloc([n as u32; 4]);
        assert!(!std::ptr::eq(&raw const *boxed, shared));
    }
    pool.shrink_to_fit();
    drop(pool);
    assert_eq!(shared, &[1, 2, 3, 4]);
}

#[test]
fn a_pinned_value_never_moves() {
    /// Knows where it is, once it is pinned.
    struct SelfPointing {
        value: u32,
        to_value: *const u32,
        _pinned: PhantomPinned,
    }

    fn point(pinned: Pin<&mut SelfPointing>) {
        // SAFETY: nothing is moved out of the reference.
        let value = unsafe { pinned.get_unchecked_mut() };
        value.to_value = &raw const value.value;
    }

    let pool = Pool::new();
    let make = |value| SelfPointing { value, to_value: std::ptr::null(), _pinned: PhantomPinned };
    let mut pins = vec![PoolBox::into_pin(pool.alloc(make(0))), Pin::from(pool.alloc(make(1)))];
    pins.extend((2..scaled(500, 70) as u32).map(|n| PoolBox::into_pin(pool.alloc(make(n)))));
    pins.iter_mut().for_each(|pinned| point(pinned.as_mut()));
    pins.rotate_left(7);
    drop(pool);
    for pinned in &pins {
        assert!(std::ptr::eq(pinned.to_value, &raw const pinned.value));
        // SAFETY: it points into the value, which is pinned and alive.
        assert_eq!(unsafe { *pinned.to_value }, pinned.value);
    }
}

#[test]
fn the_memory_of_a_pinned_value_that_is_forgotten_is_not_used_again() {
    let pool = Pool::builder().parent(StaticMemory).max_chunks(10).build().unwrap();
    let pinned = PoolBox::into_pin(pool.alloc((7_u64, PhantomPinned)));
    let address = &raw const pinned.0;
    std::mem::forget(pinned);
    let boxes: Vec<_> = std::iter::from_fn(|| pool.try_alloc((0, PhantomPinned)).ok()).collect();
    assert_eq!(boxes.len(), 9);
    assert!(boxes.iter().all(|boxed| !std::ptr::eq(&raw const boxed.0, address)));
    // SAFETY: the value was not dropped, and its memory is static.
    assert_eq!(unsafe { *address }, 7);
}

#[test]
fn zeroed_memory_is_all_zeros_also_where_values_were() {
    let pool = Pool::<[u64; 9]>::new();
    let count = scaled(200, 70);
    drop((0..count).map(|_| pool.alloc([u64::MAX; 9])).collect::<Vec<_>>());
    let slots: Vec<_> = (0..count + 10).map(|_| pool.alloc_zeroed()).collect();
    // SAFETY: all zeros is a valid array of integers.
    let mut values = slots.into_iter().map(|slot| unsafe { slot.assume_init() });
    assert!(values.all(|value| *value == [0; 9]));
}

#[test]
fn a_slot_is_filled_piece_by_piece() {
    let pool = Pool::<[u16; 1000]>::new();
    let mut slot: PoolBox<MaybeUninit<[u16; 1000]>> = pool.alloc_uninit();
    let first = slot.as_mut_ptr().cast::<u16>();
    for n in 0..1000 {
        // SAFETY: the slot has room for 1000 elements.
        let place = unsafe { first.add(n) };
        // SAFETY: as above, and aligned.
        unsafe { place.write(n as u16) };
    }
    // SAFETY: every element is written.
    let boxed = unsafe { slot.assume_init() };
    assert!(boxed.iter().copied().eq(0..1000));
}

#[test]
fn a_slot_keeps_its_address_when_it_becomes_a_value() {
    let pool = Pool::new();
    let slot = pool.try_alloc_uninit().unwrap();
    let address = PoolBox::as_ptr(&slot);
    let boxed = PoolBox::write(slot, String::from("text"));
    assert_eq!(PoolBox::as_ptr(&boxed), address.cast());
    assert_eq!((pool.len(), boxed.as_str()), (1, "text"));
}

#[test]
fn a_slots_pool_is_that_of_the_values() {
    let pool = Pool::<u64>::new();
    let slot = pool.alloc_uninit();
    let slots: Pool<MaybeUninit<u64>> = PoolBox::pool(&slot);
    let another = slots.alloc_uninit();
    assert_eq!((slots.len(), pool.len()), (2, 2));
    drop((slot, another));
    assert!(pool.is_empty());
}
