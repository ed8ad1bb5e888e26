//! The system's memory as a `GooAllocator`, for any thread.
//!
//! ```text
//! ┌─ ─ ─ ─ ─┬────────────────┬──────────────┐
//! │ padding │ record         │ memory       │
//! └─ ─ ─ ─ ─┴────────────────┴──────────────┘
//!           size, alignment  ▲ what the program gets
//! ```
//!
//! Each piece remembers its size, because C programs do not: `goo_scope_cleanup` has none to tell, and statistics that
//! believe what they are told drift. The price is 16 bytes a piece, and as much as the alignment where that is larger.

use core::alloc::Layout;
use core::cell::Cell;
use core::ffi::c_void;
use core::ptr::{self, NonNull};
use std::alloc::{GlobalAlloc as _, System};

use crate::capi::default::{BUILT_IN, forget_default};
use crate::capi::failure::Request;
use crate::capi::stats::{GooAllocStats, Ledger};
use crate::capi::types::{GooAllocOptions, GooAllocStrategy, GooAllocator};

/// What lies in front of a piece of memory.
#[repr(C)]
struct Record {
    size: usize,
    /// Of the piece; a multiple of the record's own size.
    alignment: usize,
}

/// No piece is aligned to less. What C calls `max_align_t`, and the record's size.
const LEAST_ALIGNMENT: usize = 16;
const _: () = assert!(size_of::<Record>() <= LEAST_ALIGNMENT);

impl Record {
    /// What the system is asked for. `None` if that is beyond the address space.
    fn layout(&self) -> Option<Layout> {
        Layout::from_size_align(self.size.checked_add(self.alignment)?, self.alignment).ok()
    }

    /// The record of a piece.
    ///
    /// # Safety
    ///
    /// 1. `memory` is a live piece.
    unsafe fn of(memory: NonNull<u8>) -> Self {
        // SAFETY: every piece (1) has a record in front of it (X4).
        let record = unsafe { memory.byte_sub(size_of::<Self>()) };
        // SAFETY: it was written when the piece was made or changed; both are aligned to 16.
        unsafe { record.cast().read() }
    }

    /// Writes the record of the piece in `whole`.
    ///
    /// # Safety
    ///
    /// 1. The system gave `whole` for this record's layout.
    unsafe fn write(self, whole: NonNull<u8>) -> NonNull<u8> {
        // SAFETY: the layout has so many bytes in front of the piece (1).
        let memory = unsafe { whole.byte_add(self.alignment) };
        // SAFETY: there are at least 16 of them.
        let record = unsafe { memory.byte_sub(size_of::<Self>()) };
        // SAFETY: ours (1), and aligned to 16.
        unsafe { record.cast().write(self) };
        memory
    }
}

impl GooAllocator {
    /// The system's allocator.
    pub(super) const fn system() -> Self {
        Self {
            alloc: Cell::new(Some(system_alloc)),
            realloc: Cell::new(Some(system_realloc)),
            free: Cell::new(Some(system_free)),
            destroy: Cell::new(Some(system_destroy)),
            strategy: Cell::new(GooAllocStrategy::PANIC),
            out_of_mem_fn: Cell::new(None),
            context: Cell::new(ptr::null_mut()),
            track_stats: Cell::new(true),
            stats: GooAllocStats::new(),
        }
    }

    /// The books, if they are kept.
    fn ledger(&self) -> Option<Ledger<'_, true>> {
        self.track_stats.get().then_some(Ledger(&self.stats))
    }
}

/// A new allocator over the system's memory, which `destroy` ends. Null if there is no memory for it.
#[unsafe(no_mangle)]
pub extern "C" fn goo_system_allocator_create() -> *mut GooAllocator {
    // SAFETY: the layout's size is not 0.
    let place = unsafe { System.alloc(Layout::new::<GooAllocator>()) }.cast::<GooAllocator>();
    if !place.is_null() {
        // SAFETY: sized and aligned for it, and ours.
        unsafe { place.write(GooAllocator::system()) };
    }
    place
}

/// # Safety
///
/// 1. `this` is null or a system allocator.
unsafe extern "C" fn system_alloc(
    this: *mut GooAllocator,
    size: usize,
    alignment: usize,
    options: GooAllocOptions,
) -> *mut c_void {
    // SAFETY: (1).
    let Some(allocator) = (unsafe { this.as_ref() }) else { return ptr::null_mut() };
    let take = || take(allocator, size, alignment, options);
    match take() {
        Some(memory) => memory.as_ptr().cast(),
        None => Request { size, alignment, options }.follow_strategy(allocator, take),
    }
}

fn take(allocator: &GooAllocator, size: usize, alignment: usize, options: GooAllocOptions) -> Option<NonNull<u8>> {
    let record = Record { size, alignment: options.alignment(alignment)?.max(LEAST_ALIGNMENT) };
    let layout = record.layout()?;
    let whole = if options.has(GooAllocOptions::ZERO) {
        // SAFETY: there is the padding at least, so the size is not 0.
        unsafe { System.alloc_zeroed(layout) }
    } else {
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    };
    // SAFETY: just given for this layout.
    let memory = unsafe { record.write(NonNull::new(whole)?) };
    if let Some(ledger) = allocator.ledger() {
        ledger.allocated(size);
        ledger.reserved(layout.size());
    }
    Some(memory)
}

