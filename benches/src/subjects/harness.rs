//! Does nothing: its row is what the loops themselves cost.

use std::{mem::MaybeUninit, ptr::NonNull};

use super::Place;
use crate::subject::{Subject, Value};

/// Every object is written to one and the same place, and freeing it does nothing.
///
/// So this row has the loop, the writing and the reading, and no cache miss. It is a lower bound, which keeps
/// "harness subtracted" from flattering anybody.
#[derive(Debug)]
pub struct Harness;

impl Subject for Harness {
    const NAME: &'static str = "harness";
    const KEEPS_OBJECTS: bool = false;

    type Pool<T: Value> = Box<MaybeUninit<T>>;
    type Handle<T: Value> = Place<T>;

    fn pool<T: Value>() -> Self::Pool<T> {
        Box::new(MaybeUninit::uninit())
    }

    #[inline(always)]
    fn alloc<T: Value>(pool: &mut Self::Pool<T>, value: T) -> Place<T> {
        let address = NonNull::from(&mut **pool).cast::<T>();
        // SAFETY: the box lives as long as the pool.
        unsafe { Place::fill(address, value) }
    }

    #[inline(always)]
    unsafe fn get<'a, T: Value>(_pool: &'a Self::Pool<T>, handle: &'a Place<T>) -> &'a T {
        // SAFETY: the box lives as long as the pool.
        unsafe { handle.get() }
    }

    #[inline(always)]
    unsafe fn get_mut<'a, T: Value>(_pool: &'a mut Self::Pool<T>, handle: &'a mut Place<T>) -> &'a mut T {
        // SAFETY: the box lives as long as the pool.
        unsafe { handle.get_mut() }
    }

    // The object stays: other handles name the same place.
    #[inline(always)]
    unsafe fn free<T: Value>(_pool: &mut Self::Pool<T>, _handle: Place<T>) {}

    #[inline(always)]
    fn word<T: Value>(handle: &Place<T>) -> *const u8 {
        handle.word()
    }
}
