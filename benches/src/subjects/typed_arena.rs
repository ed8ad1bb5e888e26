//! typed-arena: objects go together or not at all.

use typed_arena::Arena;

use super::Place;
use crate::subject::{Subject, Value};

/// `typed_arena::Arena`. It has no reset, so a round ends with dropping the arena and making a new one.
#[derive(Debug)]
pub struct TypedArena;

impl Subject for TypedArena {
    const NAME: &'static str = "typed-arena";

    type Pool<T: Value> = Arena<T>;
    type Handle<T: Value> = Place<T>;

    fn pool<T: Value>() -> Arena<T> {
        Arena::new()
    }

    #[inline(always)]
    fn alloc<T: Value>(pool: &mut Arena<T>, value: T) -> Place<T> {
        Place::of(pool.alloc(value))
    }

    #[inline(always)]
    unsafe fn get<'a, T: Value>(_pool: &'a Arena<T>, handle: &'a Place<T>) -> &'a T {
        // SAFETY: the arena is alive, and nothing leaves it before `all_freed`.
        unsafe { handle.get() }
    }

    #[inline(always)]
    unsafe fn get_mut<'a, T: Value>(_pool: &'a mut Arena<T>, handle: &'a mut Place<T>) -> &'a mut T {
        // SAFETY: the arena is alive, and nothing leaves it before `all_freed`.
        unsafe { handle.get_mut() }
    }

    // The arena drops its objects itself, all at once.
    #[inline(always)]
    unsafe fn free<T: Value>(_pool: &mut Arena<T>, _handle: Place<T>) {}

    #[inline(always)]
    fn word<T: Value>(handle: &Place<T>) -> *const u8 {
        handle.word()
    }

    #[inline(always)]
    unsafe fn all_freed<T: Value>(pool: &mut Arena<T>) {
        *pool = Arena::new();
    }
}
