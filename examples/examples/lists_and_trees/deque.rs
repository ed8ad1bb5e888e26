//! A doubly linked list. A node has two neighbours, so neither can own it: the list owns them all.
//!
//! `PoolBox::into_raw` takes a node's ownership out of the type system and `PoolBox::from_raw` puts it back; in
//! between, the links are plain pointers. What the unsafe blocks lean on:
//!
//! - L1. Every link of a list, `head` and `tail` included, is `None` or the `into_raw` pointer of a live node
//!   of the same list, and no node is in two lists.
//! - L2. References into nodes are only given out for as long as the list is borrowed.
//!
//! So under `&mut self` a node's fields may be written, and under `&self` read, through any link.

use std::marker::PhantomData;
use std::ptr::NonNull;

use goo_pool_typed::{Pool, PoolBox};

struct Node<T> {
    value: T,
    prev: Link<T>,
    next: Link<T>,
}

type Link<T> = Option<NonNull<Node<T>>>;

pub(crate) struct Deque<T> {
    head: Link<T>,
    tail: Link<T>,
    pool: Pool<Node<T>>,
}

impl<T> Deque<T> {
    pub(crate) fn new() -> Self {
        Deque { head: None, tail: None, pool: Pool::new() }
    }

    pub(crate) fn push_front(&mut self, value: T) {
        let node = self.node(value, None, self.head);
        // SAFETY: `head` is a link of this list.
        unsafe { self.set_prev(self.head, node) };
        self.head = node;
    }

    pub(crate) fn push_back(&mut self, value: T) {
        let node = self.node(value, self.tail, None);
        // SAFETY: `tail` is a link of this list.
        unsafe { self.set_next(self.tail, node) };
        self.tail = node;
    }

    pub(crate) fn pop_front(&mut self) -> Option<T> {
        let head = self.head?;
        // SAFETY: `head` is a link of this list.
        let node = unsafe { self.unlink(head) };
        Some(PoolBox::into_inner(node).value)
    }

    pub(crate) fn pop_back(&mut self) -> Option<T> {
        let tail = self.tail?;
        // SAFETY: `tail` is a link of this list.
        let node = unsafe { self.unlink(tail) };
        Some(PoolBox::into_inner(node).value)
    }

    /// Removes from anywhere in the list. The pool takes chunks back in any order.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        let mut link = self.head;
        while let Some(node) = link {
            // SAFETY: L1, and `&mut self` excludes references from elsewhere (L2).
            let Node { value, next, .. } = unsafe { node.as_ref() };
            link = *next;
            if !keep(value) {
                // SAFETY: `node` is a link of this list, and `value` is used no more.
                drop(unsafe { self.unlink(node) });
            }
        }
    }

    /// Moves all nodes of `other` behind ours: two links, however long the lists. The nodes stay where they
    /// are, in the pool of `other`: a box finds its own pool when it is dropped, even when no handle to that
    /// pool is left.
    pub(crate) fn append(&mut self, other: &mut Self) {
        let (head, tail) = (other.head.take(), other.tail.take());
        if head.is_none() {
            return;
        }
        // SAFETY: `tail` is a link of this list.
        unsafe { self.set_next(self.tail, head) };
        // SAFETY: `head` was a link of `other`, whose nodes are all ours from here on.
        unsafe { self.set_prev(head, self.tail) };
        self.tail = tail;
    }

    pub(crate) fn iter(&self) -> Iter<'_, T> {
        Iter { front: self.head, back: self.tail, list: PhantomData }
    }

    /// A node on its own. It is up to the caller to link it in.
    fn node(&self, value: T, prev: Link<T>, next: Link<T>) -> Link<T> {
        let node = PoolBox::into_raw(self.pool.alloc(Node { value, prev, next }));
        assert!(!node.is_null());
        NonNull::new(node)
    }

    /// Sets what follows `link`; before the first node that is `head`.
    ///
    /// # Safety
    ///
    /// `link` is a link of this list (L1).
    unsafe fn set_next(&mut self, link: Link<T>, next: Link<T>) {
        match link {
            // SAFETY: a live node by the contract, written to under `&mut self` (L2).
            Some(node) => unsafe { (*node.as_ptr()).next = next },
            None => self.head = next,
        }
    }

    /// Sets what comes before `link`; behind the last node that is `tail`.
    ///
    /// # Safety
    ///
    /// `link` is a link of this list (L1).
    unsafe fn set_prev(&mut self, link: Link<T>, prev: Link<T>) {
        match link {
            // SAFETY: a live node by the contract, written to under `&mut self` (L2).
            Some(node) => unsafe { (*node.as_ptr()).prev = prev },
            None => self.tail = prev,
        }
    }

    /// Takes a node out of the list.
    ///
    /// # Safety
    ///
    /// 1. `node` is a link of this list (L1).
    /// 2. No reference into it is used again.
    unsafe fn unlink(&mut self, node: NonNull<Node<T>>) -> PoolBox<Node<T>> {
        // SAFETY: the pointer is from `into_raw` (L1). No link leads to the node once the two below are set,
        // and nobody else has it (2), so the box is its only owner.
        let node = unsafe { PoolBox::from_raw(node.as_ptr()) };
        // SAFETY: the links of a node of this list are links of this list.
        unsafe { self.set_next(node.prev, node.next) };
        // SAFETY: as above.
        unsafe { self.set_prev(node.next, node.prev) };
        node
    }
}

