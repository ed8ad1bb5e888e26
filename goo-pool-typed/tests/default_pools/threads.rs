//! Whose pool it is: each thread's own, or everybody's.

use std::sync::{Barrier, mpsc};
use std::thread;

use goo_pool_typed::{DefaultPool, Pooled, SyncPoolBox};

use crate::common::scaled;

#[test]
fn each_thread_has_a_pool_of_its_own() {
    #[derive(Pooled)]
    #[pooled(thread_local)]
    struct Node(usize);

    let here: Vec<_> = (0..5).map(Node::new).collect();
    thread::scope(|scope| {
        for count in 1..4 {
            scope.spawn(move || {
                assert_eq!(Node::default_pool().len(), 0);
                let boxes: Vec<_> = (0..count).map(Node::new).collect();
                assert_eq!(Node::default_pool().len(), count);
                assert_eq!(boxes.iter().map(|node| node.0).sum::<usize>(), count * (count - 1) / 2);
            });
        }
    });
    assert_eq!((Node::default_pool().len(), here[4].0), (5, 4));
}

#[test]
fn a_global_pool_serves_threads_that_use_it_first_at_the_same_time() {
    #[derive(Pooled)]
    #[pooled(global)]
    struct Message {
        from: usize,
        number: usize,
    }

    const THREADS: usize = 4;
    let each = scaled(10_000, 20);
    let start = Barrier::new(THREADS);
    let (sender, messages) = mpsc::channel::<SyncPoolBox<Message>>();
    thread::scope(|scope| {
        for from in 0..THREADS {
            let (sender, start) = (sender.clone(), &start);
            scope.spawn(move || {
                start.wait();
                for number in 0..each {
                    sender.send(Message::new(from, number)).unwrap();
                }
            });
        }
        drop(sender);
        let mut next = [0; THREADS];
        for message in messages {
            assert_eq!(message.number, next[message.from]);
            next[message.from] += 1;
        }
        assert_eq!(next, [each; THREADS]);
    });
    assert!(Message::default_pool().is_empty());
}

#[test]
fn a_box_of_a_global_pool_is_made_changed_and_dropped_on_three_threads() {
    #[derive(Pooled)]
    #[pooled(global)]
    struct Text(String);

    let mut text = thread::spawn(|| Text::new(String::from("made"))).join().unwrap();
    text.0.push_str(", changed");
    assert_eq!(Text::default_pool().len(), 1);
    thread::spawn(move || assert_eq!(text.0, "made, changed")).join().unwrap();
    assert!(Text::default_pool().is_empty());
}
