//! A binary tree whose nodes own their children through the subject's handles.

use crate::{
    objects::Object,
    subject::{Subject, observe},
};

/// One node. A link is as large as the subject's handle, an index or a fat handle makes a larger node.
pub struct TreeNode<S: Subject, P: Object> {
    left: Option<S::Handle<TreeNode<S, P>>>,
    right: Option<S::Handle<TreeNode<S, P>>>,
    payload: P,
}

// Nothing is pinned inside a node. By hand, since the compiler would ask about the handle.
impl<S: Subject, P: Object> Unpin for TreeNode<S, P> {}

type Handle<S, P> = <S as Subject>::Handle<TreeNode<S, P>>;
type Pool<S, P> = <S as Subject>::Pool<TreeNode<S, P>>;

/// A pool for trees; between two calls it is empty.
pub struct Trees<S: Subject, P: Object> {
    pool: Pool<S, P>,
}

impl<S: Subject, P: Object> Trees<S, P> {
    /// An empty pool.
    pub fn new() -> Self {
        Trees { pool: S::pool() }
    }

    /// Builds a full tree of `depth` levels of links, visits every node and frees it again.
    /// Gives the sum of the payloads' stamps; each was made from the cookie 1.
    #[inline(never)]
    pub fn grow_and_fell(&mut self, depth: u32) -> u64 {
        let root = grow::<S, P>(&mut self.pool, depth);
        // SAFETY: the handle came from this pool, and so did its children.
        let sum = unsafe { visit::<S, P>(&self.pool, &root) };
        // SAFETY: as above.
        unsafe { fell::<S, P>(&mut self.pool, root) };
        // SAFETY: the tree was all there was.
        unsafe { S::all_freed(&mut self.pool) };
        sum
    }
}

fn grow<S: Subject, P: Object>(pool: &mut Pool<S, P>, depth: u32) -> Handle<S, P> {
    let (left, right) = match depth.checked_sub(1) {
        None => (None, None),
        Some(depth) => (Some(grow::<S, P>(pool, depth)), Some(grow::<S, P>(pool, depth))),
    };
    let node = S::alloc(pool, TreeNode { left, right, payload: P::new(1) });
    observe::<S, _>(&node);
    node
}

/// Adds the payloads' stamps up.
///
/// # Safety
///
/// The handle and those below it came from `pool`.
unsafe fn visit<S: Subject, P: Object>(pool: &Pool<S, P>, handle: &Handle<S, P>) -> u64 {
    // SAFETY: the caller's promise.
    let node = unsafe { S::get(pool, handle) };
    let mut sum = node.payload.stamp();
    for child in [&node.left, &node.right].into_iter().flatten() {
        // SAFETY: the caller's promise.
        sum += unsafe { visit::<S, P>(pool, child) };
    }
    sum
}

/// Frees the tree, children first.
///
/// # Safety
///
/// The handle and those below it came from `pool`.
unsafe fn fell<S: Subject, P: Object>(pool: &mut Pool<S, P>, mut handle: Handle<S, P>) {
    // SAFETY: the caller's promise.
    let node = unsafe { S::get_mut(pool, &mut handle) };
    let (left, right) = (node.left.take(), node.right.take());
    for child in [left, right].into_iter().flatten() {
        // SAFETY: the caller's promise.
        unsafe { fell::<S, P>(pool, child) };
    }
    // SAFETY: the caller's promise.
    unsafe { S::free(pool, handle) };
}

impl<S: Subject, P: Object> Default for Trees<S, P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Subject, P: Object> std::fmt::Debug for Trees<S, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "trees in {}", S::NAME)
    }
}

impl<S: Subject, P: Object> std::fmt::Debug for TreeNode<S, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a tree's node in {}", S::NAME)
    }
}
