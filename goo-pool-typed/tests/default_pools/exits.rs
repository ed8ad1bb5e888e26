//! Default pools in thread-local destructors, before and after the thread's own pool is gone.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use goo_pool_typed::{DefaultPool, PoolBox, Pooled, SyncPoolBox};

use crate::common::scaled;

/// A value of a thread's variable.
struct OnExit(Box<dyn FnMut()>);

impl Drop for OnExit {
    fn drop(&mut self) {
        (self.0)();
    }
}

thread_local!(static HOOKS: RefCell<Vec<OnExit>> = const { RefCell::new(Vec::new()) });

/// Runs `at_exit` in a thread-local destructor of a new thread: one that was registered before `first_use`, or after it.
/// Thread-local destructors run in either order, depending on the platform; so both are run.
fn run_at_exit(hook_first: bool, first_use: fn(), prepare: impl FnOnce() -> Box<dyn FnMut()> + Send + 'static) {
    let work = move || {
        let register = || HOOKS.with_borrow_mut(Vec::clear);
        if hook_first {
            register();
        }
        first_use();
        let hook = OnExit(prepare());
        HOOKS.with_borrow_mut(|hooks| hooks.push(hook));
    };
    // A panic in a destructor ends the process, so that `join` needs to tell nothing of it.
    thread::spawn(work).join().unwrap();
}

#[derive(Pooled, Clone)]
#[pooled(thread_local)]
struct Node {
    value: usize,
    next: Option<PoolBox<Node>>,
}

fn list(len: usize) -> Option<PoolBox<Node>> {
    (0..len).fold(None, |next, value| Some(Node::new(value, next)))
}

fn sum(list: &Option<PoolBox<Node>>) -> usize {
    std::iter::successors(list.as_deref(), |node| node.next.as_deref()).map(|node| node.value).sum()
}

impl Default for Node {
    fn default() -> Self {
        Node { value: 1, next: Some(PoolBox::new(Node { value: 2, next: None })) }
    }
}

#[test]
fn boxes_are_made_before_and_after_the_threads_pool_is_gone() {
    static RUNS: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];

    for hook_first in [true, false] {
        run_at_exit(
            hook_first,
            || drop(Node::new(1, None)),
            || {
                let mut before = list(scaled(1000, 20));
                let expected = sum(&before);
                Box::new(move || {
                    let old = PoolBox::pool(before.as_ref().unwrap());
                    let is_there = Node::default_pool().ptr_eq(&old);
                    RUNS[usize::from(is_there)].fetch_add(1, Relaxed);

                    // The box from before is whole, and its pool too.
                    assert_eq!(sum(&before), expected);
                    drop(old.alloc(Node { value: 0, next: None }));
                    drop(old);

                    // Whatever makes a box does, and they live beside each other.
                    let after = list(scaled(100, 10));
                    let boxes = [
                        PoolBox::new(Node { value: 5, next: None }),
                        PoolBox::try_new(Node { value: 6, next: None }).unwrap(),
                        PoolBox::new_with(|| Node { value: 7, next: list(3) }),
                        Node::try_new(8, None).unwrap(),
                        PoolBox::default(),
                    ];
                    let clones = boxes.clone();
                    assert_eq!(boxes.iter().map(|node| node.value + sum(&node.next)).sum::<usize>(), 32);
                    assert_eq!(clones.iter().map(|node| node.value).sum::<usize>(), 27);

                    // A handle is a pool as any other.
                    let pool = Node::default_pool();
                    pool.reserve(100).unwrap();
                    let many: Vec<_> = (0..100).map(|value| pool.alloc(Node { value, next: None })).collect();
                    assert!(pool.len() >= 100);
                    drop(pool);
                    assert_eq!(many[99].value, 99);

                    // One list of nodes from both.
                    let more = sum(&after);
                    let mut end = &mut before;
                    while let Some(node) = end {
                        end = &mut node.next;
                    }
                    *end = after;
                    assert_eq!(sum(&before), expected + more);
                    drop(before.take());
                })
            },
        );
    }
    assert_eq!(RUNS.each_ref().map(|runs| runs.load(Relaxed)), [1, 1], "both orders have been seen");
}

#[test]
fn a_thread_may_use_its_pool_first_in_a_destructor() {
    #[derive(Pooled)]
    #[pooled(thread_local)]
    struct Late(usize);

    static SUM: AtomicUsize = AtomicUsize::new(0);
    run_at_exit(
        true,
        || {},
        || {
            Box::new(|| {
                let boxes: Vec<_> = (0..10).map(Late::new).collect();
                SUM.fetch_add(boxes.iter().map(|late| late.0).sum(), Relaxed);
            })
        },
    );
    assert_eq!(SUM.load(Relaxed), 45);
}

#[test]
fn a_global_pool_is_there_in_every_destructor() {
    #[derive(Pooled)]
    #[pooled(global)]
    struct Shared(usize);

    static RUNS: AtomicUsize = AtomicUsize::new(0);
    for hook_first in [true, false] {
        run_at_exit(
            hook_first,
            || drop(Shared::new(1)),
            || {
                let mut boxes: Vec<_> = (0..50).map(Shared::new).collect();
                Box::new(move || {
                    boxes.extend((50..100).map(|n| SyncPoolBox::new(Shared(n))));
                    assert!(SyncPoolBox::pool(&boxes[99]).ptr_eq(&Shared::default_pool()));
                    assert_eq!(boxes.drain(..).map(|shared| shared.0).sum::<usize>(), 4950);
                    RUNS.fetch_add(1, Relaxed);
                })
            },
        );
        assert!(Shared::default_pool().is_empty());
    }
    assert_eq!(RUNS.load(Relaxed), 2);
}

#[test]
fn threads_come_and_go() {
    for round in 0..scaled(200, 5) {
        let total = thread::spawn(move || sum(&list(round))).join().unwrap();
        assert_eq!(total, round * round.saturating_sub(1) / 2);
    }
}
