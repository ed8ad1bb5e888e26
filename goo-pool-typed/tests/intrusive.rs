//! Feature `intrusive-collections`: its collections own nodes in a pool.
#![cfg(feature = "intrusive-collections")]

mod common;

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;

use goo_pool_typed::intrusive::{PoolAdapter, PoolPointerOps};
use goo_pool_typed::{Pool, PoolBox, PoolRc, RcPool};
use intrusive_collections::{
    Adapter, Bound, DefaultLinkOps, KeyAdapter, LinkOps, LinkedList, LinkedListLink, PointerOps, RBTree, RBTreeLink,
    SinglyLinkedList, SinglyLinkedListLink, UnsafeRef, XorLinkedList, XorLinkedListLink, intrusive_adapter,
};
use static_assertions::{assert_impl_all, assert_not_impl_any};

use crate::common::{Entry, Ledger, panic_of, scaled};

/// In up to four collections at once.
struct Node {
    key: u64,
    // Links in the middle and at the end, so that a link's address is not the node's.
    list: LinkedListLink,
    tree: RBTreeLink,
    _entry: Entry,
    single: SinglyLinkedListLink,
    xor: XorLinkedListLink,
}

intrusive_adapter!(List = UnsafeRef<Node>: Node { list => LinkedListLink });
intrusive_adapter!(Tree = UnsafeRef<Node>: Node { tree => RBTreeLink });
intrusive_adapter!(Single = UnsafeRef<Node>: Node { single => SinglyLinkedListLink });
intrusive_adapter!(Xor = UnsafeRef<Node>: Node { xor => XorLinkedListLink });

impl<'a> KeyAdapter<'a> for Tree {
    type Key = u64;

    fn get_key(&self, node: &'a Node) -> u64 {
        node.key
    }
}

fn node(key: u64, ledger: &Ledger) -> Node {
    Node {
        key,
        list: LinkedListLink::new(),
        tree: RBTreeLink::new(),
        _entry: ledger.entry(),
        single: SinglyLinkedListLink::new(),
        xor: XorLinkedListLink::new(),
    }
}

// Collections go to other threads as their pointers may.
assert_not_impl_any!(LinkedList<PoolAdapter<List, PoolBox<Node>>>: Send, Sync);
#[cfg(feature = "std")]
const _: () = {
    struct AtomicNode(intrusive_collections::LinkedListAtomicLink);
    intrusive_adapter!(Atomic = UnsafeRef<AtomicNode>: AtomicNode { 0 => intrusive_collections::LinkedListAtomicLink });
    assert_impl_all!(LinkedList<PoolAdapter<Atomic, goo_pool_typed::SyncPoolBox<AtomicNode>>>: Send);
    assert_impl_all!(LinkedList<PoolAdapter<Atomic, goo_pool_typed::PoolArc<AtomicNode>>>: Send);
    assert_not_impl_any!(LinkedList<PoolAdapter<Atomic, PoolBox<AtomicNode>>>: Send, Sync);
    // A shared collection clones its pointers (`clone_pointer`), so an adapter is shared as its pointers are.
    assert_not_impl_any!(PoolAdapter<Atomic, PoolRc<AtomicNode>>: Send, Sync);
    assert_not_impl_any!(LinkedList<PoolAdapter<Atomic, PoolRc<AtomicNode>>>: Send, Sync);
    assert_impl_all!(LinkedList<PoolAdapter<Atomic, goo_pool_typed::PoolArc<AtomicNode>>>: Sync);
};

