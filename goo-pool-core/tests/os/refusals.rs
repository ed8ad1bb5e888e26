//! A system that has no more.

use std::alloc::Layout;

use goo_pool_core::os::OsMemory;
use goo_pool_core::{AllocError, BuildError, Parent, RawPool};

use crate::mappings::Piece;
use crate::{child, proc};

const GIB: usize = 1 << 30;

#[test]
fn a_request_beyond_all_memory_is_refused() {
    let memory = OsMemory::builder().guard_pages(true).build().unwrap();
    for size in [isize::MAX as usize - 65_535, isize::MAX as usize / 2, 1 << 50] {
        assert_eq!(memory.allocate(Layout::from_size_align(size, 65_536).unwrap()), None);
    }
    let pool = RawPool::builder(Layout::new::<[u64; 8]>()).parent(memory).build().unwrap();
    let error = pool.reserve(1 << 40).unwrap_err();
    assert!(matches!(error, AllocError::OutOfMemory { .. }), "{error}");
    pool.allocate().unwrap();
    pool.assert_valid();
}

/// What the shell calls `-v` limits the address space, and `-d` what can be written: with it the mapping itself succeeds, and
/// then cannot be opened.
#[test]
#[cfg_attr(goo_asan, ignore = "AddressSanitizer needs more of the address space than any limit")]
fn a_limit_of_the_process_is_an_error_and_what_was_mapped_before_it_goes_back() {
    const TEST: &str = "refusals::a_limit_of_the_process_is_an_error_and_what_was_mapped_before_it_goes_back";
    if child::part().is_none() {
        for limit in ["-v", "-d"] {
            let status = child::run_after(&format!("ulimit {limit} 250000"), TEST, "limited");
            assert!(status.success(), "{limit}: {status}");
        }
        return;
    }
    let layout = Layout::new::<[u64; 256]>();
    let memory = OsMemory::builder().guard_pages(true).prefault(true).build().unwrap();
    let before = proc::status("VmSize");
    for _ in 0..10 {
        assert_eq!(memory.allocate(Layout::from_size_align(GIB, 65_536).unwrap()), None);
    }
    assert_eq!(proc::status("VmSize"), before);
    let build = |capacity| RawPool::builder(layout).parent(memory.clone()).capacity(capacity).build();
    let error = build(GIB / 2048).unwrap_err();
    assert!(matches!(error, BuildError::Alloc(AllocError::OutOfMemory { .. })), "{error}");

    // A pool that grows until there is no more works on with what it has.
    let pool = build(0).unwrap();
    let mut chunks = Vec::with_capacity(GIB / 2048);
    let error = loop {
        match pool.allocate() {
            Ok(chunk) => chunks.push(chunk),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, AllocError::OutOfMemory { .. }), "{error}");
    assert!(chunks.len() > 50_000, "{}", chunks.len());
    // SAFETY: the pool gave it, and nobody uses it.
    unsafe { pool.deallocate(chunks.pop().unwrap()) };
    pool.allocate().unwrap();
    pool.assert_valid();
    drop(pool);
    drop(Piece::new(&memory, GIB / 16, 4096));
}
