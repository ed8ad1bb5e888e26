//! `Box` on general allocators: the system's, mimalloc and snmalloc.
//!
//! All three are called through `GlobalAlloc`, none of them is this program's global allocator:
//! so one program measures them all, and the criterion harness's own memory disturbs none of the two others.

use std::{
    alloc::{GlobalAlloc, Layout, handle_alloc_error},
    ptr::NonNull,
};

use super::Place;
use crate::subject::{Subject, Value};

/// A general allocator, and the name of its row.
pub trait Allocator: GlobalAlloc + 'static {
    /// The name of its row.
    const NAME: &'static str;
    /// The allocator; none of them has state of its own.
    const GET: Self;
}

impl Allocator for std::alloc::System {
    const NAME: &'static str = "system";
    const GET: Self = Self;
}

impl Allocator for mimalloc::MiMalloc {
    const NAME: &'static str = "mimalloc";
    const GET: Self = Self;
}

impl Allocator for snmalloc_rs::SnMalloc {
    const NAME: &'static str = "snmalloc";
    const GET: Self = Self;
}

/// What `Box<T>` does when `A` is the global allocator.
#[derive(Debug)]
pub struct Boxed<A>(A);

/// `Box` on the system's allocator.
pub type System = Boxed<std::alloc::System>;
/// `Box` on mimalloc.
pub type Mimalloc = Boxed<mimalloc::MiMalloc>;
/// `Box` on snmalloc.
pub type Snmalloc = Boxed<snmalloc_rs::SnMalloc>;

impl<A: Allocator> Subject for Boxed<A> {
    const NAME: &'static str = A::NAME;

    type Pool<T: Value> = ();
    type Handle<T: Value> = Place<T>;

    fn pool<T: Value>() {
        const { assert!(size_of::<T>() > 0, "a global allocator takes no empty layout") };
    }

    #[inline(always)]
    fn alloc<T: Value>(_pool: &mut (), value: T) -> Place<T> {
        let layout = Layout::new::<T>();
        // SAFETY: the layout is not empty (`pool`).
        let memory = unsafe { A::GET.alloc(layout) };
        let Some(address) = NonNull::new(memory.cast::<T>()) else { handle_alloc_error(layout) };
        // SAFETY: the memory was allocated for a `T` and is freed in `free` only.
        unsafe { Place::fill(address, value) }
    }

    #[inline(always)]
    unsafe fn get<'a, T: Value>(_pool: &'a (), handle: &'a Place<T>) -> &'a T {
        // SAFETY: freeing takes the handle, and here it still is.
        unsafe { handle.get() }
    }

    #[inline(always)]
    unsafe fn get_mut<'a, T: Value>(_pool: &'a mut (), handle: &'a mut Place<T>) -> &'a mut T {
        // SAFETY: freeing takes the handle, and here it still is.
        unsafe { handle.get_mut() }
    }

    #[inline(always)]
    unsafe fn free<T: Value>(_pool: &mut (), handle: Place<T>) {
        // SAFETY: freeing takes the handle, and here it still is.
        let address = unsafe { handle.empty() };
        // SAFETY: the memory came from `alloc` with this layout.
        unsafe { A::GET.dealloc(address.as_ptr().cast(), Layout::new::<T>()) };
    }

    #[inline(always)]
    fn word<T: Value>(handle: &Place<T>) -> *const u8 {
        handle.word()
    }
}
