//! Settings for memory from the system.

use std::vec::Vec;

use super::error::OsError;
use super::memory::OsMemory;
use super::node::Node;

/// Whether pieces should lie on the system's transparent huge pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum HugePages {
    /// As the system does by itself.
    #[default]
    System,
    /// Ask for them, wherever a piece is at least as large as one (2 MiB on most systems). Such a piece is aligned to them. Without
    /// guard pages a piece is made longer, if an eighth of it or less is missing to a whole number of them; what is left beyond has
    /// small pages, and so have smaller pieces. A pool's first segments are small: give it a
    /// [`first_segment`](crate::RawPoolBuilder::first_segment) of a huge page or more.
    ///
    /// This is a wish: a system that has none, or none free, gives small pages.
    On,
    /// Never, even where the system would by itself: memory is then taken a small page at a time.
    Off,
}

/// On which NUMA node memory lies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Placement {
    /// Each page on the node of the thread that touches it first, as the system does by itself (unless the process was
    /// told otherwise, say by `numactl`).
    #[default]
    FirstTouch,
    /// Each piece on the node of the thread that asks for it, whoever touches it first; elsewhere only if that node is full. The shards of
    /// a thread-safe pool keep to pieces of the node that their thread runs on ([`Parent::home`](crate::Parent::home)).
    Local,
    /// Everything on this node, and nowhere else: when it is full, the system ends the process, or another one.
    Bind(Node),
    /// Page after page, in turn, on each of these nodes.
    Interleave(Vec<Node>),
}

/// What to do where the system has no NUMA, or refuses the [`Placement`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Fallback {
    /// Fail: [`build`](OsMemoryBuilder::build) says why, and a refusal after that counts as "no memory".
    #[default]
    Error,
    /// Take memory wherever the system puts it, as [`Placement::FirstTouch`].
    FirstTouch,
}

/// Settings for [`OsMemory`]; made by [`OsMemory::builder`].
///
/// # Examples
///
/// ```no_run
/// use goo_pool_core::os::{Node, OsMemory, Placement};
///
/// # fn main() -> Result<(), goo_pool_core::os::OsError> {
/// let memory = OsMemory::builder().guard_pages(true).placement(Placement::Bind(Node(0))).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until it builds"]
pub struct OsMemoryBuilder {
    pub(super) huge_pages: HugePages,
    pub(super) guard_pages: bool,
    pub(super) prefault: bool,
    pub(super) placement: Placement,
    pub(super) fallback: Fallback,
}

impl OsMemoryBuilder {
    /// Whether to ask for huge pages, instead of leaving that to the system.
    pub fn huge_pages(mut self, huge_pages: HugePages) -> Self {
        self.huge_pages = huge_pages;
        self
    }

    /// Puts a page that nobody may touch before each piece, and one behind its last page, so that a run over the piece's end ends the process
    /// at once. Between the piece's end and the end of its last page there is no guard. Costs two pages of address space, and
    /// two entries more in the system's table of mappings, of which a process has 65,530 by default.
    pub fn guard_pages(mut self, guarded: bool) -> Self {
        self.guard_pages = guarded;
        self
    }

    /// Gives each piece its memory when it is mapped, instead of at each page's first use: growing takes longer, first use is
    /// faster, and a lack of memory is more often an error of the pool's.
    pub fn prefault(mut self, prefault: bool) -> Self {
        self.prefault = prefault;
        self
    }

    /// On which node memory should lie, instead of where it is touched first.
    pub fn placement(mut self, placement: Placement) -> Self {
        self.placement = placement;
        self
    }

    /// What to do if the system refuses the placement, instead of failing.
    pub fn fallback(mut self, fallback: Fallback) -> Self {
        self.fallback = fallback;
        self
    }

    /// The parent. Tries the placement on a page of its own.
    ///
    /// # Errors
    ///
    /// [`OsError::Unsupported`] on other systems than Linux, whatever the fallback is. With [`Fallback::Error`] also
    /// [`OsError::NoNuma`], [`OsError::Refused`], [`OsError::NoSuchNode`] or [`OsError::NoNodes`], if there is no such placement here.
    pub fn build(self) -> Result<OsMemory, OsError> {
        OsMemory::from_builder(self)
    }
}
