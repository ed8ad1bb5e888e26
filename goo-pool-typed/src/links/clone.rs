//! Cloning nodes in a loop.

use core::fmt;

use super::stack::Stack;
use super::{CloneLink, CloneLinks, Linked};

/// A [`Linked`] type that derives its clone.
pub trait CloneNode: Linked<Link: CloneLink> {
    /// A clone whose links are missing.
    fn clone_node(&self) -> Self;

    /// Gives `clone` its links, to nodes whose own are missing.
    fn clone_links<'n>(&'n self, clone: &'n mut Self, clones: &mut Clones<'n, Self>);
}

/// Nodes, and their clones whose links are missing.
pub struct Clones<'n, T: Linked<Link: CloneLink>> {
    unfinished: Stack<(&'n T, &'n mut T)>,
    /// The pool of the last node that was cloned stays open until the next: else it might open and close for each of them.
    open: Option<<T::Link as CloneLink>::Pool>,
}

/// The clone of a node, and of all that its links lead to.
///
/// All that is made belongs to the clone from the start, so a panic drops it with that.
#[inline]
pub fn clone<T: CloneNode>(node: &T) -> T {
    let mut clone = node.clone_node();
    let mut clones = Clones { unfinished: Stack::new(), open: None };
    clones.finish(node, &mut clone);
    while let Some((node, clone)) = clones.unfinished.pop() {
        clones.finish(node, clone);
    }
    clone
}

impl<'n, T: CloneNode> Clones<'n, T> {
    /// Gives `clone` the links that `node` has; the nodes behind them come next.
    #[inline]
    fn finish(&mut self, node: &'n T, clone: &'n mut T) {
        let kept = self.unfinished.kept();
        node.clone_links(clone, self);
        self.unfinished.turn(kept);
    }

    /// Clones `links` into `clone`.
    #[inline]
    pub fn add<C: CloneLinks<Link = T::Link>>(&mut self, links: &'n C, clone: &'n mut C) {
        *clone = links.clone_with(|link| link.clone_node(&mut self.open));
        for (link, clone) in links.links().zip(clone.links_mut()) {
            if let Some(pair) = link.unfinished(clone) {
                self.unfinished.push(pair);
            }
        }
    }
}

impl<T: Linked<Link: CloneLink>> fmt::Debug for Clones<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clones").field("unfinished", &self.unfinished.len()).finish_non_exhaustive()
    }
}