/// # Safety
///
/// 1. `this` is null or a system allocator, and `ptr` is null or a live piece of it that nobody else uses.
unsafe extern "C" fn system_realloc(
    this: *mut GooAllocator,
    ptr: *mut c_void,
    old_size: usize,
    new_size: usize,
    alignment: usize,
    options: GooAllocOptions,
) -> *mut c_void {
    let Some(memory) = NonNull::new(ptr.cast::<u8>()) else {
        // SAFETY: (1).
        return unsafe { system_alloc(this, new_size, alignment, options) };
    };
    // SAFETY: (1).
    let Some(allocator) = (unsafe { this.as_ref() }) else { return ptr::null_mut() };
    if new_size == 0 {
        // SAFETY: (1).
        unsafe { system_free(this, ptr, old_size, alignment) };
        return ptr::null_mut();
    }
    // SAFETY: (1), and what fails leaves the piece as it was.
    let resize = || unsafe { resize(allocator, memory, new_size, alignment, options) };
    match resize() {
        Some(memory) => memory.as_ptr().cast(),
        None => Request { size: new_size, alignment, options }.follow_strategy(allocator, resize),
    }
}

/// # Safety
///
/// 1. `memory` is a live piece of the allocator, and if there is a result, nobody uses it any more.
unsafe fn resize(
    allocator: &GooAllocator,
    memory: NonNull<u8>,
    size: usize,
    alignment: usize,
    options: GooAllocOptions,
) -> Option<NonNull<u8>> {
    // SAFETY: (1).
    let old = unsafe { Record::of(memory) };
    let old_layout = old.layout()?;
    // It keeps its alignment, or gets the larger one that is asked for now.
    let new = Record { size, alignment: options.alignment(alignment)?.max(old.alignment) };
    let new_layout = new.layout()?;
    // SAFETY: so far in front of the piece begins what the system gave (X4).
    let whole = unsafe { memory.byte_sub(old.alignment) };
    let moved = if new.alignment == old.alignment {
        // SAFETY: given for the old layout; the new size is not 0 and, rounded up, within the address space.
        let moved = NonNull::new(unsafe { System.realloc(whole.as_ptr(), old_layout, new_layout.size()) })?;
        // SAFETY: given for the new layout.
        unsafe { Record { ..new }.write(moved) }
    } else {
        // SAFETY: the size is not 0.
        let moved = NonNull::new(unsafe { System.alloc(new_layout) })?;
        // SAFETY: just given for the new layout.
        let moved = unsafe { Record { ..new }.write(moved) };
        // SAFETY: two pieces, and both have so many bytes.
        unsafe { moved.copy_from_nonoverlapping(memory, old.size.min(size)) };
        // SAFETY: given for the old layout, and not used any more (1).
        unsafe { System.dealloc(whole.as_ptr(), old_layout) };
        moved
    };
    if options.has(GooAllocOptions::ZERO) && size > old.size {
        // SAFETY: within the new piece.
        let tail = unsafe { moved.byte_add(old.size) };
        // SAFETY: as above.
        unsafe { tail.write_bytes(0, size - old.size) };
    }
    if let Some(ledger) = allocator.ledger() {
        ledger.resized(old.size, size);
        ledger.released(old_layout.size());
        ledger.reserved(new_layout.size());
    }
    Some(moved)
}

/// # Safety
///
/// 1. `this` is null or a system allocator, and `ptr` is null or a live piece of it that nobody uses any more.
unsafe extern "C" fn system_free(this: *mut GooAllocator, ptr: *mut c_void, _size: usize, _alignment: usize) {
    let Some(memory) = NonNull::new(ptr.cast::<u8>()) else { return };
    // SAFETY: (1).
    let Some(allocator) = (unsafe { this.as_ref() }) else { return };
    // SAFETY: (1).
    let record = unsafe { Record::of(memory) };
    let Some(layout) = record.layout() else { return };
    if let Some(ledger) = allocator.ledger() {
        if ledger.freed(record.size) {
            ledger.released(layout.size());
        }
    }
    // SAFETY: so far in front of the piece begins what the system gave (X4).
    let whole = unsafe { memory.byte_sub(record.alignment) };
    // SAFETY: given for this layout, and not used any more (1).
    unsafe { System.dealloc(whole.as_ptr(), layout) };
}

/// # Safety
///
/// 1. `this` is null or a system allocator, and nobody uses it any more.
unsafe extern "C" fn system_destroy(this: *mut GooAllocator) {
    if this.is_null() || this == BUILT_IN.get() {
        return;
    }
    forget_default(this);
    // SAFETY: it came from there with this layout, and is not used any more (1).
    unsafe { System.dealloc(this.cast(), Layout::new::<GooAllocator>()) };
}
