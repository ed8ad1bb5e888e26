//! Structures of nodes: nodes that own nodes, borrow from outside, or point at each other.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ptr;

use crate::common::{StaticMemory, Watched, scaled};
use crate::kind::{Pool, PoolBox};

/// A list that any stack can drop.
struct List {
    first: Option<PoolBox<Link>>,
    pool: Pool<Link>,
}

struct Link {
    value: usize,
    next: Option<PoolBox<Link>>,
}

impl List {
    fn push(&mut self, value: usize) {
        let next = self.first.take();
        self.first = Some(self.pool.alloc(Link { value, next }));
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        std::iter::successors(self.first.as_deref(), |link| link.next.as_deref()).map(|link| link.value)
    }

    fn reverse(&mut self) {
        let mut rest = self.first.take();
        while let Some(mut link) = rest {
            rest = std::mem::replace(&mut link.next, self.first.take());
            self.first = Some(link);
        }
    }

    fn retain(&mut self, keep: impl Fn(usize) -> bool) {
        let mut place = &mut self.first;
        while let Some(link) = place.take() {
            if keep(link.value) {
                place = &mut place.insert(link).next;
            } else {
                *place = PoolBox::into_inner(link).next;
            }
        }
    }
}

impl Drop for List {
    fn drop(&mut self) {
        while let Some(mut link) = self.first.take() {
            self.first = link.next.take();
        }
    }
}

#[test]
fn a_list_of_a_million_nodes_lives_and_dies_on_a_small_stack() {
    let work = || {
        let count = scaled(1_000_000, 2000);
        let parent = Watched::default();
        let pool = Pool::builder().parent(parent.clone()).build().unwrap();
        let mut list = List { first: None, pool: pool.clone() };
        (0..count).for_each(|value| list.push(value));
        assert!(list.iter().eq((0..count).rev()));
        list.reverse();
        list.retain(|value| value % 3 != 0);
        assert!(list.iter().eq((0..count).filter(|value| value % 3 != 0)));
        assert_eq!(pool.len(), count - count.div_ceil(3));
        drop(pool);
        drop(list);
        assert_eq!(parent.0.pieces(), 0);
    };
    std::thread::Builder::new().stack_size(64 * 1024).spawn(work).unwrap().join().unwrap();
}

#[test]
fn a_list_dropped_by_its_nodes_is_dropped_to_the_end() {
    let pool = Pool::new();
    let mut first = None;
    for value in 0..scaled(1000, 100) {
        first = Some(pool.alloc(Link { value, next: first }));
    }
    assert_eq!(pool.len(), scaled(1000, 100));
    drop(first);
    assert!(pool.is_empty());
}

/// An unbalanced search tree.
#[derive(Default)]
struct Tree {
    root: Option<PoolBox<Branch>>,
    pool: Pool<Branch>,
}

struct Branch {
    key: u32,
    left: Option<PoolBox<Branch>>,
    right: Option<PoolBox<Branch>>,
}

impl Tree {
    fn find(&mut self, key: u32) -> &mut Option<PoolBox<Branch>> {
        let mut place = &mut self.root;
        while place.as_ref().is_some_and(|branch| branch.key != key) {
            let branch = place.as_mut().unwrap();
            place = if key < branch.key { &mut branch.left } else { &mut branch.right };
        }
        place
    }

    fn insert(&mut self, key: u32) -> bool {
        let pool = self.pool.clone();
        let place = self.find(key);
        let is_new = place.is_none();
        place.get_or_insert_with(|| pool.alloc(Branch { key, left: None, right: None }));
        is_new
    }

    fn remove(&mut self, key: u32) -> bool {
        let place = self.find(key);
        let Some(branch) = place.take() else { return false };
        let Branch { left, right, .. } = PoolBox::into_inner(branch);
        *place = match (left, right) {
            (None, one) | (one, None) => one,
            (Some(left), Some(mut right)) => {
                let mut least = &mut right;
                while least.left.is_some() {
                    least = least.left.as_mut().unwrap();
                }
                least.left = Some(left);
                Some(right)
            }
        };
        true
    }

    fn keys(&self) -> Vec<u32> {
        fn walk(branch: Option<&Branch>, keys: &mut Vec<u32>) {
            if let Some(branch) = branch {
                walk(branch.left.as_deref(), keys);
                keys.push(branch.key);
                walk(branch.right.as_deref(), keys);
            }
        }

        let mut keys = Vec::new();
        walk(self.root.as_deref(), &mut keys);
        keys
    }
}

#[test]
fn a_tree_in_random_churn_agrees_with_a_set() {
    let mut tree = Tree::default();
    let mut set = BTreeSet::new();
    let mut random = 1_u32;
    for step in 0..scaled(20_000, 300) {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let key = (random >> 16) % 1000;
        if random >> 8 & 3 == 0 {
            assert_eq!(tree.remove(key), set.remove(&key));
        } else {
            assert_eq!(tree.insert(key), set.insert(key));
        }
        if step % scaled(1000, 100) == 0 {
            assert!(tree.keys().iter().eq(&set));
        }
        assert_eq!(tree.pool.len(), set.len());
    }
    let pool = tree.pool.clone();
    drop(tree);
    assert!(!set.is_empty() && pool.is_empty());
}

