//! An allocation that fails: what the allocator's strategy makes of it.

use core::cell::Cell;
use core::ffi::c_void;
use core::fmt;
use core::ptr::{self, NonNull};
use std::io::{self, Write as _};
use std::process;

use crate::capi::stats::Ledger;
use crate::capi::types::{GooAllocOptions, GooAllocStrategy, GooAllocator, MAX_RETRIES};

std::thread_local! {
    /// A handler runs on this thread. It may allocate, and that may fail, but no handler is called for that: so neither
    /// retries nor handlers recurse.
    static HANDLING: Cell<bool> = const { Cell::new(false) };
}

/// What was asked for in vain.
pub(super) struct Request {
    pub(super) size: usize,
    pub(super) alignment: usize,
    pub(super) options: GooAllocOptions,
}

impl Request {
    /// Does as the allocator's strategy says, and tries again where that is to retry.
    #[cold]
    #[inline(never)]
    pub(super) fn follow_strategy(
        &self,
        allocator: &GooAllocator,
        mut attempt: impl FnMut() -> Option<NonNull<u8>>,
    ) -> *mut c_void {
        // Look again each time: the handler may say that enough was tried.
        for _ in 0..MAX_RETRIES {
            if !allocator.strategy.get().retries() || !call_handler(allocator) {
                break;
            }
            if let Some(memory) = attempt() {
                return memory.as_ptr().cast();
            }
        }
        if allocator.track_stats.get() {
            Ledger::<true>(&allocator.stats).failed();
        }
        if allocator.strategy.get() == GooAllocStrategy::PANIC {
            call_handler(allocator);
            self.abort();
        }
        if self.options.has(GooAllocOptions::NO_FAIL) {
            self.abort();
        }
        ptr::null_mut()
    }

    fn abort(&self) -> ! {
        report(format_args!("no {} bytes aligned to {}", self.size, self.alignment));
        process::abort()
    }
}

/// False if there is no handler, or this thread is in one.
fn call_handler(allocator: &GooAllocator) -> bool {
    let Some(handler) = allocator.out_of_mem_fn.get() else { return false };
    if HANDLING.replace(true) {
        return false;
    }
    // SAFETY: a handler may be called at any failure, on the failing thread: so says the header.
    unsafe { handler() };
    HANDLING.set(false);
    true
}

/// A line on the standard error, if that takes it.
#[cold]
pub(super) fn report(what: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "goo_allocator: {what}");
}
