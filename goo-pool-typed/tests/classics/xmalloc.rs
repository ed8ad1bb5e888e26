//! xmalloc-test: who allocates never frees.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use super::objects::{Record, expect};
use super::run::{Busy, Level, Queue, Run, join};
use super::subject::Shared;
use super::{Outcome, Workload};

/// Producers allocate objects by the batch and send them to consumers, who free them. There are so many batches and no more;
/// a consumer sends them back empty, and a producer without an empty one waits. A round is one batch.
///
/// Consumers begin when all batches are full, so that the most objects that are ever live is known. With one batch the two
/// sides alternate. With one consumer, that is the thread that only frees.
///
/// After xmalloc-test by D. Boreham; C. Lever and D. Boreham, "malloc() Performance in a Multithreaded Linux
/// Environment", USENIX 2000. There the queue is bounded by a count and a condition variable.
#[derive(Clone, Copy, Debug)]
pub struct Xmalloc {
    /// Threads that allocate.
    pub producers: usize,
    /// Threads that free.
    pub consumers: usize,
    /// Batches, full and empty ones together.
    pub batches: usize,
    /// Objects of one batch.
    pub objects: usize,
}

struct Batch<H> {
    /// The first object's cookie; the others' follow.
    cookie: u64,
    objects: Vec<H>,
}

impl Workload<Record> for Xmalloc {
    fn run<S: Shared<Record>>(&self, pool: &S::Pool, run: &Run) -> Outcome {
        let (empty, full) = (Queue::new(self.batches), Queue::new(self.batches));
        for _ in 0..self.batches {
            empty.push(Batch::<S::Handle> { cookie: 0, objects: Vec::with_capacity(self.objects) });
        }
        let (live, producing, begun) = (Level::default(), Busy::new(self.producers), AtomicBool::new(false));

        let produce = |number: usize| {
            let _part = run.take_part();
            let local = S::local(pool);
            let mut cookie = (number as u64) << 48;
            let mut rounds = 0;
            while !run.is_over(rounds) {
                let mut batch = run.wait_for(|| empty.pop());
                batch.cookie = cookie;
                batch.objects.extend((cookie..).take(self.objects).map(|c| S::alloc(&local, Record::new(c))));
                live.rise(self.objects);
                full.push(batch);
                cookie += self.objects as u64;
                rounds += 1;
            }
            producing.done();
            rounds
        };
        let consume = || {
            let _part = run.take_part();
            let local = S::local(pool);
            let mut rounds = 0;
            run.wait_for(|| {
                (producing.is_over() || full.on_the_way() == self.batches || begun.load(Relaxed)).then_some(())
            });
            begun.store(true, Relaxed);
            // In this order: what comes in between is found the next time.
            let next = || (producing.is_over(), full.pop());
            while let Some(mut batch) = run.wait_for(|| match next() {
                (false, None) => None,
                (_, found) => Some(found),
            }) {
                for (object, cookie) in batch.objects.drain(..).zip(batch.cookie..) {
                    expect::<S>(&local, &object, cookie);
                    S::free(&local, object);
                }
                live.fall(self.objects);
                empty.push(batch);
                rounds += 1;
            }
            rounds
        };

        let (produced, consumed): (u64, u64) = thread::scope(|scope| {
            let produce = &produce;
            let producers: Vec<_> = (0..self.producers).map(|number| scope.spawn(move || produce(number))).collect();
            let consumers: Vec<_> = (0..self.consumers).map(|_| scope.spawn(consume)).collect();
            (producers.into_iter().map(join).sum(), consumers.into_iter().map(join).sum())
        });
        assert_eq!(produced, consumed, "a batch was lost on its way");
        Outcome { objects: produced * self.objects as u64, peak: live.peak(), shared_lines: 0 }
    }
}