#[test]
fn a_cursor_gives_the_box_back() {
    let (pool, ledger) = (Pool::new(), Ledger::default());
    let mut list = LinkedList::<PoolAdapter<List, PoolBox<Node>>>::default();
    let count = scaled(1_000, 40) as u64;
    for key in 0..count {
        let boxed = pool.alloc(node(key, &ledger));
        if key % 2 == 0 { list.push_back(boxed) } else { list.push_front(boxed) }
    }
    let mut removed = Vec::new();
    let mut cursor = list.front_mut();
    while let Some(node) = cursor.get() {
        if node.key % 3 == 0 {
            let address = cursor.get_ptr().expect("not at the end");
            let boxed: PoolBox<Node> = cursor.remove().expect("not at the end");
            assert_eq!(PoolBox::as_ptr(&boxed).addr(), address.addr().get());
            removed.push(boxed);
        } else {
            cursor.move_next();
        }
    }
    assert_eq!(removed.len() as u64, count.div_ceil(3));
    // They are whole boxes: their values move out, and their pool is found.
    for mut boxed in removed.drain(..) {
        boxed.key += count;
        assert!(PoolBox::pool(&boxed).ptr_eq(&pool));
        assert!(!boxed.list.is_linked());
        list.push_back(boxed);
    }
    assert!(list.iter().all(|node| node.key % 3 != 0 || node.key >= count));
    let inner = PoolBox::into_inner(list.pop_back().expect("some are left"));
    assert_eq!((pool.len() as u64, ledger.live() as u64), (count - 1, count));
    drop(inner);
    drop(list);
    assert!(pool.is_empty());
    ledger.assert_settled();
}

#[test]
fn a_tree_sorts_finds_and_gives_back() {
    let (pool, ledger) = (Pool::new(), Ledger::default());
    let mut tree = RBTree::<PoolAdapter<Tree, PoolBox<Node>>>::default();
    let count = scaled(2_000, 60) as u64;
    for n in 0..count {
        tree.insert(pool.alloc(node(n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32, &ledger)));
    }
    assert!(tree.iter().map(|node| node.key).is_sorted());
    let some: Vec<u64> = tree.iter().map(|node| node.key).step_by(7).collect();
    for key in &some {
        let boxed: PoolBox<Node> = tree.find_mut(key).remove().expect("it is there");
        assert_eq!(boxed.key, *key);
    }
    assert!(some.iter().all(|key| tree.find(key).is_null()));
    let lower = tree.lower_bound(Bound::Excluded(&some[1])).get().expect("there are larger ones");
    assert!(lower.key > some[1]);
    assert_eq!((pool.len(), ledger.live()), (count as usize - some.len(), count as usize - some.len()));
    // The pool's last handle goes first: the boxes are dropped all the same.
    drop(pool);
    drop(tree);
    ledger.assert_settled();
}

#[test]
fn singly_linked_and_xor_lists_own_their_nodes() {
    let (pool, ledger) = (Pool::new(), Ledger::default());
    let mut single = SinglyLinkedList::<PoolAdapter<Single, PoolBox<Node>>>::default();
    for key in 0..10 {
        single.push_front(pool.alloc(node(key, &ledger)));
    }
    let boxed = single.front_mut().remove_next().expect("the second");
    assert_eq!((boxed.key, single.pop_front().expect("the first").key), (8, 9));
    assert!(single.iter().map(|node| node.key).eq((0..8).rev()));
    drop(single);
    assert_eq!(pool.len(), 1);
    drop(boxed);

    // This one makes pointers from integers, which strict provenance does not allow.
    if !cfg!(miri) {
        let mut xor = XorLinkedList::<PoolAdapter<Xor, PoolBox<Node>>>::default();
        for key in 0..10 {
            xor.push_back(pool.alloc(node(key, &ledger)));
        }
        xor.reverse();
        assert_eq!(xor.pop_front().expect("the last").key, 9);
        assert_eq!(xor.front_mut().remove().expect("now the first").key, 8);
        assert!(xor.iter().map(|node| node.key).eq((0..8).rev()));
    }
    assert!(pool.is_empty());
    ledger.assert_settled();
}