#[test]
fn nodes_may_borrow_from_outside_the_pool() {
    struct Word<'t> {
        text: &'t str,
        count: &'t Cell<usize>,
        longer: Option<PoolBox<Word<'t>>>,
    }

    impl Drop for Word<'_> {
        fn drop(&mut self) {
            self.count.set(self.count.get() + self.text.len());
        }
    }

    let text = String::from("a bc def ghij");
    let count = Cell::new(0);
    let pool = Pool::new();
    let mut words = None;
    for text in text.split(' ').rev() {
        words = Some(pool.alloc(Word { text, count: &count, longer: words }));
    }
    let first = words.unwrap();
    assert_eq!(first.longer.as_ref().map(|word| word.text), Some("bc"));
    drop(pool);
    drop(first);
    assert_eq!(count.get(), 1 + 2 + 3 + 4);
}

#[test]
fn leaked_nodes_may_borrow_each_other_in_a_circle() {
    struct Node<'a> {
        value: u32,
        edges: [Cell<Option<&'a Node<'a>>>; 2],
    }

    let pool = Pool::builder().parent(StaticMemory).build().unwrap();
    let nodes: Vec<&Node<'_>> = (0..20)
        .map(|value| &*PoolBox::leak(pool.alloc(Node { value, edges: [Cell::new(None), Cell::new(None)] })))
        .collect();
    for (n, node) in nodes.iter().enumerate() {
        node.edges[0].set(Some(nodes[(n + 1) % 20]));
        node.edges[1].set(Some(node));
    }
    drop(pool);
    let twice_around = std::iter::successors(Some(nodes[0]), |node| node.edges[0].get()).take(40);
    assert_eq!(twice_around.map(|node| node.value).sum::<u32>(), 2 * 190);
    assert!(nodes.iter().all(|node| ptr::eq(node.edges[1].get().unwrap(), *node)));
}

/// A list with links in both directions: owned forwards, raw backwards.
#[derive(Default)]
struct Deque {
    first: Option<PoolBox<Both>>,
    last: Option<*mut Both>,
    pool: Pool<Both>,
}

struct Both {
    value: u32,
    next: Option<PoolBox<Both>>,
    previous: Option<*mut Both>,
}

impl Deque {
    fn push_back(&mut self, value: u32) {
        let mut node = self.pool.alloc(Both { value, next: None, previous: self.last });
        let raw = PoolBox::as_mut_ptr(&mut node);
        match self.last.replace(raw) {
            // SAFETY: the last node is owned by the list, and no reference to it exists.
            Some(last) => unsafe { (*last).next = Some(node) },
            None => self.first = Some(node),
        }
    }

    fn push_front(&mut self, value: u32) {
        let next = self.first.take();
        let mut node = self.pool.alloc(Both { value, next, previous: None });
        let raw = PoolBox::as_mut_ptr(&mut node);
        match &mut node.next {
            Some(next) => next.previous = Some(raw),
            None => self.last = Some(raw),
        }
        self.first = Some(node);
    }

    fn pop_back(&mut self) -> Option<u32> {
        let last = self.last?;
        // SAFETY: the last node is owned by the list, and no reference to it exists.
        self.last = unsafe { (*last).previous };
        let owner = match self.last {
            // SAFETY: the same for the one before it.
            Some(previous) => unsafe { &mut (*previous).next },
            None => &mut self.first,
        };
        let node = owner.take().expect("the list owns its last node");
        assert!(ptr::eq(PoolBox::as_ptr(&node), last));
        Some(PoolBox::into_inner(node).value)
    }

    fn pop_front(&mut self) -> Option<u32> {
        let mut node = self.first.take()?;
        self.first = node.next.take();
        match &mut self.first {
            Some(first) => first.previous = None,
            None => self.last = None,
        }
        Some(node.value)
    }
}

#[test]
fn nodes_may_be_reached_by_raw_pointers_while_boxes_own_them() {
    let mut deque = Deque::default();
    let mut reference = std::collections::VecDeque::new();
    for n in 0..scaled(3000, 200) as u32 {
        match n * 7 % 12 {
            0..=2 => {
                deque.push_front(n);
                reference.push_front(n);
            }
            3..=7 => {
                deque.push_back(n);
                reference.push_back(n);
            }
            8 | 9 => assert_eq!(deque.pop_back(), reference.pop_back()),
            _ => assert_eq!(deque.pop_front(), reference.pop_front()),
        }
        assert_eq!(deque.pool.len(), reference.len());
    }
    assert!(!reference.is_empty());
    while let Some(value) = reference.pop_back() {
        assert_eq!(deque.pop_back(), Some(value));
    }
    assert!(deque.pop_front().is_none() && deque.first.is_none() && deque.last.is_none());
}

#[test]
fn a_graph_owned_by_a_vector_is_walked_by_its_edges() {
    struct Node {
        value: usize,
        edges: Vec<*const Node>,
    }

    let pool = Pool::new();
    let count = scaled(2000, 100);
    let mut nodes: Vec<_> = (0..count).map(|value| pool.alloc(Node { value, edges: Vec::new() })).collect();
    for n in 0..count {
        let edges = [n * 7 % count, (n + 1) % count].map(|to| PoolBox::as_ptr(&nodes[to]));
        nodes[n].edges.extend(edges);
    }
    // The boxes move; the edges stay true.
    nodes.rotate_left(count / 3);
    let mut seen = vec![false; count];
    let mut stack = vec![PoolBox::as_ptr(&nodes[0])];
    while let Some(node) = stack.pop() {
        // SAFETY: every node is alive, and only read.
        let node = unsafe { &*node };
        if !std::mem::replace(&mut seen[node.value], true) {
            stack.extend(&node.edges);
        }
    }
    assert!(seen.into_iter().all(|seen| seen));
}
