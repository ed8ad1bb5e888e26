//! A binary search tree: an ordered set. It is not balanced (`word_index` has one that is), so it may be as
//! deep as it has nodes, and nothing in here recurses.

use std::cmp::Ordering;
use std::iter;

use goo_pool_typed::{Pool, PoolBox};

struct Node<K> {
    key: K,
    left: Link<K>,
    right: Link<K>,
}

type Link<K> = Option<PoolBox<Node<K>>>;

pub(crate) struct Set<K> {
    root: Link<K>,
    pool: Pool<Node<K>>,
}

impl<K: Ord> Set<K> {
    pub(crate) fn new() -> Self {
        Set { root: None, pool: Pool::new() }
    }

    /// Nobody counts: each node is a live chunk of the pool.
    pub(crate) fn len(&self) -> usize {
        self.pool.len()
    }

    /// Whether the key is new.
    pub(crate) fn insert(&mut self, key: K) -> bool {
        let link = find_mut(&mut self.root, &key);
        let is_new = link.is_none();
        if is_new {
            *link = Some(self.pool.alloc(Node { key, left: None, right: None }));
        }
        is_new
    }

    pub(crate) fn contains(&self, key: &K) -> bool {
        let mut link = &self.root;
        while let Some(node) = link {
            link = match key.cmp(&node.key) {
                Ordering::Less => &node.left,
                Ordering::Equal => return true,
                Ordering::Greater => &node.right,
            };
        }
        false
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<K> {
        let link = find_mut(&mut self.root, key);
        let mut node = link.take()?;
        *link = match (node.left.take(), node.right.take()) {
            (None, child) | (child, None) => child,
            // The next larger node takes the place. It keeps its chunk: nodes are relinked, not copied.
            (left, mut right) => take_first(&mut right).map(|mut next| {
                (next.left, next.right) = (left, right);
                next
            }),
        };
        Some(PoolBox::into_inner(node).key)
    }

    /// In order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &K> {
        // The nodes above the next one: those that it lies to the left of.
        let mut path = Vec::new();
        let mut link = &self.root;
        iter::from_fn(move || {
            while let Some(node) = link {
                path.push(node);
                link = &node.left;
            }
            let node = path.pop()?;
            link = &node.right;
            Some(&node.key)
        })
    }
}

/// The link that leads to the key, or would.
fn find_mut<'t, K: Ord>(mut link: &'t mut Link<K>, key: &K) -> &'t mut Link<K> {
    // `while let Some(node) = link` would be shorter, but the borrow checker does not see yet that `link` is
    // free again where `node` is not the one.
    while link.as_ref().is_some_and(|node| node.key != *key) {
        let node = link.as_mut().expect("just seen");
        link = if *key < node.key { &mut node.left } else { &mut node.right };
    }
    link
}

/// Takes out the leftmost node.
fn take_first<K>(mut link: &mut Link<K>) -> Link<K> {
    while link.as_ref().is_some_and(|node| node.left.is_some()) {
        link = &mut link.as_mut().expect("just seen").left;
    }
    let mut first = link.take()?;
    *link = first.right.take();
    Some(first)
}

impl<K> Drop for Set<K> {
    /// A loop that needs no memory: rotate to the right until the root has no left child, then drop it alone
    /// and go on with its right child. Each node is rotated at most once.
    fn drop(&mut self) {
        let mut root = self.root.take();
        while let Some(mut node) = root {
            root = match node.left.take() {
                Some(mut left) => {
                    node.left = left.right.take();
                    left.right = Some(node);
                    Some(left)
                }
                None => node.right.take(),
            };
        }
    }
}

pub(crate) fn show() {
    let mut set = Set::new();
    for n in 0..100_000_u32 {
        // An odd factor modulo a power of two: each number below 2^17 at most once, in no order.
        assert!(set.insert(n.wrapping_mul(48_271) % (1 << 17)));
    }
    let odd: Vec<u32> = set.iter().copied().filter(|n| n % 2 == 1).collect();
    for n in &odd {
        assert_eq!(set.remove(n), Some(*n));
    }
    assert_eq!(set.len(), 100_000 - odd.len());
    assert!(set.iter().is_sorted());
    assert!(set.iter().all(|n| n % 2 == 0 && set.contains(n)));
    println!("tree:  {} nodes in order, {} removed from between them", set.len(), odd.len());

    // The worst shape: each node is the left child of the one before.
    let mut path = Set::new();
    for n in 0..1_000_000_u32 {
        let left = path.root.take();
        path.root = Some(path.pool.alloc(Node { key: n, left, right: None }));
    }
    println!("       {} nodes deep, and dropped by a loop", path.len());
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::rc::Rc;

    use super::*;

    #[test]
    fn set_agrees_with_a_btree_set() {
        let mut set = Set::new();
        let mut expected = BTreeSet::new();
        let mut random = 1_u32;
        for _ in 0..if cfg!(miri) { 100 } else { 20_000 } {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let key = (random >> 8) % if cfg!(miri) { 20 } else { 500 };
            if random >> 31 == 0 {
                assert_eq!(set.insert(key), expected.insert(key));
            } else {
                assert_eq!(set.remove(&key), expected.take(&key));
            }
            assert_eq!(set.contains(&key), expected.contains(&key));
        }
        assert!(set.iter().eq(&expected));
        assert_eq!(set.len(), expected.len());
    }

    #[test]
    fn a_node_with_two_children_is_replaced_by_the_next_larger() {
        for key in [50, 30, 70] {
            let mut set = Set::new();
            for key in [50, 30, 70, 20, 40, 60, 80, 65] {
                set.insert(key);
            }
            assert_eq!(set.remove(&key), Some(key));
            assert_eq!(set.remove(&key), None);
            let rest = [20, 30, 40, 50, 60, 65, 70, 80];
            assert!(set.iter().eq(rest.iter().filter(|&&k| k != key)));
        }
    }

    #[test]
    fn every_key_is_dropped_once_whatever_the_shape() {
        let value = Rc::new(());
        for ascending in [false, true] {
            let mut set = Set::new();
            for n in 0..30 {
                set.insert((if ascending { n } else { 29 - n }, Rc::clone(&value)));
            }
            set.insert((1000, Rc::clone(&value)));
            set.insert((500, Rc::clone(&value)));
            assert_eq!(Rc::strong_count(&value), 33);
            drop(set);
            assert_eq!(Rc::strong_count(&value), 1);
        }
    }
}
