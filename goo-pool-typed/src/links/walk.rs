//! Visiting nodes in a loop.

use core::fmt;
use core::iter::FusedIterator;

use super::stack::Stack;
use super::{Linked, WalkLinks};

/// A [`Linked`] type that derives its walk.
pub trait WalkNode: Linked {
    /// Adds the nodes behind all links, in order.
    fn walk_links<'n>(&'n self, walk: &mut Walk<'n, Self>);
}

/// A way through a node and all nodes behind its links, made by the method `links` that
/// [`#[pooled(walk)]`](crate::links#walk) writes.
///
/// A node comes before what is behind its links, the nodes behind a link before those behind the next. Where nodes have one
/// link, it takes no memory; else those not yet reached are kept, from the sixth on in a `Vec`.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "derive")] {
/// use goo_pool_typed::{Pool, PoolBox, Pooled};
///
/// #[derive(Pooled)]
/// #[pooled(walk)]
/// struct Folder {
///     name: &'static str,
///     #[pooled(link)]
///     folders: Vec<PoolBox<Folder>>,
/// }
///
/// let pool = Pool::new();
/// let folder = |name, folders| Folder::new_in(&pool, name, folders);
/// let root = folder("/", vec![folder("etc", vec![]), folder("usr", vec![folder("bin", vec![])]), folder("var", vec![])]);
/// let names: Vec<_> = root.links().map(|folder| folder.name).collect();
/// assert_eq!(names, ["/", "etc", "usr", "bin", "var"]);
/// # }
/// ```
#[must_use = "iterators are lazy: no node is visited until it is iterated"]
pub struct Walk<'n, T>(Stack<&'n T>);

/// What `links` returns.
#[inline]
pub fn walk<T>(node: &T) -> Walk<'_, T> {
    let mut stack = Stack::new();
    stack.push(node);
    Walk(stack)
}

impl<'n, T: Linked> Walk<'n, T> {
    /// Adds the nodes behind `links`, which come next.
    #[doc(hidden)]
    #[inline(always)]
    pub fn add<C: WalkLinks<Link = T::Link>>(&mut self, links: &'n C) {
        links.links().for_each(|link| self.0.push(link));
    }
}

impl<'n, T: WalkNode> Iterator for Walk<'n, T> {
    type Item = &'n T;

    #[inline]
    fn next(&mut self) -> Option<&'n T> {
        let node = self.0.pop()?;
        let kept = self.0.kept();
        node.walk_links(self);
        self.0.turn(kept);
        Some(node)
    }

    /// There is at least what has been seen from the nodes visited.
    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        let seen = self.0.len();
        (seen, if seen == 0 { Some(0) } else { None })
    }
}

impl<T: WalkNode> FusedIterator for Walk<'_, T> {}

impl<T> Clone for Walk<'_, T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for Walk<'_, T> {
    /// How many nodes have been seen but not visited: to show them would recurse.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Walk").field("seen", &self.0.len()).finish_non_exhaustive()
    }
}
