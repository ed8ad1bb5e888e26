//! Ours, all at once: a pool's `Scope`, reset or ended. And bumpalo's arena ended, to compare with.

use bumpalo::Bump;
use goo_pool_typed::{Pool, Scope};

use super::Place;
use crate::subject::{Reset, Subject, Value};

/// `Scope::alloc`. A round ends with `Scope::reset`.
#[derive(Debug)]
pub struct ResetScope;

/// `Scope::alloc`. A round ends with the scope, and the next begins with another one of the same pool.
#[derive(Debug)]
pub struct EndedScope;

/// `Bump::alloc`. A round ends with the arena, and the next begins with another one.
#[derive(Debug)]
pub struct EndedBump;

/// A subject whose handles are addresses, and whose objects go when `all_freed` is called.
macro_rules! arena {
    ($subject:ident, $name:literal, $arena:ty, $new:expr, $alloc:expr, $end:expr) => {
        impl Subject for $subject {
            const NAME: &'static str = $name;

            type Pool<T: Value> = $arena;
            type Handle<T: Value> = Place<T>;

            fn pool<T: Value>() -> $arena {
                $new
            }

            #[inline(always)]
            fn alloc<T: Value>(pool: &mut $arena, value: T) -> Place<T> {
                let alloc: fn(&mut $arena, T) -> Place<T> = $alloc;
                alloc(pool, value)
            }

            #[inline(always)]
            unsafe fn get<'a, T: Value>(_pool: &'a $arena, handle: &'a Place<T>) -> &'a T {
                // SAFETY: the arena is alive, and nothing leaves it before `all_freed`.
                unsafe { handle.get() }
            }

            #[inline(always)]
            unsafe fn get_mut<'a, T: Value>(_pool: &'a mut $arena, handle: &'a mut Place<T>) -> &'a mut T {
                // SAFETY: as above.
                unsafe { handle.get_mut() }
            }

            // The objects go all at once.
            #[inline(always)]
            unsafe fn free<T: Value>(_pool: &mut $arena, _handle: Place<T>) {}

            #[inline(always)]
            fn word<T: Value>(handle: &Place<T>) -> *const u8 {
                handle.word()
            }

            #[inline(always)]
            unsafe fn all_freed<T: Value>(pool: &mut $arena) {
                let end: fn(&mut $arena) = $end;
                end(pool);
            }
        }
    };
}

arena!(ResetScope, "scope", Scope<T>, Pool::new().scope(), |scope, value| Place::of(scope.alloc(value)), |scope| scope
    .reset());

arena!(
    EndedScope,
    "scope, ended",
    (Option<Scope<T>>, Pool<T>),
    (None, Pool::new()),
    |(scope, pool), value| Place::of(scope.get_or_insert_with(|| pool.scope()).alloc(value)),
    |(scope, _)| *scope = None
);

arena!(EndedBump, "bumpalo, ended", Bump, Bump::new(), |bump, value| Place::of(bump.alloc(value)), |bump| *bump =
    Bump::new());

impl Reset for ResetScope {
    #[inline(always)]
    unsafe fn reset<T: Value>(pool: &mut Scope<T>) {
        pool.reset();
    }
}
