//! A singly linked list. A node owns the next one: `Option<PoolBox<Node<T>>>` is one word, `None` is null.

use std::iter;

use goo_pool_typed::{Pool, PoolBox};

/// Public, so that a user can make the pool of it that several lists share.
pub(crate) struct Node<T> {
    value: T,
    next: Link<T>,
}

type Link<T> = Option<PoolBox<Node<T>>>;

pub(crate) struct List<T> {
    head: Link<T>,
    /// A `Pool` is a handle; every list has its own to the pool they share.
    pool: Pool<Node<T>>,
}

impl<T> List<T> {
    pub(crate) fn new_in(pool: &Pool<Node<T>>) -> Self {
        List { head: None, pool: pool.clone() }
    }

    pub(crate) fn push(&mut self, value: T) {
        let next = self.head.take();
        self.head = Some(self.pool.alloc(Node { value, next }));
    }

    pub(crate) fn pop(&mut self) -> Option<T> {
        let Node { value, next } = PoolBox::into_inner(self.head.take()?);
        self.head = next;
        Some(value)
    }

    /// Turns every link round. No node moves and none is allocated.
    pub(crate) fn reverse(&mut self) {
        let mut rest = self.head.take();
        while let Some(mut node) = rest {
            rest = node.next.take();
            node.next = self.head.take();
            self.head = Some(node);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        iter::successors(self.head.as_deref(), |node| node.next.as_deref()).map(|node| &node.value)
    }
}

impl<T> Drop for List<T> {
    /// What the compiler would write drops the first node, within that the second, within that the third: a
    /// stack frame each. A loop takes each node off the list before it is dropped.
    fn drop(&mut self) {
        let mut rest = self.head.take();
        while let Some(mut node) = rest {
            rest = node.next.take();
        }
    }
}

pub(crate) fn show() {
    let pool = Pool::new();
    let mut list = List::new_in(&pool);
    for n in 1..=1_000_000_u32 {
        list.push(n);
    }
    list.reverse();
    assert!(list.iter().copied().eq(1..=1_000_000));
    assert_eq!(list.pop(), Some(1));
    assert_eq!(pool.len(), 999_999);
    println!("list:  {} nodes, first {:?}", pool.len(), list.iter().next());

    drop(list);
    assert!(pool.is_empty());
    println!("       dropped, {} nodes left in the pool", pool.len());
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    #[test]
    fn values_come_back_last_in_first_out() {
        let pool = Pool::new();
        let mut list = List::new_in(&pool);
        for word in ["one", "two", "three"] {
            list.push(word.to_owned());
        }
        assert_eq!(list.pop().as_deref(), Some("three"));
        list.push("four".to_owned());
        assert!(list.iter().eq(["four", "two", "one"]));
        list.reverse();
        assert!(list.iter().eq(["one", "two", "four"]));
        assert_eq!(pool.len(), 3);
    }

    #[test]
    fn an_empty_list_stays_empty() {
        let mut list = List::<u8>::new_in(&Pool::new());
        list.reverse();
        assert_eq!(list.pop(), None);
        assert_eq!(list.iter().next(), None);
    }

    #[test]
    fn lists_that_share_a_pool_drop_their_own_values_only() {
        let pool = Pool::new();
        let value = Rc::new(());
        let mut lists = [List::new_in(&pool), List::new_in(&pool)];
        for n in 0..10 {
            lists[n % 2].push(Rc::clone(&value));
        }
        let [odd, even] = lists;
        drop(odd);
        assert_eq!((Rc::strong_count(&value), pool.len()), (6, 5));
        assert_eq!(even.iter().count(), 5);
        drop(even);
        assert_eq!((Rc::strong_count(&value), pool.len()), (1, 0));
    }
}
