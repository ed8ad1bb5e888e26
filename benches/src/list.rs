//! A singly linked list whose nodes own each other through the subject's handles.

use crate::{
    objects::Object,
    subject::{Subject, observe},
};

/// One node. A link is as large as the subject's handle, an index or a fat handle makes a larger node.
pub struct ListNode<S: Subject, P: Object> {
    next: Option<S::Handle<ListNode<S, P>>>,
    payload: P,
}

// Nothing is pinned inside a node. By hand, since the compiler would ask about the handle.
impl<S: Subject, P: Object> Unpin for ListNode<S, P> {}

/// A pool, a list of its nodes, and the nodes beside the list.
///
/// Invariant: every handle in `head`, in the nodes and in `others` came from `pool`.
pub struct List<S: Subject, P: Object> {
    pool: S::Pool<ListNode<S, P>>,
    head: Option<S::Handle<ListNode<S, P>>>,
    others: Vec<S::Handle<ListNode<S, P>>>,
}

impl<S: Subject, P: Object> List<S, P> {
    /// An empty list in an empty pool.
    pub fn new() -> Self {
        List { pool: S::pool(), head: None, others: Vec::new() }
    }

    /// Allocates `live` nodes and frees a random half: the state in which a program that has run for a while
    /// finds its pool.
    pub fn churn(&mut self, live: usize, rng: &mut fastrand::Rng) {
        let pool = &mut self.pool;
        self.others.extend((0..live as u64).map(|i| S::alloc(pool, ListNode { next: None, payload: P::new(i) })));
        rng.shuffle(&mut self.others);
        for handle in self.others.drain(live / 2..) {
            // SAFETY: the handle came from this pool.
            unsafe { S::free(pool, handle) };
        }
    }

    /// Puts `count` new nodes in front, with the cookies from 0 on.
    pub fn push(&mut self, count: usize) {
        for cookie in 0..count as u64 {
            let node = ListNode { next: self.head.take(), payload: P::new(cookie) };
            let handle = S::alloc(&mut self.pool, node);
            observe::<S, _>(&handle);
            self.head = Some(handle);
        }
    }

    /// Reads the first `count` nodes and gives the sum of their stamps. Counted, since the do-nothing subject's list has no end.
    #[inline(never)]
    pub fn walk(&self, count: usize) -> u64 {
        let mut sum = 0_u64;
        let mut link = self.head.as_ref();
        for _ in 0..count {
            let Some(handle) = link else { panic!("the list ended early") };
            // SAFETY: the handle came from this pool.
            let node = unsafe { S::get(&self.pool, handle) };
            sum = sum.wrapping_add(node.payload.stamp());
            link = node.next.as_ref();
        }
        sum
    }
}

impl<S: Subject, P: Object> Default for List<S, P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Subject, P: Object> Drop for List<S, P> {
    // By a loop: dropping the head alone would recurse once for each node where handles own.
    fn drop(&mut self) {
        while let Some(mut handle) = self.head.take() {
            // SAFETY: the handle came from this pool.
            self.head = unsafe { S::get_mut(&mut self.pool, &mut handle) }.next.take();
            // SAFETY: the handle came from this pool.
            unsafe { S::free(&mut self.pool, handle) };
        }
        for handle in self.others.drain(..) {
            // SAFETY: the handle came from this pool.
            unsafe { S::free(&mut self.pool, handle) };
        }
    }
}

impl<S: Subject, P: Object> std::fmt::Debug for List<S, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a list in {}", S::NAME)
    }
}

impl<S: Subject, P: Object> std::fmt::Debug for ListNode<S, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a list's node in {}", S::NAME)
    }
}
