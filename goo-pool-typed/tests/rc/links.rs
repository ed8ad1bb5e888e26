//! `#[pooled(link)]` on shared handles: a node goes with its last one, and what is behind it only then.
#![cfg(feature = "derive")]

use std::cell::{OnceCell, RefCell};
use std::thread;

use goo_pool_typed::Pooled;

use crate::common::{Entry, Ledger, panic_of, scaled};
use crate::kind::{Pool, PoolRc, PoolWeak, RcPool};

/// More nodes than any stack would take. Builds without optimisation get a tenth.
const LIST: usize = scaled(1_000_000, 15_000) / if cfg!(debug_assertions) { 10 } else { 1 };

/// A list whose tails may be shared.
#[derive(Pooled)]
#[pooled(clone, walk)]
struct Node {
    value: usize,
    #[pooled(link)]
    next: Option<PoolRc<Node>>,
}

/// A tree whose nodes know their parents.
#[derive(Pooled)]
struct Folder {
    parent: PoolWeak<Folder>,
    #[pooled(link, default)]
    folders: RefCell<Vec<PoolRc<Folder>>>,
    entry: Entry,
}

/// Runs `work` where recursion would not go far.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(64 * 1024).spawn(work).unwrap().join().unwrap();
}

fn list(pool: &RcPool<Node>, end: Option<PoolRc<Node>>, count: usize) -> Option<PoolRc<Node>> {
    (0..count).rev().fold(end, |next, value| Some(pool.alloc(Node { value, next })))
}

fn values(list: &Option<PoolRc<Node>>) -> impl Iterator<Item = usize> {
    list.iter().flat_map(|list| list.links()).map(|node| node.value)
}

#[test]
fn a_shared_list_is_dropped_and_walked_on_a_small_stack() {
    on_a_small_stack(|| {
        let pool = RcPool::new();
        let list = list(&pool, None, LIST);
        let other = list.clone();
        drop(list);
        assert!(values(&other).eq(0..LIST));
        drop(other);
        assert!(pool.is_empty());
    });
}

#[test]
fn nodes_with_weak_handles_are_dropped_on_a_small_stack() {
    on_a_small_stack(|| {
        let pool = RcPool::new();
        let mut weak = Vec::new();
        let list = (0..LIST).rev().fold(None, |next, value| {
            let node = pool.alloc(Node { value, next });
            weak.push(PoolRc::downgrade(&node));
            Some(node)
        });
        assert!(weak.iter().all(|node| node.strong_count() == 1));
        drop(list);
        assert!(weak.iter().all(|node| node.upgrade().is_none()));
        drop(weak);
        assert!(pool.is_empty());
    });
}

#[test]
fn a_shared_tail_stays_until_its_last_handle_goes() {
    on_a_small_stack(|| {
        let pool = RcPool::new();
        let tail = list(&pool, None, LIST);
        let lists = [1, 2, 3].map(|count| list(&pool, tail.clone(), count * LIST));
        assert_eq!(pool.len(), 7 * LIST);
        for list in lists {
            drop(list);
            assert!(values(&tail).eq(0..LIST));
        }
        assert_eq!(pool.len(), LIST);
        drop(tail);
        assert!(pool.is_empty());
    });
}

#[test]
fn a_list_is_dropped_on_a_small_stack_whatever_way_its_first_node_goes() {
    let ways: [fn(PoolRc<Node>); 6] = [
        drop,
        |list| drop(PoolRc::try_unwrap(list)),
        |list| drop(PoolRc::into_inner(list)),
        |list| drop(PoolRc::try_into_box(list)),
        |mut list| PoolRc::get_mut(&mut list).unwrap().next = None,
        |list| {
            let weak = PoolRc::downgrade(&list);
            drop(PoolRc::into_inner(list));
            assert!(weak.upgrade().is_none());
        },
    ];
    on_a_small_stack(move || {
        let pool = RcPool::new();
        for way in ways {
            way(list(&pool, None, scaled(100_000, 500)).unwrap());
            assert!(pool.is_empty());
        }
    });
}

#[test]
fn the_clone_of_a_node_shares_what_is_behind_its_links() {
    let pool = RcPool::new();
    let list = list(&pool, None, 5).unwrap();
    let clone = Node::clone(&list);
    assert_eq!(pool.len(), 5);
    assert!(PoolRc::ptr_eq(clone.next.as_ref().unwrap(), list.next.as_ref().unwrap()));
    drop(list);
    assert!(clone.links().map(|node| node.value).eq(0..5));
    assert_eq!(pool.len(), 4);
}

