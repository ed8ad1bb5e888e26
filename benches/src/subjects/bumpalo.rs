//! bumpalo: one pointer that moves.

use bumpalo::Bump;

use super::Place;
use crate::subject::{Reset, Subject, Value};

/// `bumpalo::Bump`. It runs no destructor, and gets its memory back by `reset` only.
#[derive(Debug)]
pub struct Bumpalo;

impl Subject for Bumpalo {
    const NAME: &'static str = "bumpalo";

    type Pool<T: Value> = Bump;
    type Handle<T: Value> = Place<T>;

    fn pool<T: Value>() -> Bump {
        Bump::new()
    }

    #[inline(always)]
    fn alloc<T: Value>(pool: &mut Bump, value: T) -> Place<T> {
        Place::of(pool.alloc(value))
    }

    #[inline(always)]
    unsafe fn get<'a, T: Value>(_pool: &'a Bump, handle: &'a Place<T>) -> &'a T {
        // SAFETY: the arena is alive and was not reset since.
        unsafe { handle.get() }
    }

    #[inline(always)]
    unsafe fn get_mut<'a, T: Value>(_pool: &'a mut Bump, handle: &'a mut Place<T>) -> &'a mut T {
        // SAFETY: the arena is alive and was not reset since.
        unsafe { handle.get_mut() }
    }

    #[inline(always)]
    unsafe fn free<T: Value>(_pool: &mut Bump, handle: Place<T>) {
        // SAFETY: the arena is alive and was not reset since.
        let _address = unsafe { handle.empty() };
    }

    #[inline(always)]
    fn word<T: Value>(handle: &Place<T>) -> *const u8 {
        handle.word()
    }

    #[inline(always)]
    unsafe fn all_freed<T: Value>(pool: &mut Bump) {
        pool.reset();
    }
}

impl Reset for Bumpalo {
    #[inline(always)]
    unsafe fn reset<T: Value>(pool: &mut Bump) {
        pool.reset();
    }
}
