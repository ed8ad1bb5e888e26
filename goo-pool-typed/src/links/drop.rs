//! Dropping nodes in a loop.

use core::mem::forget;

use super::stack::Stack;
use super::{Link, Linked, Links};

/// Is shown the fields of a node that hold links.
pub trait Visit<T: Linked> {
    /// One of them.
    fn visit<C: Links<Link = T::Link>>(&mut self, links: &mut C);
}

/// The destructor of a node: drops all that its links lead to.
///
/// The nodes that the loop drops come here too, and have no links any more.
#[inline(always)]
pub fn drop_links<T: Linked>(node: &mut T) {
    let mut any = AnyLink(false);
    node.visit_links(&mut any);
    if any.0 {
        drop_all(node);
    }
}

/// Not inlined, so that its locals are not in the frames of those who drop a node without links.
#[inline(never)]
fn drop_all<T: Linked>(node: &mut T) {
    let mut pending = Pending(Stack::new());
    pending.take_all(node);
}

/// Whether there may be a link.
struct AnyLink(bool);

impl<T: Linked> Visit<T> for AnyLink {
    #[inline(always)]
    fn visit<C: Links<Link = T::Link>>(&mut self, links: &mut C) {
        self.0 = self.0 || links.has_links();
    }
}

/// The links that have been taken out of nodes and not followed yet. To drop it is to follow them all.
struct Pending<T: Linked>(Stack<T::Link>);

impl<T: Linked> Visit<T> for Pending<T> {
    #[inline(always)]
    fn visit<C: Links<Link = T::Link>>(&mut self, links: &mut C) {
        for link in links.take_links() {
            // Without memory the link is followed now: its node's destructor begins a loop of its own.
            drop(self.0.try_push(link));
        }
    }
}

impl<T: Linked> Pending<T> {
    /// Takes the links in `node`, which come next.
    #[inline(always)]
    fn take_all(&mut self, node: &mut T) {
        let kept = self.0.kept();
        node.visit_links(self);
        self.0.turn(kept);
    }

    /// Drops nodes until none is left.
    #[inline]
    fn run(&mut self) {
        while let Some(link) = self.0.pop() {
            link.drop_with(|node| self.take_all(node));
        }
    }
}

impl<T: Linked> Drop for Pending<T> {
    fn drop(&mut self) {
        /// A destructor has panicked: drops the others.
        struct GoOn<'p, T: Linked>(&'p mut Pending<T>);

        impl<T: Linked> Drop for GoOn<'_, T> {
            #[cold]
            fn drop(&mut self) {
                self.0.run();
            }
        }

        let go_on = GoOn(self);
        go_on.0.run();
        forget(go_on);
    }
}
