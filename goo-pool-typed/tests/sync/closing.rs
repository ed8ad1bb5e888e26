//! A closed pool of many threads does not open again: another takes its place, the same for all of its boxes.

use std::thread;

use goo_pool_typed::{AllocError, SyncPool, SyncPoolBox};

use crate::counted::Counted;

#[test]
fn a_closed_pool_has_one_successor_with_its_settings() {
    let parent = Counted::default();
    let pool = SyncPool::builder().max_chunks(5).parent(parent.clone()).build().unwrap();
    let boxes: Vec<_> = (0..5).map(|n| pool.alloc(n)).collect();
    drop(pool);
    let next = SyncPoolBox::pool(&boxes[0]);
    assert!(boxes.iter().all(|boxed| SyncPoolBox::pool(boxed).ptr_eq(&next)));
    assert!(next.is_empty(), "the boxes stay where they are");
    let mut more: Vec<_> = (0..5).map(|n| next.alloc(n)).collect();
    assert_eq!(next.try_alloc(5).unwrap_err().error(), AllocError::LimitReached { max_chunks: 5 });
    assert!(SyncPoolBox::pool(&more[0]).ptr_eq(&next));
    // Each goes where it came from.
    more.extend(boxes);
    drop(next);
    drop(more);
    assert_eq!(parent.pieces(), 0);
}

#[test]
fn threads_find_the_same_successor() {
    for _ in 0..if cfg!(miri) { 2 } else { 100 } {
        let parent = Counted::default();
        let pool = SyncPool::builder().parent(parent.clone()).build().unwrap();
        let boxes = [pool.alloc(1), pool.alloc(2)];
        drop(pool);
        let [one, two] = thread::scope(|scope| {
            let threads = boxes.each_ref().map(|boxed| scope.spawn(|| SyncPoolBox::pool(boxed)));
            threads.map(|thread| thread.join().unwrap())
        });
        assert!(one.ptr_eq(&two));
        drop((one, boxes, two));
        assert_eq!(parent.pieces(), 0);
    }
}

#[test]
fn clones_of_a_closed_pools_boxes_live_together() {
    let parent = Counted::default();
    let original = SyncPool::builder().parent(parent.clone()).build().unwrap().alloc(vec![1, 2]);
    let clones: Vec<_> = (0..10).map(|_| original.clone()).collect();
    let pool = SyncPoolBox::pool(&original);
    assert_eq!((pool.len(), clones[9].len()), (10, 2));
    assert!(clones.iter().all(|clone| SyncPoolBox::pool(clone).ptr_eq(&pool)));
    drop((pool, original));
    assert!(clones.iter().all(|clone| **clone == [1, 2]));
    drop(clones);
    assert_eq!(parent.pieces(), 0);
}
