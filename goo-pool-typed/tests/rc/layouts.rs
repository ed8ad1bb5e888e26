//! Values of every size and alignment: the counts and the value do not touch.

use std::fmt::Debug;

use super::memory::{Memory, pool_in};
use crate::common::scaled;
use crate::kind::{PoolRc, PoolWeak};
use goo_pool_typed::{Counted, unsize};

/// Two values in one pool, each with handles; `stamp` makes different values.
fn check<T: Debug + PartialEq + Clone + 'static>(stamp: impl Fn(u8) -> T) {
    let memory = Memory::default();
    let pool = pool_in(&memory);
    let count = scaled(300, 20) as u8;
    let strong: Vec<PoolRc<T>> = (0..count).map(|n| pool.alloc(stamp(n))).collect();
    let objects: Vec<PoolRc<dyn Debug>> = strong.iter().map(|rc| unsize!(rc.clone(), dyn Debug)).collect();
    let mut weak: Vec<PoolWeak<dyn Debug>> = objects.iter().map(PoolRc::downgrade).collect();
    weak.extend(strong.iter().map(|rc| unsize!(PoolRc::downgrade(rc), dyn Debug)));
    for (n, (rc, object)) in (0..).zip(strong.iter().zip(&objects)) {
        assert_eq!(PoolRc::as_ptr(rc).addr() % align_of::<T>(), 0);
        assert_eq!(PoolRc::as_ptr(rc).addr(), PoolRc::as_ptr(object).cast::<()>().addr());
        assert_eq!((PoolRc::strong_count(object), PoolRc::weak_count(rc)), (2, 2));
        assert_eq!(**rc, stamp(n));
        assert_eq!(format!("{object:?}"), format!("{:?}", stamp(n)));
    }
    drop(pool);
    drop(strong);
    // The last handle to half of them is a strong one, to the others a weak one.
    weak.truncate(usize::from(count / 2));
    drop(objects);
    assert!(weak.iter().all(|weak| weak.upgrade().is_none()));
    assert!(memory.pieces() > 0);
    drop(weak);
    assert_eq!(memory.pieces(), 0);

    let mut alone = PoolRc::from(pool_in(&memory).alloc_box(stamp(7)));
    *PoolRc::get_mut(&mut alone).unwrap() = stamp(8);
    assert_eq!(PoolRc::try_unwrap(alone).unwrap(), stamp(8));
    assert_eq!(memory.pieces(), 0);
}

macro_rules! aligned {
    ($($align:literal)*) => {
        $({
            #[derive(Debug, PartialEq, Clone)]
            #[repr(align($align))]
            struct Aligned<T>(T);

            check(|_| Aligned(()));
            check(|n| Aligned(n));
            check(|n| Aligned([n; 37]));
            assert_eq!(size_of::<Counted<Aligned<u8>>>(), 2 * usize::max($align, 8));
        })*
    };
}

#[test]
fn every_size_and_alignment_has_room_for_its_counts() {
    check(|_| ());
    check(|n| n);
    check(u16::from);
    check(|n| [n; 3]);
    check(u64::from);
    check(u128::from);
    check(|n| (n, u64::from(n)));
    check(|n| vec![n; 5]);
    aligned!(1 2 4 8 16 32 64 4096);
}

#[test]
fn eight_bytes_are_all_that_most_values_need() {
    assert_eq!(size_of::<Counted<u8>>(), 16);
    assert_eq!(size_of::<Counted<u64>>(), 16);
    assert_eq!(size_of::<Counted<[u64; 7]>>(), 64);
    assert_eq!(align_of::<Counted<u8>>(), 8);
}
