//! `Box` on general allocators: the system's, mimalloc and snmalloc.

use std::{
    alloc::{Layout, handle_alloc_error},
    marker::PhantomData,
    ptr::NonNull,
};

use crate::{
    classics::subject::{Subject, Value},
    subjects::Allocator,
};

pub use crate::subjects::Boxed;

/// What `Box<T>` is when `A` is the global allocator.
#[derive(Debug)]
pub struct BoxOn<T, A: Allocator>(NonNull<T>, PhantomData<A>);

// SAFETY: it owns a `T`, and any thread may free what another allocated.
unsafe impl<T: Send, A: Allocator> Send for BoxOn<T, A> {}

impl<T, A: Allocator> Drop for BoxOn<T, A> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the object was written in `alloc`, and nobody can name it any more.
        unsafe { self.0.drop_in_place() };
        // SAFETY: the memory came from `A` with this layout, and nobody can name it any more.
        unsafe { A::GET.dealloc(self.0.as_ptr().cast(), Layout::new::<T>()) };
    }
}

impl<T: Value, A: Allocator> Subject<T> for Boxed<A> {
    const NAME: &'static str = A::NAME;

    type Pool = ();
    type Local<'p> = ();
    type Handle = BoxOn<T, A>;

    fn pool() {}

    fn local(_: &()) {}

    #[inline(always)]
    fn alloc(_: &(), value: T) -> BoxOn<T, A> {
        const { assert!(size_of::<T>() > 0, "a global allocator takes no empty layout") };
        let layout = Layout::new::<T>();
        // SAFETY: the layout is not empty.
        let memory = unsafe { A::GET.alloc(layout) };
        let Some(address) = NonNull::new(memory.cast::<T>()) else { handle_alloc_error(layout) };
        // SAFETY: the memory was allocated for a `T` and is ours.
        unsafe { address.write(value) };
        BoxOn(address, PhantomData)
    }

    #[inline(always)]
    fn look<R>(_: &(), handle: &BoxOn<T, A>, look: impl FnOnce(&T) -> R) -> R {
        // SAFETY: the object was written in `alloc`, and lives until the handle is dropped.
        look(unsafe { handle.0.as_ref() })
    }
}
