//! Systems that `OsMemory` does not work on: there is none, so nobody maps anything.

use std::ptr::NonNull;
use std::string::String;

use super::error::OsError;
use super::mask::Mask;
use super::node::Node;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Bind,
    Prefer,
    Interleave,
}

/// There is none.
#[derive(Debug)]
pub(super) struct Mapping(NonNull<u8>);

impl Mapping {
    pub(super) fn new(_len: usize) -> Option<Self> {
        None
    }

    pub(super) unsafe fn unmap(_base: NonNull<u8>, _len: usize) {}

    pub(super) fn into_raw(self) -> NonNull<u8> {
        self.0
    }

    pub(super) fn address(&self) -> usize {
        self.0.addr().get()
    }

    pub(super) fn trim(&mut self, _front: usize, _behind: usize) -> Option<()> {
        None
    }

    pub(super) fn open(&self, _guard: usize) -> Option<()> {
        None
    }

    pub(super) fn advise_huge(&self, _wanted: bool) {}

    pub(super) fn place(&self, _mode: Mode, _nodes: &Mask) -> Result<(), OsError> {
        Err(OsError::Unsupported)
    }

    pub(super) fn populate(&self, _guard: usize, _page: usize) -> Option<()> {
        None
    }
}

pub(super) fn page_size() -> Result<usize, OsError> {
    Err(OsError::Unsupported)
}

pub(super) fn huge_page_size() -> Option<usize> {
    None
}

pub(super) fn nodes_with_memory() -> Option<String> {
    None
}

pub(super) fn current_node() -> Result<Node, OsError> {
    Err(OsError::Unsupported)
}

pub(super) fn node_of(_ptr: *const u8) -> Result<Node, OsError> {
    Err(OsError::Unsupported)
}