#[test]
fn what_several_handles_lead_to_is_walked_several_times_and_dropped_once() {
    #[derive(Pooled)]
    #[pooled(walk)]
    struct Twice {
        #[pooled(link)]
        links: [Option<PoolRc<Twice>>; 2],
    }

    let pool = RcPool::new();
    let mut node = pool.alloc(Twice { links: [None, None] });
    for _ in 0..scaled(10, 4) {
        node = pool.alloc(Twice { links: [Some(node.clone()), Some(node)] });
    }
    assert_eq!(node.links().count(), (2 << scaled(10, 4)) - 1);
    drop(node);
    assert!(pool.is_empty());
}

#[test]
fn a_deep_tree_in_ref_cells_is_dropped_on_a_small_stack() {
    on_a_small_stack(|| {
        let ledger = Ledger::default();
        let pool = RcPool::new();
        let folder = |parent| pool.alloc(Folder { parent, folders: RefCell::default(), entry: ledger.entry() });
        let root = folder(PoolWeak::new());
        let mut last = root.clone();
        let depth = scaled(20_000, 100);
        for _ in 0..depth {
            let folders = [(), ()].map(|()| folder(PoolRc::downgrade(&last)));
            let next = folders[1].clone();
            last.folders.borrow_mut().extend(folders);
            last = next;
        }
        assert_eq!((pool.len(), last.entry.number), (2 * depth + 1, 2 * depth));
        drop(root);
        // Its parents are gone, with all they had.
        assert!(last.parent.upgrade().is_none());
        assert_eq!(ledger.live(), 1);
        drop(last);
        assert!(pool.is_empty());
    });
}

#[test]
fn a_destructor_that_panics_leaves_no_shared_node_behind() {
    for number in 0..6 {
        let pool = RcPool::new();
        let ledger = Ledger::default();
        let folder = |folders: Vec<PoolRc<Folder>>| {
            let parent = PoolWeak::new();
            pool.alloc(Folder { parent, folders: RefCell::new(folders), entry: ledger.entry() })
        };
        let kept = folder(vec![folder(vec![])]);
        let root = folder(vec![folder(vec![]), kept.clone(), folder(vec![folder(vec![])])]);
        let weak = PoolRc::downgrade(&root.folders.borrow()[2]);
        ledger.panic_in_drop_of(number);
        let message = panic_of(|| drop((root, kept)));
        assert!(message.contains("the destructor panics"), "{message}");
        ledger.assert_settled();
        assert!(weak.upgrade().is_none());
        drop(weak);
        assert!(pool.is_empty(), "{number}");
    }
}

#[test]
fn links_that_are_set_once_may_lead_back_through_weak_handles() {
    #[derive(Pooled)]
    #[pooled(walk)]
    struct Both {
        previous: PoolWeak<Both>,
        #[pooled(link, default)]
        next: OnceCell<PoolRc<Both>>,
    }

    let pool = RcPool::new();
    let first = pool.alloc(Both { previous: PoolWeak::new(), next: OnceCell::new() });
    let mut last = first.clone();
    for _ in 1..scaled(1_000, 50) {
        let next = pool.alloc(Both { previous: PoolRc::downgrade(&last), next: OnceCell::new() });
        assert!(last.next.set(next.clone()).is_ok());
        last = next;
    }
    assert_eq!(first.links().count(), pool.len());
    assert!(last.previous.upgrade().is_some());
    drop(first);
    assert_eq!(pool.len(), 2, "the last, and the memory of the one before it");
    drop(last);
    assert!(pool.is_empty());
}

#[test]
fn boxes_are_built_by_the_derive_and_then_shared() {
    let boxed: crate::kind::Pool<Node> = Pool::new();
    let pool = RcPool::new();
    let first = Node::new_in(&boxed, 1, list(&pool, None, 3));
    assert_eq!(first.links().count(), 4);
    let shared = pool.alloc(goo_pool_typed::generic::PoolBox::into_inner(first));
    assert_eq!((shared.links().count(), boxed.len(), pool.len()), (4, 0, 4));
}
