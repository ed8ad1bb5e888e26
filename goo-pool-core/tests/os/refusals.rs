//! A system that has no more.

use std::alloc::Layout;

use goo_pool_core::os::{self, OsError, OsMemory};
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

/// A system counts mappings, neighbours of one kind as one. At its limit it does not cut one in two any more, to give back a part.
#[test]
#[cfg_attr(goo_asan, ignore = "AddressSanitizer maps memory of its own meanwhile")]
fn at_the_limit_of_mappings_pieces_are_refused_and_what_is_given_back_is_memory_at_least() {
    const TEST: &str =
        "refusals::at_the_limit_of_mappings_pieces_are_refused_and_what_is_given_back_is_memory_at_least";
    let limit = std::fs::read_to_string("/proc/sys/vm/max_map_count").unwrap();
    if limit.trim().parse::<usize>().unwrap() > 200_000 {
        eprintln!("skipped: this system allows too many mappings");
        return;
    }
    if child::part().is_none() {
        assert!(child::run(TEST, "alone").success());
        return;
    }
    let plain = OsMemory::new().unwrap();
    let guarded = OsMemory::builder().guard_pages(true).build().unwrap();
    let page = plain.page_size();
    let mut spaced = Vec::with_capacity(200_000);
    let before = proc::status("VmSize");
    let together: Vec<_> = (0..64).map(|_| Piece::new(&plain, page, page)).collect();
    together.iter().for_each(|piece| piece.fill(1));
    let layout = Layout::from_size_align(page, page).unwrap();
    while let Some(ptr) = guarded.allocate(layout) {
        spaced.push(ptr);
    }
    assert!(spaced.len() > 10_000, "{}", spaced.len());
    assert!(guarded.allocate(layout).is_none());

    // From between the others: what stays is in two parts.
    let (between, _others): (Vec<_>, Vec<_>) = together.into_iter().partition(|piece| piece.address() / page % 2 == 0);
    let addresses: Vec<_> = between.iter().map(|piece| piece.ptr).collect();
    drop(between);
    for address in addresses {
        let placement = os::placement(address.as_ptr());
        assert!(matches!(placement, Err(OsError::NotResident | OsError::NotMapped | OsError::NoNuma)), "{placement:?}");
    }
    for ptr in spaced {
        // SAFETY: it came from there with this layout.
        unsafe { guarded.deallocate(ptr, layout) };
    }
    assert!(proc::status("VmSize") <= before + 64 * page);
    Piece::new(&guarded, 100_000, 65_536).fill(1);
}
