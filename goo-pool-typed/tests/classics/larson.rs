//! larson: objects that outlive their threads.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::{self, Scope, ScopedJoinHandle};

use super::objects::{Record, expect};
use super::rng::Rng;
use super::run::{Run, join};
use super::subject::{Shared, Subject};
use super::{Outcome, Workload};

/// Each thread has an array of objects and replaces random ones. After a while it starts a successor, leaves it the array
/// and ends: a server's worker, which frees what its predecessors allocated. A round is one thread's life.
///
/// After P.-Å. Larson and M. Krishnan, "Memory Allocation for Long-Running Server Applications", ISMM 1998, §4. There the
/// objects have random sizes. As there, the old object is freed before the new one is allocated.
#[derive(Clone, Copy, Debug)]
pub struct Larson {
    /// Threads that work at a time; as many again may be about to end.
    pub threads: usize,
    /// Objects of each thread.
    pub objects: usize,
    /// Replacements in a thread's life; fewer if the run is stopped meanwhile.
    pub replacements: u64,
}

/// What a thread leaves to its successor.
struct Line<'scope, H> {
    number: u64,
    rng: Rng,
    objects: Vec<Option<H>>,
    generations: u64,
    replacements: u64,
    /// Threads of this line that are gone.
    gone: &'scope AtomicU64,
}

/// A thread's end: it has a successor, or its line ends after so many replacements.
enum End<'scope> {
    Successor(ScopedJoinHandle<'scope, End<'scope>>),
    Line(u64),
}

/// Replacements after which a thread looks whether the run was stopped.
const STRETCH: u64 = 1000;

impl Workload<Record> for Larson {
    fn run<S: Shared<Record>>(&self, pool: &S::Pool, run: &Run) -> Outcome {
        let gone: Vec<_> = (0..self.threads).map(|_| AtomicU64::new(0)).collect();
        let replacements: u64 = thread::scope(|scope| {
            let keep = |(gone, number)| {
                scope.spawn(move || {
                    let (rng, objects) = (Rng::new(number), Vec::with_capacity(self.objects));
                    let line = Line::<S::Handle> { number, rng, objects, generations: 0, replacements: 0, gone };
                    last_of(self.begin::<S>(scope, pool, run, line), gone)
                })
            };
            let keepers: Vec<_> = gone.iter().zip(0..).map(keep).collect();
            keepers.into_iter().map(join).sum()
        });
        let all = self.threads * self.objects;
        Outcome { objects: all as u64 + replacements, peak: all, shared_lines: 0 }
    }
}

/// Waits for a thread and all its successors, one after the other: an ended thread keeps its stack until somebody has waited
/// for it. Gives the line's replacements.
fn last_of<'scope>(mut thread: ScopedJoinHandle<'scope, End<'scope>>, gone: &AtomicU64) -> u64 {
    loop {
        match join(thread) {
            End::Successor(successor) => thread = successor,
            End::Line(replacements) => return replacements,
        }
        gone.fetch_add(1, Relaxed);
    }
}

impl Larson {
    /// Starts a line's next thread.
    fn begin<'scope, S: Shared<Record>>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        pool: &'scope S::Pool,
        run: &'scope Run,
        line: Line<'scope, S::Handle>,
    ) -> ScopedJoinHandle<'scope, End<'scope>> {
        scope.spawn(move || {
            let _part = run.take_part();
            self.live::<S>(scope, pool, run, line)
        })
    }

    /// One thread's life.
    fn live<'scope, S: Shared<Record>>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        pool: &'scope S::Pool,
        run: &'scope Run,
        mut line: Line<'scope, S::Handle>,
    ) -> End<'scope> {
        let local = S::local(pool);
        // One cookie for each place: the objects of all places are live at the same time.
        let cookie = |place: usize| line.number << 32 | place as u64;
        if line.objects.is_empty() {
            line.objects.extend((0..self.objects).map(|place| Some(S::alloc(&local, Record::new(cookie(place))))));
        }
        let mut left = self.replacements;
        while left > 0 && !run.is_over(line.generations) {
            let stretch = left.min(STRETCH);
            for _ in 0..stretch {
                let place = line.rng.below(self.objects);
                let object = &mut line.objects[place];
                free::<S>(&local, object.take(), cookie(place));
                *object = Some(S::alloc(&local, Record::new(cookie(place))));
            }
            line.replacements += stretch;
            left -= stretch;
        }
        // A thread that ends may take longer for that than others live. There are at most two of a line.
        run.wait_for(|| (line.gone.load(Relaxed) == line.generations).then_some(()));
        line.generations += 1;
        if run.is_over(line.generations) {
            for (place, object) in line.objects.drain(..).enumerate() {
                free::<S>(&local, object, line.number << 32 | place as u64);
            }
            return End::Line(line.replacements);
        }
        drop(local);
        End::Successor(self.begin::<S>(scope, pool, run, line))
    }
}

#[inline(always)]
fn free<S: Subject<Record>>(local: &S::Local<'_>, object: Option<S::Handle>, cookie: u64) {
    let object = object.expect("every place has an object");
    expect::<S>(local, &object, cookie);
    S::free(local, object);
}