#[test]
fn a_shared_node_is_in_a_list_and_in_a_tree() {
    let (pool, ledger) = (RcPool::new(), Ledger::default());
    let mut recent = LinkedList::<PoolAdapter<List, PoolRc<Node>>>::default();
    let mut by_key = RBTree::<PoolAdapter<Tree, PoolRc<Node>>>::default();
    for key in 0..20 {
        let shared = pool.alloc(node(key * 7 % 20, &ledger));
        by_key.insert(shared.clone());
        recent.push_back(shared);
    }
    let shared: PoolRc<Node> = by_key.find(&9).clone_pointer().expect("it is there");
    assert_eq!(PoolRc::strong_count(&shared), 3);
    // SAFETY: the node is in this list.
    let mut cursor = unsafe { recent.cursor_mut_from_ptr(PoolRc::as_ptr(&shared)) };
    let removed = cursor.remove().expect("it is there");
    assert!(PoolRc::ptr_eq(&removed, &shared));
    recent.push_front(removed);
    assert_eq!(recent.front().get().map(|node| node.key), Some(9));
    // The oldest go from both.
    for _ in 0..10 {
        let oldest = recent.pop_back().expect("there are twenty");
        by_key.find_mut(&oldest.key).remove().expect("it is in both");
    }
    assert_eq!((ledger.live(), pool.len()), (10, 10));
    assert!(by_key.iter().map(|node| node.key).is_sorted());
    drop((recent, by_key));
    assert_eq!((ledger.live(), shared.key), (1, 9));
    drop(shared);
    assert!(pool.is_empty());
    ledger.assert_settled();
}

#[test]
fn a_pinned_node_stays_pinned() {
    let (pool, ledger) = (Pool::new(), Ledger::default());
    let mut list = LinkedList::new(PoolAdapter::<List, Pin<PoolBox<Node>>>::new(List::NEW));
    let pinned = pool.pin(node(1, &ledger));
    let address = &raw const *pinned;
    list.push_back(pinned);
    list.push_back(pool.pin(node(2, &ledger)));
    let pinned: Pin<PoolBox<Node>> = list.pop_front().expect("the first");
    assert!(std::ptr::eq(&raw const *pinned, address));
    drop((list, pinned));
    assert!(pool.is_empty());
    ledger.assert_settled();
}

#[test]
#[cfg(feature = "std")]
fn nodes_of_thread_safe_pools_are_owned_too() {
    use goo_pool_typed::{ArcPool, PoolArc, SyncPool, SyncPoolBox};

    let (boxes, shared, ledger) = (SyncPool::new(), ArcPool::new(), Ledger::default());
    let mut list = LinkedList::<PoolAdapter<List, SyncPoolBox<Node>>>::default();
    let mut tree = RBTree::<PoolAdapter<Tree, PoolArc<Node>>>::default();
    for key in 0..50 {
        list.push_back(boxes.alloc(node(key, &ledger)));
        tree.insert(shared.alloc(node(key, &ledger)));
    }
    let (boxed, arc) =
        (list.pop_front().expect("there are fifty"), tree.front_mut().remove().expect("there are fifty"));
    drop((list, tree));
    assert_eq!((boxed.key, arc.key, boxes.len(), shared.len()), (0, 0, 1, 1));
    drop((boxed, arc));
    ledger.assert_settled();
}

/// The nodes' destructors run one after another, not one within another.
#[test]
fn a_long_list_is_dropped_on_a_small_stack() {
    struct Link(LinkedListLink);
    intrusive_adapter!(Links = UnsafeRef<Link>: Link { 0 => LinkedListLink });

    let drop_list = || {
        let pool = Pool::new();
        let mut list = LinkedList::<PoolAdapter<Links, PoolBox<Link>>>::default();
        for _ in 0..scaled(500_000, 300) {
            list.push_back(pool.alloc(Link(LinkedListLink::new())));
        }
        drop(list);
        assert!(pool.is_empty());
    };
    let thread = std::thread::Builder::new().stack_size(64 << 10).spawn(drop_list).expect("a thread");
    thread.join().expect("the stack is enough");
}

#[test]
fn a_destructor_that_panics_in_a_list_frees_its_chunk() {
    let (pool, ledger) = (Pool::new(), Ledger::default());
    let mut list = LinkedList::<PoolAdapter<List, PoolBox<Node>>>::default();
    for key in 0..5 {
        list.push_back(pool.alloc(node(key, &ledger)));
    }
    ledger.panic_in_drop_of(0);
    assert!(panic_of(|| drop(list.pop_front())).contains("the destructor panics"));
    assert_eq!((pool.len(), ledger.live(), list.iter().count()), (4, 4, 4));
    drop(list);
    ledger.assert_settled();
}

