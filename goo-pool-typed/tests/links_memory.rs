//! What dropping, cloning and walking nodes takes from the heap: nothing for lists and small trees, and what to do when there
//! is nothing.
#![cfg(feature = "derive")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::null_mut;

use goo_pool_typed::{Pool, PoolBox, Pooled};

/// Counts this thread's requests, and refuses them if it shall.
struct Counting;

thread_local! {
    static REQUESTS: Cell<usize> = const { Cell::new(0) };
    static REFUSES: Cell<bool> = const { Cell::new(false) };
}

// SAFETY: all memory comes from `System`.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        REQUESTS.set(REQUESTS.get() + 1);
        if REFUSES.get() {
            return null_mut();
        }
        // SAFETY: as the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: as the caller's.
        unsafe { System.dealloc(ptr, layout) };
    }
}

#[global_allocator]
static GLOBAL: Counting = Counting;

/// The requests that `work` makes.
fn requests(work: impl FnOnce()) -> usize {
    let before = REQUESTS.get();
    work();
    REQUESTS.get() - before
}

/// The requests that are refused to `work`.
fn refused(work: impl FnOnce()) -> usize {
    REFUSES.set(true);
    let refused = requests(work);
    REFUSES.set(false);
    refused
}

#[derive(Pooled)]
#[pooled(clone, walk)]
struct Node {
    dropped: Dropped,
    #[pooled(link)]
    links: [Option<PoolBox<Node>>; 6],
}

/// Counts this thread's drops.
#[derive(Clone)]
struct Dropped;

thread_local! {
    static DROPPED: Cell<usize> = const { Cell::new(0) };
}

impl Drop for Dropped {
    fn drop(&mut self) {
        DROPPED.set(DROPPED.get() + 1);
    }
}

/// A node with so many nodes behind each of its links, on so many levels.
fn tree(pool: &Pool<Node>, width: usize, levels: usize) -> PoolBox<Node> {
    let links = std::array::from_fn(|link| (link < width && levels > 1).then(|| tree(pool, width, levels - 1)));
    Node::new_in(pool, Dropped, links)
}

#[test]
fn lists_and_small_trees_take_no_memory() {
    for (width, levels) in [(1, 1000), (2, 5), (5, 2)] {
        let pool = Pool::new();
        let node = tree(&pool, width, levels);
        let count = pool.len();
        assert_eq!(requests(|| assert_eq!(node.links().count(), count)), 0);
        // The pool grows for the clones, if anything does.
        pool.reserve(count).unwrap();
        let mut clone = None;
        assert_eq!(requests(|| clone = Some(node.clone())), 0);
        assert_eq!(requests(|| drop((node, clone))), 0);
        assert!(pool.is_empty());
    }
}

#[test]
fn larger_trees_take_memory_once_in_a_while() {
    let pool = Pool::new();
    let node = tree(&pool, 6, 5);
    let count = pool.len();
    let taken = requests(|| assert_eq!(node.links().count(), count));
    assert!((1..=5).contains(&taken), "{taken}");
    let taken = requests(|| drop(node));
    assert!((1..=5).contains(&taken), "{taken}");
}

#[test]
fn all_nodes_are_dropped_once_without_memory() {
    let pool = Pool::new();
    let node = tree(&pool, 6, 4);
    let count = pool.len();
    assert_eq!(count, 1 + 6 + 36 + 216);
    DROPPED.set(0);
    assert!(refused(|| drop(node)) > 0);
    assert_eq!(DROPPED.get(), count);
    assert!(pool.is_empty());
}

#[test]
fn a_list_with_leaves_is_dropped_on_a_small_stack_without_memory() {
    let work = || {
        let pool = Pool::new();
        let mut node = tree(&pool, 0, 1);
        for _ in 0..if cfg!(miri) { 200 } else { 20_000 } {
            // The long way is the first link; what finds no room is a leaf.
            let mut links: [_; 6] = std::array::from_fn(|_| Some(tree(&pool, 0, 1)));
            links[0] = Some(node);
            node = Node::new_in(&pool, Dropped, links);
        }
        let count = pool.len();
        DROPPED.set(0);
        assert!(refused(|| drop(node)) > 0);
        assert_eq!(DROPPED.get(), count);
        assert!(pool.is_empty());
    };
    std::thread::Builder::new().stack_size(64 * 1024).spawn(work).unwrap().join().unwrap();
}
