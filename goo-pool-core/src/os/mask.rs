//! A set of nodes as the system takes it: one bit each.

use super::error::OsError;
use super::node::Node;

/// The most nodes that Linux can be built for.
const MAX_NODES: usize = 1024;
const WORD: usize = usize::BITS as usize;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mask([usize; MAX_NODES / WORD]);

impl Mask {
    pub(super) const EMPTY: Self = Self([0; MAX_NODES / WORD]);

    pub(super) fn of(node: Node) -> Result<Self, OsError> {
        Self::EMPTY.with(node)
    }

    pub(super) fn with(mut self, node: Node) -> Result<Self, OsError> {
        let number = node.0 as usize;
        let word = self.0.get_mut(number / WORD).ok_or(OsError::NoSuchNode(node))?;
        *word |= 1 << (number % WORD);
        Ok(self)
    }

    /// The bits, and the number that the system wants beside them: one more than it reads.
    #[cfg_attr(any(not(target_os = "linux"), miri), expect(dead_code, reason = "there are no nodes to ask for"))]
    pub(super) fn as_raw(&self) -> (*const usize, usize) {
        (self.0.as_ptr(), MAX_NODES + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_beyond_the_mask_does_not_exist() {
        assert_eq!(Mask::of(Node(1024)), Err(OsError::NoSuchNode(Node(1024))));
        assert_eq!(Mask::of(Node(u32::MAX)), Err(OsError::NoSuchNode(Node(u32::MAX))));
        let mask = Mask::of(Node(1023)).unwrap();
        assert_eq!(mask.0.iter().map(|word| word.count_ones()).sum::<u32>(), 1);
    }
}