/// A node's destructor may use the pool, and the collection's other nodes are whole meanwhile.
#[test]
fn a_destructor_allocates_in_the_pool_of_its_list() {
    struct Busy {
        link: LinkedListLink,
        pool: Option<Pool<Busy>>,
        drops: Rc<Cell<usize>>,
    }
    intrusive_adapter!(Links = UnsafeRef<Busy>: Busy { link => LinkedListLink });

    impl Drop for Busy {
        fn drop(&mut self) {
            self.drops.set(self.drops.get() + 1);
            if let Some(pool) = self.pool.take() {
                drop(pool.alloc(Busy { link: LinkedListLink::new(), pool: None, drops: self.drops.clone() }));
            }
        }
    }

    let (pool, drops) = (Pool::new(), Rc::new(Cell::new(0)));
    let mut list = LinkedList::<PoolAdapter<Links, PoolBox<Busy>>>::default();
    for _ in 0..10 {
        list.push_back(pool.alloc(Busy {
            link: LinkedListLink::new(),
            pool: Some(pool.clone()),
            drops: drops.clone(),
        }));
    }
    drop(list);
    assert_eq!((drops.get(), pool.len()), (20, 0));
}

/// An adapter without the macro, for a node of a generic type.
struct ByHand<T> {
    links: <LinkedListLink as DefaultLinkOps>::Ops,
    pointers: PoolPointerOps<PoolBox<(T, LinkedListLink)>>,
}

// SAFETY: the link is a field of the node, and its offset leads back.
unsafe impl<T> Adapter for ByHand<T> {
    type LinkOps = <LinkedListLink as DefaultLinkOps>::Ops;
    type PointerOps = PoolPointerOps<PoolBox<(T, LinkedListLink)>>;

    unsafe fn get_value(&self, link: <Self::LinkOps as LinkOps>::LinkPtr) -> *const (T, LinkedListLink) {
        let offset = std::mem::offset_of!((T, LinkedListLink), 1);
        // SAFETY: the link is that far inside of its node, and its pointer was made from one to the node.
        unsafe { link.as_ptr().byte_sub(offset) }.cast()
    }

    unsafe fn get_link(&self, value: *const (T, LinkedListLink)) -> <Self::LinkOps as LinkOps>::LinkPtr {
        // SAFETY: in bounds.
        let link = unsafe { &raw const (*value).1 };
        // SAFETY: part of what is not null.
        unsafe { std::ptr::NonNull::new_unchecked(link.cast_mut()) }
    }

    fn link_ops(&self) -> &Self::LinkOps {
        &self.links
    }

    fn link_ops_mut(&mut self) -> &mut Self::LinkOps {
        &mut self.links
    }

    fn pointer_ops(&self) -> &Self::PointerOps {
        &self.pointers
    }
}

#[test]
fn an_adapter_by_hand_names_the_pointer_operations() {
    let pool = Pool::new();
    let adapter = ByHand::<String> { links: LinkedListLink::NEW, pointers: PoolPointerOps::new() };
    let mut list = LinkedList::new(adapter);
    for text in ["one", "two", "three"] {
        list.push_back(pool.alloc((String::from(text), LinkedListLink::new())));
    }
    let second: PoolBox<(String, LinkedListLink)> = {
        let mut cursor = list.front_mut();
        cursor.move_next();
        cursor.remove().expect("the second")
    };
    assert_eq!((second.0.as_str(), list.iter().count()), ("two", 2));
    drop((second, list));
    assert!(pool.is_empty());
}

#[test]
fn from_raw_is_the_way_back_from_into_raw() {
    let pool = Pool::new();
    let ops = PoolPointerOps::<PoolBox<u64>>::default();
    let raw = ops.into_raw(pool.alloc(7));
    // SAFETY: just made, and used once.
    let boxed = unsafe { ops.from_raw(raw) };
    assert_eq!((*boxed, pool.len()), (7, 1));
}
