//! cache-thrash and cache-scratch: two threads' objects in one cache line.

use std::collections::{BTreeMap, BTreeSet};
use std::ptr;
use std::thread;

use super::objects::Counter;
use super::run::{Gate, Run, join};
use super::subject::{Shared, Subject};
use super::{Outcome, Workload};

/// What x86-64 and most Arm processors pass from core to core.
const LINE: usize = 64;

/// Each thread allocates a few small objects, writes to them many times, and frees them: slow, where two threads'
/// objects lie in one cache line, because the line goes from core to core. A round is that much.
///
/// Two benchmarks of E. Berger's Hoard; E. Berger, K. McKinley, R. Blumofe and P. Wilson, "Hoard: A Scalable Memory Allocator for
/// Multithreaded Applications", ASPLOS 2000, §2.2. *cache-thrash*: does the pool give one line to two threads? *cache-scratch*: does
/// it, when each thread has freed objects that one thread allocated side by side? There each thread has one
/// object at a time.
#[derive(Clone, Copy, Debug)]
pub struct Cache {
    /// Threads at a time.
    pub threads: usize,
    /// Objects that each thread has at a time.
    pub objects: usize,
    /// Writes to each.
    pub writes: u64,
    /// Whether each thread first frees objects of one and the same thread, the neighbours of those that the others free.
    pub scratch: bool,
}

impl Workload<Counter> for Cache {
    fn run<S: Shared<Counter>>(&self, pool: &S::Pool, run: &Run) -> Outcome {
        let mut given: Vec<Vec<S::Handle>> = (0..self.threads).map(|_| Vec::new()).collect();
        if self.scratch {
            let local = S::local(pool);
            for _ in 0..self.objects {
                given.iter_mut().for_each(|objects| objects.push(S::alloc(&local, Counter::new(0))));
            }
        }

        // All start before one works, and all have objects before one ends: an ended thread's lines may be used again.
        let (start, end) = (Gate::new(self.threads), Gate::new(self.threads));
        let work = |given: Vec<S::Handle>, number: u64| {
            let _part = run.take_part();
            let local = S::local(pool);
            let mut rounds = 0;
            start.pass(run);
            given.into_iter().for_each(|object| S::free(&local, object));
            let mut objects = Vec::with_capacity(self.objects);
            while !run.is_over(rounds) {
                self.fill::<S>(&local, &mut objects, number);
                objects.drain(..).for_each(|object| S::free(&local, object));
                rounds += 1;
            }
            self.fill::<S>(&local, &mut objects, number);
            let lines: BTreeSet<usize> = objects.iter().map(|object| S::look(&local, object, line)).collect();
            end.pass(run);
            self.assert_intact::<S>(&local, &objects, number);
            objects.drain(..).for_each(|object| S::free(&local, object));
            (rounds + 1, lines)
        };

        let results: Vec<_> = thread::scope(|scope| {
            let work = &work;
            let begin = |(given, number)| scope.spawn(move || work(given, number));
            let threads: Vec<_> = given.into_iter().zip(0..).map(begin).collect();
            threads.into_iter().map(join).collect()
        });
        let rounds: u64 = results.iter().map(|(rounds, _)| rounds).sum();
        let mut users = BTreeMap::<usize, usize>::new();
        for line in results.iter().flat_map(|(_, lines)| lines) {
            *users.entry(*line).or_default() += 1;
        }
        Outcome {
            objects: rounds * self.objects as u64,
            peak: self.threads * self.objects,
            shared_lines: users.into_values().filter(|users| *users > 1).count(),
        }
    }
}

impl Cache {
    /// Allocates objects and writes to them.
    fn fill<S: Subject<Counter>>(&self, local: &S::Local<'_>, objects: &mut Vec<S::Handle>, thread: u64) {
        objects.extend(starts(thread).take(self.objects).map(|start| S::alloc(local, Counter::new(start))));
        for _ in 0..self.writes {
            objects.iter().for_each(|object| S::look(local, object, Counter::count));
        }
        self.assert_intact::<S>(local, objects, thread);
    }

    fn assert_intact<S: Subject<Counter>>(&self, local: &S::Local<'_>, objects: &[S::Handle], thread: u64) {
        let intact = |(object, start)| S::look(local, object, Counter::get) == start + self.writes;
        assert!(objects.iter().zip(starts(thread)).all(intact), "{}: somebody else wrote to an object", S::NAME);
    }
}

/// Where a thread's counters begin: each far from all others.
fn starts(thread: u64) -> impl Iterator<Item = u64> {
    (1..).map(move |number| thread << 48 | number << 32)
}

fn line(object: &Counter) -> usize {
    ptr::from_ref(object).addr() / LINE
}
