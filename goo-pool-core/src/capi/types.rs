//! What an allocator is to a C program. The layouts are C's; `tests/capi.rs` compares them with the header's.

use core::cell::Cell;
use core::ffi::{c_uint, c_void};

use crate::capi::stats::GooAllocStats;

/// How an allocation is to be made: a sum of the constants below. Bits without a name are ignored.
#[repr(transparent)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GooAllocOptions(pub c_uint);

impl GooAllocOptions {
    /// Nothing special.
    pub const DEFAULT: Self = Self(0);
    /// The memory is zeroed.
    pub const ZERO: Self = Self(1);
    /// No meaning: the alignment is always kept.
    pub const ALIGNED: Self = Self(2);
    /// No meaning: nothing is rounded up that a program could see.
    pub const EXACT: Self = Self(4);
    /// No meaning: there is no arena that is reset behind the memory's owner.
    pub const PERSISTENT: Self = Self(8);
    /// Aligned to a page, [`PAGE_BYTES`], or more.
    pub const PAGE: Self = Self(16);
    /// The process ends with a message where NULL would be returned.
    pub const NO_FAIL: Self = Self(32);

    pub(super) const fn has(self, option: Self) -> bool {
        self.0 & option.0 != 0
    }

    /// Whether no option changes what is given.
    pub(super) const fn is_plain(self) -> bool {
        self.0 & (Self::ZERO.0 | Self::PAGE.0) == 0
    }

    /// The alignment that is asked for, unless that is no power of two.
    pub(super) const fn alignment(self, alignment: usize) -> Option<usize> {
        if !alignment.is_power_of_two() {
            return None;
        }
        Some(if self.has(Self::PAGE) && alignment < PAGE_BYTES { PAGE_BYTES } else { alignment })
    }
}

/// What [`GooAllocOptions::PAGE`] aligns to.
pub const PAGE_BYTES: usize = 4096;

/// What an allocator does when it has no memory. Numbers without a name mean [`NULL`](Self::NULL).
#[repr(transparent)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GooAllocStrategy(pub c_uint);

impl GooAllocStrategy {
    /// The handler is told, and the process ends.
    pub const PANIC: Self = Self(0);
    /// NULL.
    pub const NULL: Self = Self(1);
    /// The handler is called and the allocation tried again, [`MAX_RETRIES`] times at most; then NULL.
    pub const RETRY: Self = Self(2);
    /// As [`RETRY`](Self::RETRY): a collector, if there is one, is the handler's business.
    pub const GC: Self = Self(3);

    pub(super) fn retries(self) -> bool {
        self == Self::RETRY || self == Self::GC
    }
}

/// How often one failing allocation calls the handler.
pub const MAX_RETRIES: usize = 8;

/// Called when an allocator has no memory; may be null.
pub type GooOutOfMemFn = Option<unsafe extern "C" fn()>;

/// An allocator: the system's, a pool, or one of the program's own.
///
/// The functions' types are written out because cbindgen does not see through their names.
#[repr(C)]
#[derive(Debug)]
pub struct GooAllocator {
    /// Memory, or null.
    pub alloc: Cell<
        Option<
            unsafe extern "C" fn(
                this: *mut GooAllocator,
                size: usize,
                alignment: usize,
                options: GooAllocOptions,
            ) -> *mut c_void,
        >,
    >,
    /// Memory of another size with the same contents, or null, and then the old memory is as it was.
    pub realloc: Cell<
        Option<
            unsafe extern "C" fn(
                this: *mut GooAllocator,
                ptr: *mut c_void,
                old_size: usize,
                new_size: usize,
                alignment: usize,
                options: GooAllocOptions,
            ) -> *mut c_void,
        >,
    >,
    /// Takes memory back.
    pub free:
        Cell<Option<unsafe extern "C" fn(this: *mut GooAllocator, ptr: *mut c_void, size: usize, alignment: usize)>>,
    /// Ends the allocator.
    pub destroy: Cell<Option<unsafe extern "C" fn(this: *mut GooAllocator)>>,
    /// What happens when there is no memory.
    pub strategy: Cell<GooAllocStrategy>,
    /// The handler of that strategy.
    pub out_of_mem_fn: Cell<GooOutOfMemFn>,
    /// The program's own; allocators of this library leave it alone.
    pub context: Cell<*mut c_void>,
    /// Whether `stats` are kept.
    pub track_stats: Cell<bool>,
    /// What was counted.
    pub stats: GooAllocStats,
}
