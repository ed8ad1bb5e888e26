//! Linux. All system calls of the crate are here.
//!
//! `rustix` makes those about mappings; it has none about nodes, so `libc` makes these.

use std::ffi::{c_int, c_long, c_void};
use std::ptr::{self, NonNull};
use std::string::String;

use rustix::io::Errno;
use rustix::mm::{self, Advice, MapFlags, MprotectFlags, ProtFlags};

use super::error::OsError;
use super::mask::Mask;
use super::node::Node;

/// How memory is spread over a set of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// On these alone.
    Bind,
    /// On this one, while it has memory.
    Prefer,
    /// On each in turn.
    Interleave,
}

/// A range of pages of our own (O2), which are given back when this is dropped.
#[derive(Debug)]
pub(super) struct Mapping {
    /// From here, `len` bytes, whole pages.
    base: NonNull<u8>,
    len: usize,
}

impl Mapping {
    /// So much address space, which nobody may touch yet. `None` if there is none.
    pub(super) fn new(len: usize) -> Option<Self> {
        // SAFETY: a new mapping, wherever the system likes, changes no other memory.
        let base = unsafe { mm::mmap_anonymous(ptr::null_mut(), len, ProtFlags::empty(), MapFlags::PRIVATE) }.ok()?;
        Some(Self { base: NonNull::new(base.cast())?, len })
    }

    /// The first page; the memory stays mapped.
    pub(super) fn into_raw(self) -> NonNull<u8> {
        let base = self.base;
        std::mem::forget(self);
        base
    }

    /// Gives back what [`into_raw`](Self::into_raw) left mapped.
    ///
    /// # Safety
    ///
    /// 1. `base` is what `into_raw` of a mapping of `len` bytes gave, and has not been given back since.
    /// 2. Nobody uses the memory any more.
    pub(super) unsafe fn unmap(base: NonNull<u8>, len: usize) {
        drop(Self { base, len });
    }

    pub(super) fn address(&self) -> usize {
        self.base.addr().get()
    }

    /// Gives the first `front` bytes back, and the last `behind`, whole pages. `None` if the system refuses: it has a limit of mappings,
    /// which is reached if this cuts one that it had merged with its neighbour.
    pub(super) fn trim(&mut self, front: usize, behind: usize) -> Option<()> {
        debug_assert!(front + behind < self.len);
        let rest = self.len - behind;
        self.part(rest, behind).unmap()?;
        self.len = rest;
        self.part(0, front).unmap()?;
        // SAFETY: `front` is less than the mapping's length.
        self.base = unsafe { self.base.byte_add(front) };
        self.len -= front;
        Some(())
    }

    /// Makes the memory between two guards of `guard` bytes usable. `None` if the system has not so much.
    pub(super) fn open(&self, guard: usize) -> Option<()> {
        let part = self.part(guard, self.len - 2 * guard);
        // SAFETY: the pages are ours (O2), and nobody uses them yet.
        unsafe { mm::mprotect(part.ptr(), part.len, MprotectFlags::READ | MprotectFlags::WRITE) }.ok()
    }

    /// Says that huge pages are wanted, or not. A system that knows none does not listen.
    pub(super) fn advise_huge(&self, wanted: bool) {
        let advice = if wanted { Advice::LinuxHugepage } else { Advice::LinuxNoHugepage };
        let part = self.part(0, self.len);
        // SAFETY: the pages are ours (O2); this changes nothing that could be seen in them.
        let _ = unsafe { mm::madvise(part.ptr(), part.len, advice) };
    }

    /// Says on which nodes pages are to lie that have no memory yet.
    pub(super) fn place(&self, mode: Mode, nodes: &Mask) -> Result<(), OsError> {
        let mode = match mode {
            Mode::Bind => libc::MPOL_BIND,
            Mode::Prefer => libc::MPOL_PREFERRED,
            Mode::Interleave => libc::MPOL_INTERLEAVE,
        };
        let (mask, bits) = nodes.as_raw();
        // As long as a register: the system reads all of it.
        let (base, mode, no_flags) = (self.base.as_ptr(), c_long::from(mode), 0 as c_long);
        // SAFETY: the pages are ours (O2), and the mask has so many bits, less one, which is how the system counts them.
        checked(unsafe { libc::syscall(libc::SYS_mbind, base, self.len, mode, mask, bits, no_flags) })
    }

