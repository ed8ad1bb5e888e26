//! One piece: how it is aligned, guarded, filled and given back.

use std::alloc::Layout;
use std::os::unix::process::ExitStatusExt;
use std::ptr::NonNull;

use goo_pool_core::Parent;
use goo_pool_core::os::{HugePages, OsMemory};

use crate::{child, proc};

const SEGMENTATION_FAULT: i32 = 11;
const MIB: usize = 1 << 20;

/// A piece, given back when it is dropped.
pub(crate) struct Piece<'m> {
    memory: &'m OsMemory,
    pub(crate) ptr: NonNull<u8>,
    pub(crate) layout: Layout,
}

impl<'m> Piece<'m> {
    pub(crate) fn new(memory: &'m OsMemory, size: usize, align: usize) -> Self {
        let layout = Layout::from_size_align(size, align).unwrap();
        Self { memory, ptr: memory.allocate(layout).expect("there is memory"), layout }
    }

    pub(crate) fn address(&self) -> usize {
        self.ptr.addr().get()
    }

    pub(crate) fn fill(&self, byte: u8) {
        // SAFETY: the piece is ours, and so large.
        unsafe { self.ptr.write_bytes(byte, self.layout.size()) };
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the piece is ours, so large, and the system filled it with zeros, or we did.
        unsafe { std::slice::from_raw_parts(self.ptr.as_ptr(), self.layout.size()) }
    }
}

impl Drop for Piece<'_> {
    fn drop(&mut self) {
        // SAFETY: it came from there with this layout, and is not used any more.
        unsafe { self.memory.deallocate(self.ptr, self.layout) };
    }
}

fn every_kind_of_memory() -> Vec<OsMemory> {
    let mut all = Vec::new();
    for huge in [HugePages::System, HugePages::On, HugePages::Off] {
        for guarded in [false, true] {
            for prefault in [false, true] {
                let settings = OsMemory::builder().huge_pages(huge).guard_pages(guarded).prefault(prefault);
                all.push(settings.build().unwrap());
            }
        }
    }
    all
}

#[test]
fn every_piece_is_aligned_zeroed_and_nobody_elses() {
    for memory in every_kind_of_memory() {
        for shift in [0, 3, 6, 12, 13, 16, 18, 21, 22] {
            let sizes = [1, 64, 4095, 4096, 4097, 65_536, 100_000];
            let pieces: Vec<_> = sizes.iter().map(|&size| Piece::new(&memory, size, 1 << shift)).collect();
            for (number, piece) in pieces.iter().enumerate() {
                assert_eq!(piece.address() % (1 << shift), 0);
                assert!(piece.bytes().iter().all(|&byte| byte == 0));
                piece.fill(1 + number as u8);
            }
            for (number, piece) in pieces.iter().enumerate() {
                assert!(piece.bytes().iter().all(|&byte| byte == 1 + number as u8), "two owners of one byte");
            }
        }
    }
}

#[test]
#[cfg_attr(goo_asan, ignore = "AddressSanitizer maps memory of its own meanwhile")]
fn what_is_given_back_leaves_nothing_in_the_address_space() {
    const TEST: &str = "mappings::what_is_given_back_leaves_nothing_in_the_address_space";
    if child::part().is_none() {
        assert!(child::run(TEST, "alone").success());
        return;
    }
    let memories = every_kind_of_memory();
    let round = || {
        for memory in &memories {
            let pieces: Vec<_> =
                (0..24).map(|number| Piece::new(memory, 1 + number * 20_777, 1 << (number % 23))).collect();
            pieces.iter().step_by(3).for_each(|piece| piece.fill(7));
        }
    };
    let mappings = || std::fs::read_to_string("/proc/self/maps").unwrap().lines().count();
    // What the global allocator needs for this it takes now.
    round();
    let before = (proc::status("VmSize"), mappings());
    (0..4).for_each(|_| round());
    assert_eq!((proc::status("VmSize"), mappings()), before);
}

#[test]
fn a_touch_before_or_behind_a_guarded_piece_ends_the_process() {
    const TEST: &str = "mappings::a_touch_before_or_behind_a_guarded_piece_ends_the_process";
    let Some(part) = child::part() else {
        for size in [1, 4096, 200_000, 4 * MIB] {
            assert!(child::run(TEST, &format!("{size} within")).success());
            for outside in ["before", "behind", "far behind"] {
                let status = child::run(TEST, &format!("{size} {outside}"));
                assert_eq!(status.signal(), Some(SEGMENTATION_FAULT), "{size} {outside}: {status}");
            }
        }
        return;
    };
    let (size, place) = part.split_once(' ').unwrap();
    let memory = OsMemory::builder().huge_pages(HugePages::On).guard_pages(true).build().unwrap();
    assert!(memory.has_guard_pages());
    // Neighbours on both sides: without guards a touch would find one of them.
    let pieces: Vec<_> = (0..3).map(|_| Piece::new(&memory, size.parse().unwrap(), 65_536)).collect();
    pieces.iter().for_each(|piece| piece.fill(1));
    let behind = pieces[1].layout.size().next_multiple_of(memory.page_size());
    let touched = match place {
        "within" => pieces[1].ptr.as_ptr().wrapping_add(behind - 1),
        "before" => pieces[1].ptr.as_ptr().wrapping_sub(1),
        "behind" => pieces[1].ptr.as_ptr().wrapping_add(behind),
        _ => pieces[1].ptr.as_ptr().wrapping_add(behind + memory.page_size() - 1),
    };
    // SAFETY: none, if outside: that it does not come back is what is tested.
    unsafe { touched.write_volatile(1) };
}

#[test]
fn prefaulted_memory_is_there_before_its_first_use_and_other_memory_is_not() {
    for prefault in [false, true] {
        // Guards keep the system from merging the mapping with a neighbour's.
        let settings = OsMemory::builder().guard_pages(true).huge_pages(HugePages::Off).prefault(prefault);
        let memory = settings.build().unwrap();
        let piece = Piece::new(&memory, 8 * MIB, 65_536);
        let resident = proc::smaps(piece.address(), "Rss");
        assert_eq!(resident, if prefault { 8 * MIB } else { 0 });
        piece.fill(1);
        assert_eq!(proc::smaps(piece.address(), "Rss"), 8 * MIB);
    }
}

#[test]
fn huge_pages_are_used_where_they_are_asked_for_and_nowhere_else() {
    let system = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").unwrap_or_default();
    if system.is_empty() || system.contains("[never]") {
        eprintln!("skipped: this system gives no huge pages");
        return;
    }
    let huge_bytes = |huge_pages, size: usize, prefault| {
        let settings = OsMemory::builder().guard_pages(true).huge_pages(huge_pages).prefault(prefault);
        let memory = settings.build().unwrap();
        let piece = Piece::new(&memory, size, 4096);
        if huge_pages == HugePages::On && size >= memory.huge_page_size() {
            assert_eq!(piece.address() % memory.huge_page_size(), 0);
        }
        piece.fill(1);
        proc::smaps(piece.address(), "AnonHugePages")
    };
    for prefault in [false, true] {
        // A system that is short of memory may not have all of them.
        assert!(huge_bytes(HugePages::On, 16 * MIB, prefault) >= 4 * MIB);
        assert_eq!(huge_bytes(HugePages::On, MIB, prefault), 0, "a small piece has small pages");
        assert_eq!(huge_bytes(HugePages::Off, 16 * MIB, prefault), 0);
    }
}
