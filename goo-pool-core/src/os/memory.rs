//! The parent that asks the system.

use std::alloc::Layout;
use std::ptr::NonNull;

use super::builder::{Fallback, HugePages, OsMemoryBuilder, Placement};
use super::error::OsError;
use super::extent::Extent;
use super::mask::Mask;
use super::node::{Node, current_node};
use super::sys::{self, Mapping, Mode};
use crate::parent::Parent;

/// Memory straight from the operating system, each piece in a mapping of its own.
///
/// Good for large pools: it can have huge pages, a NUMA node, guard pages, and memory before its first use. Each piece takes whole
/// pages and some system calls, and so do a pool's own records, of which there are one or two, and one for each thread. So small pools
/// are better off with [`Global`](crate::Global). A piece that was given back is the system's at once, and a new one is all zeros.
/// (But a process that has as many mappings as the system allows may get back less address space than it gave up, and no less memory.)
///
/// Works on Linux; see the [module](super).
///
/// # Examples
///
/// ```no_run
/// use std::alloc::Layout;
/// use goo_pool_core::RawPool;
/// use goo_pool_core::os::{HugePages, OsMemory};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let memory = OsMemory::builder().huge_pages(HugePages::On).build()?;
/// let pool = RawPool::builder(Layout::new::<[u64; 8]>()).parent(memory).capacity(1_000_000).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct OsMemory {
    huge_pages: HugePages,
    guard_pages: bool,
    prefault: bool,
    policy: Policy,
    fallback: Fallback,
    fell_back: bool,
    page: usize,
    huge_page: usize,
}

/// A placement that the system has agreed to.
#[derive(Debug, Clone, Copy)]
enum Policy {
    FirstTouch,
    Local,
    Fixed(Mode, Mask),
}

/// Where the system does not say how large huge pages are.
const USUAL_HUGE_PAGE: usize = 2 << 20;

impl OsMemory {
    /// Memory as the system gives it by itself.
    ///
    /// # Errors
    ///
    /// [`OsError::Unsupported`] on other systems than Linux.
    pub fn new() -> Result<Self, OsError> {
        Self::builder().build()
    }

    /// Settings.
    pub fn builder() -> OsMemoryBuilder {
        OsMemoryBuilder::default()
    }

    pub(super) fn from_builder(settings: OsMemoryBuilder) -> Result<Self, OsError> {
        let OsMemoryBuilder { huge_pages, guard_pages, prefault, placement, fallback } = settings;
        let page = sys::page_size()?;
        let tried = Policy::tried(&placement, page);
        let fell_back = tried.is_err() && fallback == Fallback::FirstTouch;
        let policy = if fell_back { Policy::FirstTouch } else { tried? };
        let huge_page = sys::huge_page_size().unwrap_or(USUAL_HUGE_PAGE);
        Ok(Self { huge_pages, guard_pages, prefault, policy, fallback, fell_back, page, huge_page })
    }

    /// Bytes of a page.
    #[must_use]
    pub const fn page_size(&self) -> usize {
        self.page
    }

    /// Bytes of a huge page: from this size on, pieces are aligned to it with [`HugePages::On`].
    #[must_use]
    pub const fn huge_page_size(&self) -> usize {
        self.huge_page
    }

    /// Whether each piece has guard pages around it.
    #[must_use]
    pub const fn has_guard_pages(&self) -> bool {
        self.guard_pages
    }

    /// Whether the system refused the placement that was asked for, so that [`Fallback::FirstTouch`] is in force.
    #[must_use]
    pub const fn fell_back(&self) -> bool {
        self.fell_back
    }

    fn extent(&self, layout: Layout) -> Option<Extent> {
        let huge = (self.huge_pages == HugePages::On).then_some(self.huge_page);
        Extent::new(layout, self.page, huge, self.guard_pages)
    }

    /// A mapping for that extent. What fails on the way gives everything back.
    fn map(&self, extent: Extent) -> Option<Mapping> {
        let mut mapping = Mapping::new(extent.asked())?;
        let (front, behind) = extent.trimmed(mapping.address());
        mapping.trim(front, behind)?;
        mapping.open(extent.guard)?;
        match self.huge_pages {
            HugePages::System => {}
            HugePages::On => mapping.advise_huge(true),
            HugePages::Off => mapping.advise_huge(false),
        }
        if self.policy.apply(&mapping).is_err() && self.fallback == Fallback::Error {
            return None;
        }
        if self.prefault {
            mapping.populate(extent.guard, self.page)?;
        }
        Some(mapping)
    }
}

