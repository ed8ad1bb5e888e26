//! `bumpalo` as a parent: a pool whose memory lies in an arena.

use std::alloc::Layout;

use allocator_api2_02::boxed::Box;
use bumpalo::Bump;
use goo_pool_core::{RawPool, allocator_api2_02::AllocatorParent};

use crate::common::scaled;
use crate::sync::Rng;

/// A parent is `'static`; this arena is there as long as `with` runs.
fn with_arena(with: impl FnOnce(&'static Bump)) {
    let arena = std::boxed::Box::into_raw(std::boxed::Box::new(Bump::new()));
    // SAFETY: it goes below, when `with` and all that it made are gone.
    with(unsafe { &*arena });
    // SAFETY: made above.
    drop(unsafe { std::boxed::Box::from_raw(arena) });
}

#[test]
fn a_pool_lies_in_an_arena() {
    with_arena(|arena| {
        let pool = RawPool::builder(Layout::new::<[u64; 4]>()).parent(AllocatorParent(arena)).build().unwrap();
        let mut rng = Rng::new(7);
        let mut numbers = Vec::new();
        for number in 0..scaled(20_000, 300) as u64 {
            numbers.push((number, Box::new_in([number; 4], &pool)));
            if rng.below(3) == 0 {
                let (number, value) = numbers.swap_remove(rng.below(numbers.len()));
                assert_eq!(*value, [number; 4]);
            }
        }
        assert!(arena.allocated_bytes() >= pool.stats().bytes_reserved);
        for (number, value) in numbers {
            assert_eq!(*value, [number; 4]);
        }
        pool.assert_valid();
        assert!(pool.is_empty());
    });
}

/// What an arena cannot do: give the memory of one object back for the next. A pool in it can.
#[test]
fn a_pool_makes_an_arenas_memory_reusable() {
    with_arena(|arena| {
        let pool = RawPool::builder(Layout::new::<u64>()).parent(AllocatorParent(arena)).build().unwrap();
        drop(Box::new_in(0_u64, &pool));
        let taken = arena.allocated_bytes();
        for number in 0..10_000_u64 {
            drop(Box::new_in(number, &pool));
        }
        assert_eq!(arena.allocated_bytes(), taken);
    });
}

#[test]
fn an_arena_that_is_full_is_an_error_of_the_pool() {
    with_arena(|arena| {
        let pool = RawPool::builder(Layout::new::<u64>()).parent(AllocatorParent(arena)).build().unwrap();
        arena.set_allocation_limit(Some(arena.allocated_bytes()));
        let mut live = 0;
        while pool.allocate().is_ok() {
            live += 1;
            assert!(live < 10_000);
        }
        assert_eq!(pool.len(), live);
        arena.set_allocation_limit(None);
        assert!(pool.allocate().is_ok());
    });
}
