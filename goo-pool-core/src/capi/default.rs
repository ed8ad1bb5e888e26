//! The default allocator of the process, and the short functions over it.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::AtomicPtr;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::capi::types::{GooAllocOptions, GooAllocator, GooOutOfMemFn};

/// An allocator that is there from the start and never goes.
pub(super) struct BuiltIn(GooAllocator);

// SAFETY: a system allocator is for any thread; its fields are written by a program that keeps the header's rule.
unsafe impl Sync for BuiltIn {}

/// The default allocator as long as there is no other.
pub(super) static BUILT_IN: BuiltIn = BuiltIn(GooAllocator::system());

impl BuiltIn {
    /// All of it is cells, so it may be written to.
    pub(super) fn get(&'static self) -> *mut GooAllocator {
        (&raw const self.0).cast_mut()
    }
}

/// What was set, or null.
static CURRENT: AtomicPtr<GooAllocator> = AtomicPtr::new(ptr::null_mut());

/// What `goo_alloc` asks when the program names no alignment, as most of its pools can keep it.
const USUAL_ALIGNMENT: usize = 8;

/// An allocator ends: it is not the default any more.
pub(super) fn forget_default(ended: *mut GooAllocator) {
    // ORDERING: Relaxed; the allocator that takes its place was there from the start.
    let _ = CURRENT.compare_exchange(ended, ptr::null_mut(), Relaxed, Relaxed);
}

/// The default allocator; never null. It may be asked on any thread.
#[unsafe(no_mangle)]
pub extern "C" fn goo_get_default_allocator() -> *mut GooAllocator {
    // ORDERING: Acquire pairs with the Release in `goo_set_default_allocator`: the allocator is seen as it was set up.
    let current = CURRENT.load(Acquire);
    if current.is_null() { BUILT_IN.get() } else { current }
}

/// Makes `allocator` the default one, or if it is null, the one that was there from the start.
///
/// # Safety
///
/// 1. `allocator` is null or an allocator, and stays one while it is the default.
/// 2. If it is for one thread, no other uses the default allocator.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn goo_set_default_allocator(allocator: *mut GooAllocator) {
    // ORDERING: Release pairs with the Acquire in `goo_get_default_allocator`.
    CURRENT.store(allocator, Release);
}

/// Sets the handler of the default allocator.
///
/// # Safety
///
/// 1. `handler` may be called at any failure, and returns.
/// 2. No other thread uses the default allocator meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn goo_set_out_of_mem_handler(handler: GooOutOfMemFn) {
    // SAFETY: the default allocator is alive.
    unsafe { &(*goo_get_default_allocator()).out_of_mem_fn }.set(handler);
}

/// # Safety
///
/// 1. As for `alloc` of the default allocator.
unsafe fn allocate(size: usize, alignment: usize, options: GooAllocOptions) -> *mut c_void {
    let allocator = goo_get_default_allocator();
    // SAFETY: the default allocator is alive.
    let Some(alloc) = (unsafe { &(*allocator).alloc }).get() else { return ptr::null_mut() };
    // SAFETY: (1).
    unsafe { alloc(allocator, size, alignment, options) }
}

/// Memory from the default allocator.
///
/// # Safety
///
/// 1. If the default allocator is for one thread, this is the thread. So for all the functions below.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn goo_alloc(size: usize) -> *mut c_void {
    // SAFETY: (1).
    unsafe { allocate(size, USUAL_ALIGNMENT, GooAllocOptions::DEFAULT) }
}

/// Zeroed memory from the default allocator.
///
/// # Safety
///
/// 1. As [`goo_alloc`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn goo_alloc_zero(size: usize) -> *mut c_void {
    // SAFETY: (1).
    unsafe { allocate(size, USUAL_ALIGNMENT, GooAllocOptions::ZERO) }
}

/// Aligned memory from the default allocator.
///
/// # Safety
///
/// 1. As [`goo_alloc`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn goo_alloc_aligned(size: usize, alignment: usize) -> *mut c_void {
    // SAFETY: (1).
    unsafe { allocate(size, alignment, GooAllocOptions::ALIGNED) }
}

/// Another size for memory from the default allocator.
///
/// # Safety
///
/// 1. As [`goo_alloc`].
/// 2. `ptr` is null, or live memory of the default allocator that has `old_size` bytes. If the result is not null, or
///    `new_size` is 0, nobody uses it any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn goo_realloc(ptr: *mut c_void, old_size: usize, new_size: usize) -> *mut c_void {
    let allocator = goo_get_default_allocator();
    // SAFETY: the default allocator is alive.
    let Some(realloc) = (unsafe { &(*allocator).realloc }).get() else { return ptr::null_mut() };
    // SAFETY: (1) and (2).
    unsafe { realloc(allocator, ptr, old_size, new_size, USUAL_ALIGNMENT, GooAllocOptions::DEFAULT) }
}

/// Gives memory back to the default allocator.
///
/// # Safety
///
/// 1. As [`goo_alloc`].
/// 2. `ptr` is null, or live memory of the default allocator that nobody uses any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn goo_free(ptr: *mut c_void, size: usize) {
    // SAFETY: (1) and (2).
    unsafe { goo_free_aligned(ptr, size, USUAL_ALIGNMENT) };
}

/// Gives memory from [`goo_alloc_aligned`] back to the default allocator.
///
/// # Safety
///
/// 1. As [`goo_free`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn goo_free_aligned(ptr: *mut c_void, size: usize, alignment: usize) {
    if ptr.is_null() {
        return;
    }
    let allocator = goo_get_default_allocator();
    // SAFETY: the default allocator is alive.
    let Some(free) = (unsafe { &(*allocator).free }).get() else { return };
    // SAFETY: (1).
    unsafe { free(allocator, ptr, size, alignment) };
}
