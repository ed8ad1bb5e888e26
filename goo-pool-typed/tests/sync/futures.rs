//! Futures that go from thread to thread.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use goo_pool_typed::{SyncPool, SyncPoolBox, unsize};

use crate::common::scaled;

type Task = Pin<SyncPoolBox<dyn Future<Output = u32> + Send>>;

/// Is pending once after each of `n` steps, and has a reference to itself meanwhile.
async fn count(n: u32) -> u32 {
    let steps = [n; 4];
    let last = &steps[3];
    for _ in 0..n {
        let mut pending = true;
        poll_fn(|_| if std::mem::take(&mut pending) { Poll::Pending } else { Poll::Ready(()) }).await;
    }
    *last
}

#[test]
fn a_pinned_future_is_polled_and_dropped_on_other_threads() {
    static POOL: SyncPool<[u64; 8]> = SyncPool::new();
    let pool = SyncPool::new();
    let mut tasks: Vec<Task> = (0..scaled(100, 10) as u32)
        .map(|n| unsize!(pool.pin(count(n % 7)), dyn Future<Output = u32> + Send))
        .chain((0..8).map(|n| -> Task {
            let future = async move { POOL.pin([n; 8])[n as usize] as u32 };
            unsize!(SyncPool::new().pin(future), dyn Future<Output = u32> + Send)
        }))
        .collect();
    let mut total = 0;
    while !tasks.is_empty() {
        (tasks, total) = thread::spawn(move || {
            let mut context = Context::from_waker(Waker::noop());
            tasks.retain_mut(|task| match task.as_mut().poll(&mut context) {
                Poll::Ready(n) => {
                    total += n;
                    false
                }
                Poll::Pending => true,
            });
            (tasks, total)
        })
        .join()
        .expect("no task panics");
    }
    assert_eq!(total, (0..scaled(100, 10) as u32).map(|n| n % 7).sum::<u32>() + (0..8).sum::<u32>());
    assert!(pool.is_empty() && POOL.is_empty());
}