// SAFETY: a piece lies in pages that are mapped for it alone, readable and writable, aligned and large enough (`Extent`), until they
// are given back.
unsafe impl Parent for OsMemory {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        let extent = self.extent(layout).filter(|_| layout.size() != 0)?;
        let base = self.map(extent)?.into_raw();
        // SAFETY: the mapping is longer than its first guard.
        Some(unsafe { base.byte_add(extent.guard) })
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // What it was when the piece was mapped (O1).
        let Some(extent) = self.extent(layout) else { unreachable!("a piece without an extent") };
        // SAFETY: in `allocate`, `ptr` was made so from the mapping's first page (1, O1).
        let base = unsafe { ptr.byte_sub(extent.guard) };
        // SAFETY: it came from `into_raw`, and so many bytes were kept (1, O1); nobody uses them any more (2).
        unsafe { Mapping::unmap(base, extent.kept()) };
    }

    fn allocate_zeroed(&self, layout: Layout) -> Option<NonNull<u8>> {
        // As the system gives its pages.
        self.allocate(layout)
    }

    /// The node that this thread runs on, with [`Placement::Local`].
    fn home(&self) -> u32 {
        match self.policy {
            Policy::Local => current_node().map_or(0, |node| node.0),
            Policy::FirstTouch | Policy::Fixed(..) => 0,
        }
    }
}

impl Policy {
    /// As asked for, if the system agrees; tried on a page.
    fn tried(placement: &Placement, page: usize) -> Result<Self, OsError> {
        let page = || Mapping::new(page).ok_or(OsError::Other(0));
        match placement {
            Placement::FirstTouch => Ok(Self::FirstTouch),
            Placement::Local => Self::Local.apply(&page()?).map(|()| Self::Local),
            Placement::Bind(node) => Ok(Self::Fixed(Mode::Bind, tried(*node, &page()?)?)),
            Placement::Interleave(nodes) => {
                let page = page()?;
                let mut mask = Mask::EMPTY;
                for &node in nodes {
                    // One by one: of a set, the system passes over those that it has not.
                    tried(node, &page)?;
                    mask = mask.with(node)?;
                }
                if mask == Mask::EMPTY { Err(OsError::NoNodes) } else { Ok(Self::Fixed(Mode::Interleave, mask)) }
            }
        }
    }

    fn apply(&self, mapping: &Mapping) -> Result<(), OsError> {
        match self {
            Self::FirstTouch => Ok(()),
            Self::Local => mapping.place(Mode::Prefer, &Mask::of(current_node()?)?),
            Self::Fixed(mode, nodes) => mapping.place(*mode, nodes),
        }
    }
}

/// The set of this node alone, if memory can be bound to it.
fn tried(node: Node, page: &Mapping) -> Result<Mask, OsError> {
    let mask = Mask::of(node)?;
    page.place(Mode::Bind, &mask).map_err(|error| match error {
        OsError::Other(_) => OsError::NoSuchNode(node),
        other => other,
    })?;
    Ok(mask)
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use super::*;

    fn address_space() -> usize {
        let text = std::fs::read_to_string("/proc/self/statm").unwrap();
        text.split(' ').next().unwrap().parse::<usize>().unwrap() * rustix::param::page_size()
    }

    /// Only a node that goes away after `build` is refused here, so there is no public way to this.
    #[test]
    fn a_piece_that_cannot_be_placed_is_given_back_or_kept_as_the_fallback_says() {
        const GIB: usize = 1 << 30;
        let nowhere = Policy::Fixed(Mode::Bind, Mask::of(Node(1023)).unwrap());
        let layout = Layout::from_size_align(GIB, 1 << 16).unwrap();
        let before = address_space();
        let memory = OsMemory { policy: nowhere, ..OsMemory::builder().guard_pages(true).build().unwrap() };
        for _ in 0..1000 {
            assert_eq!(memory.allocate(layout), None);
        }
        // Other tests run meanwhile; a leak would be a thousand.
        assert!(address_space() < before + 100 * GIB);
        let memory = OsMemory { fallback: Fallback::FirstTouch, ..memory };
        let piece = memory.allocate(layout).unwrap();
        // SAFETY: it came from there with this layout.
        unsafe { memory.deallocate(piece, layout) };
    }
}
