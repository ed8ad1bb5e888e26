//! What the system can refuse.

use std::fmt;

use super::node::Node;

/// Why there is no [`OsMemory`](super::OsMemory), or no answer about a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OsError {
    /// `OsMemory` does not work on this operating system.
    Unsupported,
    /// The system was built without NUMA.
    NoNuma,
    /// This process may not ask for that, because of a sandbox or a missing capability.
    Refused,
    /// There is no such node, or it has no memory that this process may use.
    NoSuchNode(Node),
    /// [`Placement::Interleave`](super::Placement::Interleave) with an empty list.
    NoNodes,
    /// The page has no memory yet: it was never written to, or was swapped out.
    NotResident,
    /// There is no memory of this process's own at that address.
    NotMapped,
    /// Anything else, by the system's number (`errno`).
    Other(i32),
}

impl fmt::Display for OsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported => f.write_str("memory straight from the system is not supported on this one"),
            Self::NoNuma => f.write_str("the system was built without NUMA"),
            Self::Refused => f.write_str("the system does not let this process choose nodes"),
            Self::NoSuchNode(node) => write!(f, "there is no {node} with memory for this process"),
            Self::NoNodes => f.write_str("memory cannot be interleaved over no nodes"),
            Self::NotResident => f.write_str("the page has no memory yet"),
            Self::NotMapped => f.write_str("there is no memory of this process at that address"),
            Self::Other(code) => write!(f, "the system refused with error {code}"),
        }
    }
}

impl std::error::Error for OsError {}
