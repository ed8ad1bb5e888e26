//! A pool in a `static`, on a target without `std` and without a heap: readings that an interrupt handler takes and the main
//! loop gives back. Called from C, by `main.c`.
#![no_std]

use core::alloc::Layout;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::panic::PanicInfo;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, Ordering::Acquire, Ordering::Release};

use goo_pool_core::{FixedMemory, Geometry, RawPool, SendRawPool};

/// What the handler measures.
#[repr(C)]
pub struct Reading {
    time: u32,
    values: [f32; 7],
}

const READING: Layout = Layout::new::<Reading>();
const READINGS: usize = 24;
const GEOMETRY: Geometry = match Geometry::with_chunks_per_block(READING, READINGS) {
    Ok(geometry) => geometry,
    Err(_) => panic!("too large for a pool"),
};
const BYTES: usize = FixedMemory::bytes_for(GEOMETRY.segment_layout(READINGS).unwrap())
    + FixedMemory::bytes_for(RawPool::record_layout::<FixedMemory>());

/// The pool's memory. A segment starts at a multiple of the block size. (`static_cell::ConstStaticCell` hands such a `static` out
/// without `unsafe`.)
#[repr(align(1024))]
struct Memory(UnsafeCell<[MaybeUninit<u8>; BYTES]>);
const _: () = assert!(GEOMETRY.block_size() == 1024);

// SAFETY: one pool has it, which is in a lock.
unsafe impl Sync for Memory {}

/// One user at a time. A real program takes `critical_section::Mutex<RefCell<_>>`, or what its framework has.
struct Lock<T> {
    locked: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: one thread at a time uses the value.
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    const fn new(value: T) -> Self {
        Self { locked: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        // ORDERING: Acquire pairs with the Release below.
        while self.locked.swap(true, Acquire) {
            core::hint::spin_loop();
        }
        // SAFETY: it is locked. A panic does not come back.
        let result = work(unsafe { &mut *self.value.get() });
        // ORDERING: Release: the next user sees what this one did.
        self.locked.store(false, Release);
        result
    }
}

static MEMORY: Memory = Memory(UnsafeCell::new([MaybeUninit::uninit(); BYTES]));
static POOL: Lock<Option<SendRawPool>> = Lock::new(None);

/// Builds the pool, if there is none. The number of readings that it has room for, or 0 if it cannot be built.
#[unsafe(no_mangle)]
pub extern "C" fn readings_init() -> usize {
    POOL.with(|pool| {
        if pool.is_none() {
            // SAFETY: only the pool has the memory, and there is none.
            let memory = FixedMemory::new(unsafe { &mut *MEMORY.0.get() });
            let builder = RawPool::builder_in(READING, memory).chunks_per_block(READINGS);
            *pool = builder.capacity(READINGS).max_chunks(READINGS).build_send().ok();
        }
        pool.as_ref().map_or(0, |pool| pool.capacity())
    })
}

/// A reading that was taken at `time`, or null if all are in use.
#[unsafe(no_mangle)]
pub extern "C" fn reading_new(time: u32) -> *mut Reading {
    let chunk = POOL.with(|pool| pool.as_ref().and_then(|pool| pool.allocate().ok()));
    let Some(reading) = chunk.map(NonNull::cast::<Reading>) else { return ptr::null_mut() };
    // SAFETY: the chunk is ours and has room for it.
    unsafe { reading.write(Reading { time, values: [time as f32; 7] }) };
    reading.as_ptr()
}

/// Gives a reading back, unless it is null.
///
/// # Safety
///
/// 1. It came from `reading_new`, and is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reading_free(reading: *mut Reading) {
    let Some(chunk) = NonNull::new(reading.cast::<u8>()) else { return };
    POOL.with(|pool| {
        if let Some(pool) = pool {
            // SAFETY: (1).
            unsafe { pool.deallocate(chunk) };
        }
    });
}

/// How many readings are in use.
#[unsafe(no_mangle)]
pub extern "C" fn readings_in_use() -> usize {
    POOL.with(|pool| pool.as_ref().map_or(0, |pool| pool.len()))
}

/// Bytes of the pool's memory.
#[unsafe(no_mangle)]
pub extern "C" fn readings_bytes() -> usize {
    size_of::<Memory>()
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
