//! Valgrind's memcheck: each segment is one of its memory pools, each live chunk a block in it.
//!
//! A *client request* is a sequence of instructions that changes nothing on a processor, and that Valgrind knows, with the
//! request's number and arguments in memory. The sequences and numbers are those of Valgrind's `valgrind.h` and
//! `memcheck.h`; a test compares the numbers with the headers. Elsewhere than on x86-64 and AArch64, nothing is said.

use core::ptr::NonNull;

const RUNNING_ON_VALGRIND: usize = 0x1001;
const CREATE_MEMPOOL: usize = 0x1303;
const DESTROY_MEMPOOL: usize = 0x1304;
const MEMPOOL_ALLOC: usize = 0x1305;
const MEMPOOL_FREE: usize = 0x1306;
const MAKE_MEM_NOACCESS: usize = (b'M' as usize) << 24 | (b'C' as usize) << 16;
const MAKE_MEM_UNDEFINED: usize = MAKE_MEM_NOACCESS + 1;

/// Whether this process runs under Valgrind. False without the feature.
#[inline]
pub(super) fn is_running() -> bool {
    request(RUNNING_ON_VALGRIND, [0; 5]) != 0
}

/// A pool, named by an address, of which nothing is allocated.
pub(super) fn create_pool(pool: NonNull<u8>) {
    // No red zones: chunks lie side by side. What is allocated is not zeroed.
    request(CREATE_MEMPOOL, [pool.addr().get(), 0, 0, 0, 0]);
}

/// Nobody may touch what was allocated from the pool.
pub(super) fn destroy_pool(pool: NonNull<u8>) {
    request(DESTROY_MEMPOOL, [pool.addr().get(), 0, 0, 0, 0]);
}

/// So many bytes may be touched, but have no value yet.
pub(super) fn allocate(pool: NonNull<u8>, start: NonNull<u8>, bytes: usize) {
    if bytes != 0 {
        request(MEMPOOL_ALLOC, [pool.addr().get(), start.addr().get(), bytes, 0, 0]);
    }
}

/// Nobody may touch what was allocated there.
pub(super) fn free(pool: NonNull<u8>, start: NonNull<u8>) {
    request(MEMPOOL_FREE, [pool.addr().get(), start.addr().get(), 0, 0, 0]);
}

pub(super) fn make_no_access(start: NonNull<u8>, bytes: usize) {
    request(MAKE_MEM_NOACCESS, [start.addr().get(), bytes, 0, 0, 0]);
}

/// So many bytes may be touched, but have no value.
pub(super) fn make_undefined(start: NonNull<u8>, bytes: usize) {
    request(MAKE_MEM_UNDEFINED, [start.addr().get(), bytes, 0, 0, 0]);
}

/// Valgrind's answer; 0 elsewhere.
#[cfg(all(feature = "valgrind", target_arch = "x86_64", not(miri)))]
#[inline]
fn request(number: usize, [a, b, c, d, e]: [usize; 5]) -> usize {
    let request = [number, a, b, c, d, e];
    let mut answer = 0;
    // SAFETY: rotated by 128 bits in all, `rdi` is as before, and so is `rbx`; under Valgrind, marks alone change.
    unsafe {
        core::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") request.as_ptr(),
            inout("rdx") answer,
            options(nostack),
        );
    }
    answer
}

/// Valgrind's answer; 0 elsewhere.
#[cfg(all(feature = "valgrind", target_arch = "aarch64", not(miri)))]
#[inline]
fn request(number: usize, [a, b, c, d, e]: [usize; 5]) -> usize {
    let request = [number, a, b, c, d, e];
    let mut answer = 0;
    // SAFETY: rotated by 128 bits in all, `x12` is as before, and so is `x10`; under Valgrind, marks alone change.
    unsafe {
        core::arch::asm!(
            "ror x12, x12, #3",
            "ror x12, x12, #13",
            "ror x12, x12, #51",
            "ror x12, x12, #61",
            "orr x10, x10, x10",
            in("x4") request.as_ptr(),
            inout("x3") answer,
            options(nostack),
        );
    }
    answer
}

#[cfg(not(all(feature = "valgrind", any(target_arch = "x86_64", target_arch = "aarch64"), not(miri))))]
#[inline(always)]
const fn request(_number: usize, _arguments: [usize; 5]) -> usize {
    0
}
