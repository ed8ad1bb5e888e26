//! The C interface, called from Rust: what a C program sees, without a C compiler.

mod failures;
mod parents;
mod pools;
mod system;

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::ptr;
use std::slice;
use std::thread;

use goo_pool_core::capi::*;

const NONE: *mut c_void = ptr::null_mut();
const PLAIN: GooAllocOptions = GooAllocOptions::DEFAULT;
const ZERO: GooAllocOptions = GooAllocOptions::ZERO;

/// An allocator, as a C program has it.
#[derive(Clone, Copy)]
struct Allocator(*mut GooAllocator);

// The calls below are what a C program may do: the allocators are alive, and what is freed is not used any more.
impl Allocator {
    fn system() -> Self {
        let system = Self(goo_system_allocator_create());
        system.fields().strategy.set(GooAllocStrategy::NULL);
        system
    }

    fn fields<'a>(self) -> &'a GooAllocator {
        // SAFETY: alive, and made of cells.
        unsafe { &*self.0 }
    }

    fn alloc(self, size: usize, alignment: usize, options: GooAllocOptions) -> *mut c_void {
        // SAFETY: an allocator.
        unsafe { self.fields().alloc.get().unwrap()(self.0, size, alignment, options) }
    }

    fn realloc(self, ptr: *mut c_void, old: usize, new: usize, options: GooAllocOptions) -> *mut c_void {
        // SAFETY: live memory of this allocator.
        unsafe { self.fields().realloc.get().unwrap()(self.0, ptr, old, new, 8, options) }
    }

    fn free(self, ptr: *mut c_void) {
        // SAFETY: memory of this allocator that is not used any more, or the checks refuse it.
        unsafe { self.fields().free.get().unwrap()(self.0, ptr, 0, 0) }
    }

    fn destroy(self) {
        // SAFETY: not used any more.
        unsafe { self.fields().destroy.get().unwrap()(self.0) }
    }

    /// Checked for what is always true.
    fn stats(self) -> GooAllocStats {
        // SAFETY: an allocator.
        let stats = unsafe { goo_get_alloc_stats(self.0) };
        assert_eq!(stats.total_allocations.get(), stats.total_frees.get() + stats.allocation_count.get());
        assert!(stats.bytes_allocated <= stats.max_bytes_allocated);
        stats
    }
}

/// A pool over a system allocator of its own; both end with it, and everything must be back by then.
struct Pool {
    pool: *mut GooPoolAllocator,
    system: Allocator,
}

impl Pool {
    fn new(chunk_size: usize, alignment: usize, capacity: usize) -> Self {
        let system = Allocator::system();
        // SAFETY: the parent outlives the pool.
        let pool = unsafe { goo_pool_allocator_create(system.0, chunk_size, alignment, capacity) };
        assert!(!pool.is_null());
        Self { pool, system }
    }

    /// A pool over the built-in allocator.
    fn over_built_in(chunk_size: usize) -> *mut GooAllocator {
        // SAFETY: the built-in allocator is always there.
        unsafe { goo_pool_allocator_create(goo_get_default_allocator(), chunk_size, 8, 1).cast() }
    }

    fn allocator(&self) -> Allocator {
        Allocator(self.pool.cast())
    }

    fn counts(&self) -> (usize, usize) {
        let (mut free, mut total) = (0, 0);
        // SAFETY: a pool, and places to write to.
        unsafe { goo_pool_get_stats(self.pool, &raw mut free, &raw mut total) };
        (free, total)
    }

    fn reset(&self) {
        // SAFETY: no chunk is used any more.
        unsafe { goo_pool_reset(self.pool) };
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.allocator().destroy();
        if !thread::panicking() {
            let stats = self.system.stats();
            assert_eq!((stats.bytes_allocated.get(), stats.bytes_reserved.get()), (0, 0));
        }
        self.system.destroy();
    }
}

fn bytes<'a>(memory: *mut c_void, size: usize) -> &'a mut [u8] {
    // SAFETY: live memory with so many bytes that were written.
    unsafe { slice::from_raw_parts_mut(memory.cast(), size) }
}

fn fill(memory: *mut c_void, size: usize) {
    // SAFETY: live memory with so many bytes.
    unsafe { memory.cast::<u8>().write_bytes(0xa5, size) };
}

std::thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
    /// What the handler does.
    static WORK: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
}

unsafe extern "C" fn handler() {
    CALLS.set(CALLS.get() + 1);
    WORK.with_borrow(|work| work.as_ref().map_or((), |work| work()));
}

/// How often the handler is called while `run` runs.
fn calls_of_handler<R>(work: impl Fn() + 'static, run: impl FnOnce() -> R) -> (R, usize) {
    CALLS.set(0);
    WORK.set(Some(Box::new(work)));
    let result = run();
    WORK.set(None);
    (result, CALLS.get())
}

fn retrying(allocator: Allocator) {
    allocator.fields().strategy.set(GooAllocStrategy::RETRY);
    allocator.fields().out_of_mem_fn.set(Some(handler));
}
