//! Statistics that a C program reads as fields, and the one rule by which all our allocators keep them.

use core::cell::Cell;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::capi::default::goo_get_default_allocator;
use crate::capi::types::GooAllocator;

/// What an allocator has counted. Always: `total_allocations` is `total_frees` and `allocation_count` together.
#[repr(C)]
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct GooAllocStats {
    /// Bytes handed out: what was asked for; of a pool whole chunks.
    pub bytes_allocated: Cell<usize>,
    /// Bytes held for that from where they come.
    pub bytes_reserved: Cell<usize>,
    /// The most that `bytes_allocated` ever was.
    pub max_bytes_allocated: Cell<usize>,
    /// Allocations that are live.
    pub allocation_count: Cell<usize>,
    /// Allocations that were made; one that failed is not among them.
    pub total_allocations: Cell<usize>,
    /// Allocations that were freed, one by one or by a reset.
    pub total_frees: Cell<usize>,
    /// Allocations and reallocations that failed, however often they were tried.
    pub failed_allocations: Cell<usize>,
}

impl GooAllocStats {
    pub(super) const fn new() -> Self {
        Self {
            bytes_allocated: Cell::new(0),
            bytes_reserved: Cell::new(0),
            max_bytes_allocated: Cell::new(0),
            allocation_count: Cell::new(0),
            total_allocations: Cell::new(0),
            total_frees: Cell::new(0),
            failed_allocations: Cell::new(0),
        }
    }
}

/// Keeps an allocator's books. `SHARED`: other threads may do so at the same time.
pub(super) struct Ledger<'a, const SHARED: bool>(pub(super) &'a GooAllocStats);

impl<const SHARED: bool> Ledger<'_, SHARED> {
    #[inline(always)]
    pub(super) fn allocated(&self, bytes: usize) {
        self.add(&self.0.total_allocations, 1);
        self.add(&self.0.allocation_count, 1);
        self.grown(bytes);
    }

    /// What came while nothing was counted is not counted when it goes, so that sums stay sums. False then.
    #[inline(always)]
    pub(super) fn freed(&self, bytes: usize) -> bool {
        let counted = self.change(&self.0.allocation_count, |count| count.checked_sub(1)).is_some();
        if counted {
            self.add(&self.0.total_frees, 1);
            self.shrunk(bytes);
        }
        counted
    }

    /// An allocation has another size now.
    pub(super) fn resized(&self, old: usize, new: usize) {
        self.shrunk(old);
        self.grown(new);
    }

    /// All that was live is free.
    pub(super) fn emptied(&self) {
        let live = self.0.allocation_count.get();
        self.change(&self.0.allocation_count, |_| Some(0));
        self.change(&self.0.bytes_allocated, |_| Some(0));
        self.add(&self.0.total_frees, live);
    }

    pub(super) fn failed(&self) {
        self.add(&self.0.failed_allocations, 1);
    }

    pub(super) fn reserved(&self, bytes: usize) {
        self.add(&self.0.bytes_reserved, bytes);
    }

    pub(super) fn released(&self, bytes: usize) {
        self.change(&self.0.bytes_reserved, |sum| Some(sum.saturating_sub(bytes)));
    }

    #[inline(always)]
    fn grown(&self, bytes: usize) {
        let now = self.add(&self.0.bytes_allocated, bytes);
        self.change(&self.0.max_bytes_allocated, |most| (now > most).then_some(now));
    }

    #[inline(always)]
    fn shrunk(&self, bytes: usize) {
        self.change(&self.0.bytes_allocated, |sum| Some(sum.saturating_sub(bytes)));
    }

    /// The sum.
    #[inline(always)]
    fn add(&self, counter: &Cell<usize>, amount: usize) -> usize {
        self.change(counter, |sum| Some(sum.wrapping_add(amount))).unwrap_or(amount)
    }

    /// What the counter is afterwards, if it is changed.
    #[inline(always)]
    fn change(&self, counter: &Cell<usize>, change: impl Fn(usize) -> Option<usize>) -> Option<usize> {
        // ORDERING: Relaxed; a counter says nothing about any other memory.
        let counter = atomic(counter);
        if SHARED {
            let before = counter.fetch_update(Relaxed, Relaxed, &change).ok()?;
            change(before)
        } else {
            // Atomic here too, or the compiler adds 1 to two neighbours in one vector register, and waits to load what
            // was stored one by one: `pair` took twice as long.
            let now = change(counter.load(Relaxed))?;
            counter.store(now, Relaxed);
            Some(now)
        }
    }
}

/// A counter, for all who look at it at a time.
#[inline(always)]
fn atomic(counter: &Cell<usize>) -> &AtomicUsize {
    // SAFETY: aligned and alive as the cell is; what several threads use at a time is used in no other way, or the
    // program breaks the header's rule for threads.
    unsafe { AtomicUsize::from_ptr(counter.as_ptr()) }
}

/// What `allocator` has counted; of the default allocator, if it is null.
///
/// # Safety
///
/// 1. `allocator` is null or points to an allocator; if it is for one thread, this is the thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn goo_get_alloc_stats(allocator: *mut GooAllocator) -> GooAllocStats {
    let allocator = if allocator.is_null() { goo_get_default_allocator() } else { allocator };
    // SAFETY: an allocator (1), or the default one, which is.
    let stats = unsafe { &(*allocator).stats };
    let read = |counter| Cell::new(atomic(counter).load(Relaxed));
    GooAllocStats {
        bytes_allocated: read(&stats.bytes_allocated),
        bytes_reserved: read(&stats.bytes_reserved),
        max_bytes_allocated: read(&stats.max_bytes_allocated),
        allocation_count: read(&stats.allocation_count),
        total_allocations: read(&stats.total_allocations),
        total_frees: read(&stats.total_frees),
        failed_allocations: read(&stats.failed_allocations),
    }
}
