//! NUMA nodes: which there are, where this thread runs, where a page lies.

use std::fmt;
use std::vec::Vec;

use super::error::OsError;
use super::sys;

/// A NUMA node by the system's number: some processors and the memory that is near to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node(pub u32);

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {}", self.0)
    }
}

/// The nodes with memory, in ascending order. There may be some among them that this process may not use.
///
/// # Errors
///
/// [`OsError::NoNuma`] if the system does not say.
///
/// # Examples
///
/// ```no_run
/// use goo_pool_core::os::{self, OsMemory, Placement};
///
/// # fn main() -> Result<(), os::OsError> {
/// let everywhere = OsMemory::builder().placement(Placement::Interleave(os::nodes()?)).build()?;
/// # Ok(())
/// # }
/// ```
pub fn nodes() -> Result<Vec<Node>, OsError> {
    sys::nodes_with_memory().and_then(|list| parse_list(list.trim())).ok_or(OsError::NoNuma)
}

/// The node that this thread runs on just now.
///
/// # Errors
///
/// [`OsError`] if the system does not say.
pub fn current_node() -> Result<Node, OsError> {
    sys::current_node()
}

/// The node where the page at `ptr` really lies, by the system's own books. Any pointer may be asked for; the page is
/// neither read nor brought in.
///
/// # Errors
///
/// [`OsError::NotResident`] if the page was never written to, or is swapped out; [`OsError::NotMapped`] if there is no such page;
/// otherwise what the system says.
///
/// # Examples
///
/// ```no_run
/// use goo_pool_core::os;
///
/// # fn main() -> Result<(), os::OsError> {
/// let value = Box::new(1);
/// println!("{}", os::placement((&raw const *value).cast())?);
/// # Ok(())
/// # }
/// ```
pub fn placement(ptr: *const u8) -> Result<Node, OsError> {
    sys::node_of(ptr)
}

/// Reads the form `0-2,5`.
fn parse_list(list: &str) -> Option<Vec<Node>> {
    let mut nodes = Vec::new();
    for range in list.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        nodes.extend((first.parse().ok()?..=last.parse().ok()?).map(Node));
    }
    Some(nodes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_single_nodes_are_read() {
        let read = |list| parse_list(list).map(|nodes| nodes.iter().map(|node| node.0).collect::<Vec<_>>());
        assert_eq!(read("0"), Some([0].to_vec()));
        assert_eq!(read("0-2,5,7-8"), Some([0, 1, 2, 5, 7, 8].to_vec()));
        assert_eq!(read(""), None);
        assert_eq!(read("0-x"), None);
    }
}