impl<T> Drop for Deque<T> {
    fn drop(&mut self) {
        // If a value panics in its drop, the nodes behind it are leaked, and with them the memory they lie in.
        while self.pop_front().is_some() {}
    }
}

pub(crate) struct Iter<'l, T> {
    // Both `None`, or the first and the last node yet to come.
    front: Link<T>,
    back: Link<T>,
    list: PhantomData<&'l Deque<T>>,
}

impl<'l, T> Iterator for Iter<'l, T> {
    type Item = &'l T;

    fn next(&mut self) -> Option<&'l T> {
        // SAFETY: a link of the list (L1), which is borrowed for `'l` (L2).
        let node = unsafe { self.front?.as_ref() };
        if self.front == self.back {
            (self.front, self.back) = (None, None);
        } else {
            self.front = node.next;
        }
        Some(&node.value)
    }
}

impl<'l, T> DoubleEndedIterator for Iter<'l, T> {
    fn next_back(&mut self) -> Option<&'l T> {
        // SAFETY: a link of the list (L1), which is borrowed for `'l` (L2).
        let node = unsafe { self.back?.as_ref() };
        if self.front == self.back {
            (self.front, self.back) = (None, None);
        } else {
            self.back = node.prev;
        }
        Some(&node.value)
    }
}

pub(crate) fn show() {
    let mut deque = Deque::new();
    for n in 0..500_000_i32 {
        deque.push_back(n);
        deque.push_front(-1 - n);
    }
    assert!(deque.iter().copied().eq(-500_000..500_000));
    deque.retain(|n| n % 1_000 == 0);
    assert!(deque.iter().rev().copied().eq((-500..500).rev().map(|n| n * 1_000)));
    println!("deque: a million nodes, {} of them kept", deque.iter().count());

    let mut tail = Deque::new();
    for n in 500..503 {
        tail.push_back(n * 1_000);
    }
    deque.append(&mut tail);
    drop(tail);
    assert_eq!(deque.pop_front(), Some(-500_000));
    assert_eq!(deque.pop_back(), Some(502_000));
    println!("       ends with {:?}, a node whose pool is gone", deque.iter().next_back());
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::rc::Rc;

    use super::*;

    /// Forwards, backwards, and what the pool says.
    fn check<T: PartialEq>(deque: &Deque<T>, expected: &VecDeque<T>) {
        assert!(deque.iter().eq(expected));
        assert!(deque.iter().rev().eq(expected.iter().rev()));
        assert_eq!(deque.pool.len(), expected.len());
    }

    #[test]
    fn deque_agrees_with_vec_deque() {
        let mut deque = Deque::new();
        let mut expected = VecDeque::new();
        let mut random = 7_u32;
        for n in 0..if cfg!(miri) { 60 } else { 2_000 } {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let value = n.to_string();
            match (random >> 24) % 6 {
                0 | 1 => {
                    deque.push_back(value.clone());
                    expected.push_back(value);
                }
                2 | 3 => {
                    deque.push_front(value.clone());
                    expected.push_front(value);
                }
                4 => assert_eq!(deque.pop_back(), expected.pop_back()),
                _ => assert_eq!(deque.pop_front(), expected.pop_front()),
            }
            if n % 20 == 0 {
                deque.retain(|value| !value.ends_with('3'));
                expected.retain(|value| !value.ends_with('3'));
            }
            check(&deque, &expected);
        }
    }

    #[test]
    fn retain_unlinks_both_ends_and_all_between() {
        for kept in 0..16_u32 {
            let mut deque = Deque::new();
            (0..4).for_each(|n| deque.push_back(n));
            deque.retain(|n| kept >> n & 1 == 1);
            check(&deque, &(0..4).filter(|n| kept >> n & 1 == 1).collect());
        }
    }

    #[test]
    fn an_iterator_used_from_both_ends_gives_each_value_once() {
        let mut deque = Deque::new();
        (0..5).for_each(|n| deque.push_back(n));
        let mut iter = deque.iter();
        assert_eq!((iter.next(), iter.next_back()), (Some(&0), Some(&4)));
        assert_eq!((iter.next_back(), iter.next_back()), (Some(&3), Some(&2)));
        assert_eq!((iter.next(), iter.next(), iter.next_back()), (Some(&1), None, None));
    }

    #[test]
    fn appended_nodes_stay_in_the_pool_they_came_from() {
        let value = Rc::new(());
        for (ours, theirs) in [(0, 0), (0, 2), (2, 0), (2, 2)] {
            let (mut deque, mut other) = (Deque::new(), Deque::new());
            (0..ours).for_each(|_| deque.push_back(Rc::clone(&value)));
            (0..theirs).for_each(|_| other.push_back(Rc::clone(&value)));
            deque.append(&mut other);
            assert_eq!((deque.pool.len(), other.pool.len()), (ours, theirs));
            assert_eq!((deque.iter().count(), other.iter().count()), (ours + theirs, 0));
            let pool = other.pool.clone();
            drop(deque);
            assert_eq!((pool.len(), Rc::strong_count(&value)), (0, 1));
        }
    }

    #[test]
    fn retain_that_panics_leaves_a_whole_list() {
        let mut deque = Deque::new();
        (0..6).for_each(|n| deque.push_back(n));
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            deque.retain(|&n| {
                assert_ne!(n, 3);
                n % 2 == 1
            });
        }));
        assert!(panicked.is_err());
        check(&deque, &VecDeque::from([1, 3, 4, 5]));
    }
}