    /// Gives the usable pages memory now. `None` if there is not enough.
    pub(super) fn populate(&self, guard: usize, page: usize) -> Option<()> {
        let part = self.part(guard, self.len - 2 * guard);
        // SAFETY: the pages are ours (O2); what is in them stays.
        match unsafe { mm::madvise(part.ptr(), part.len, Advice::LinuxPopulateWrite) } {
            Ok(()) => Some(()),
            // Before Linux 5.14.
            Err(Errno::INVAL) => {
                for offset in (0..part.len).step_by(page) {
                    // SAFETY: within the part.
                    let first = unsafe { part.base.byte_add(offset) };
                    // SAFETY: ours, opened for writing, and still 0.
                    unsafe { first.write_volatile(0) };
                }
                Some(())
            }
            Err(_) => None,
        }
    }

    /// A part of the range, whole pages within it.
    fn part(&self, offset: usize, len: usize) -> Part {
        debug_assert!(offset + len <= self.len);
        // SAFETY: within the mapping.
        Part { base: unsafe { self.base.byte_add(offset) }, len }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let part = self.part(0, self.len);
        if part.unmap().is_none() {
            // The system cannot cut the range out of a larger one (see `trim`). The address space is lost, but not the memory.
            // SAFETY: the pages are ours (O2), and nobody uses them any more.
            let _ = unsafe { mm::madvise(part.ptr(), part.len, Advice::LinuxDontNeed) };
        }
    }
}

/// Some pages of a mapping, while it lives.
#[derive(Clone, Copy)]
struct Part {
    base: NonNull<u8>,
    len: usize,
}

impl Part {
    fn ptr(self) -> *mut c_void {
        self.base.as_ptr().cast()
    }

    fn unmap(self) -> Option<()> {
        if self.len == 0 {
            return Some(());
        }
        // SAFETY: the pages are ours (O2), and whoever has the mapping no longer uses these.
        unsafe { mm::munmap(self.ptr(), self.len) }.ok()
    }
}

pub(super) fn page_size() -> Result<usize, OsError> {
    Ok(rustix::param::page_size())
}

/// The size of a huge page; `None` if the system has none, or does not say.
pub(super) fn huge_page_size() -> Option<usize> {
    let text = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size").ok()?;
    text.trim().parse().ok().filter(|size: &usize| size.is_power_of_two())
}

pub(super) fn nodes_with_memory() -> Option<String> {
    std::fs::read_to_string("/sys/devices/system/node/has_memory").ok()
}

pub(super) fn current_node() -> Result<Node, OsError> {
    let mut node = 0;
    let (no_cpu, unused) = (ptr::null_mut::<u32>(), ptr::null_mut::<c_void>());
    // SAFETY: `node` can be written, and the others are not wanted.
    checked(unsafe { libc::syscall(libc::SYS_getcpu, no_cpu, &raw mut node, unused) })?;
    Ok(Node(node))
}

/// Asks where one page is. Unlike `get_mempolicy`, this does not bring it in.
pub(super) fn node_of(page: *const u8) -> Result<Node, OsError> {
    let mut status: c_int = 0;
    let (this_process, pages, no_move, no_flags) = (0 as c_long, 1_usize, ptr::null::<c_int>(), 0 as c_long);
    let (first, result) = (&raw const page, &raw mut status);
    // SAFETY: one pointer can be read and one number written; without nodes to move to, nothing is moved, and the page is not
    // touched.
    checked(unsafe { libc::syscall(libc::SYS_move_pages, this_process, pages, first, no_move, result, no_flags) })?;
    match u32::try_from(status) {
        Ok(node) => Ok(Node(node)),
        Err(_) if -status == libc::ENOENT => Err(OsError::NotResident),
        // Also the page of zeros that is shared by all that was read and never written.
        Err(_) if -status == libc::EFAULT => Err(OsError::NotMapped),
        Err(_) => Err(OsError::Other(-status)),
    }
}

/// What a system call said. `EINVAL` is for the caller to explain.
fn checked(result: c_long) -> Result<(), OsError> {
    if result == 0 {
        return Ok(());
    }
    match std::io::Error::last_os_error().raw_os_error().unwrap_or(0) {
        libc::ENOSYS => Err(OsError::NoNuma),
        libc::EPERM | libc::EACCES => Err(OsError::Refused),
        code => Err(OsError::Other(code)),
    }
}
