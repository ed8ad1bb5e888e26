//! Threads that never see each other's objects: what a pool costs them, and whether it lets them go at the same time.

use std::thread;

use crate::{
    classics::{
        Outcome, Run, Workload,
        objects::{Record, cookie, expect},
        rng::Rng,
        run::join,
        subject::{Shared, Subject},
    },
    subject::touch,
};

/// Each thread allocates, writes, reads and frees one object, again and again. One other object of the thread stays, as in the
/// local [`Pair`](crate::workloads::Pair). A round is `STRETCH` objects.
#[derive(Clone, Copy, Debug)]
pub struct Pairs {
    /// Threads at a time.
    pub threads: usize,
}

/// Each thread has objects, and puts a new one in a random one's place, which it frees. A round is `STRETCH` of that.
#[derive(Clone, Copy, Debug)]
pub struct Replacements {
    /// Threads at a time.
    pub threads: usize,
    /// Objects of each.
    pub objects: usize,
}

/// Objects after which a thread looks whether the run is over.
const STRETCH: u64 = 1000;

impl Workload<Record> for Pairs {
    fn run<S: Shared<Record>>(&self, pool: &S::Pool, run: &Run) -> Outcome {
        let objects = on_each(self.threads, |number| pairs::<S>(pool, run, number));
        Outcome { objects, peak: 2 * self.threads, shared_lines: 0 }
    }
}

impl Workload<Record> for Replacements {
    fn run<S: Shared<Record>>(&self, pool: &S::Pool, run: &Run) -> Outcome {
        let objects = on_each(self.threads, |number| replacements::<S>(pool, run, number, self.objects));
        Outcome { objects, peak: (self.objects + 1) * self.threads, shared_lines: 0 }
    }
}

/// [`Pairs`] on the thread that calls, for pools that cannot do more.
pub fn pairs_here<S: Subject<Record>>(pool: &S::Pool, run: &Run) -> u64 {
    pairs::<S>(pool, run, 0)
}

/// The first on the thread that calls, as [`pairs_here`] does.
fn on_each(threads: usize, work: impl Fn(u64) -> u64 + Sync) -> u64 {
    thread::scope(|scope| {
        let work = &work;
        let others: Vec<_> = (1..threads as u64).map(|number| scope.spawn(move || work(number))).collect();
        work(0) + others.into_iter().map(join).sum::<u64>()
    })
}

#[inline(never)]
fn pairs<S: Subject<Record>>(pool: &S::Pool, run: &Run, number: u64) -> u64 {
    let local = S::local(pool);
    let stays = S::alloc(&local, Record::new(u64::MAX));
    let first = number << 48;
    let mut rounds = 0;
    let mut sum = 0_u64;
    while !run.is_over(rounds) {
        for cookie in (first + rounds * STRETCH..).take(STRETCH as usize) {
            let object = S::alloc(&local, Record::new(cookie));
            sum = sum.wrapping_add(S::look(&local, &object, |record| {
                touch((&raw const *record).cast());
                record.cookie()
            }));
            S::free(&local, object);
        }
        rounds += 1;
    }
    let objects = rounds * STRETCH;
    // So many numbers from `first` on; added up one by one they would be timed.
    let expected =
        u128::from(objects) * u128::from(first) + u128::from(objects) * u128::from(objects.saturating_sub(1)) / 2;
    assert_eq!(sum, expected as u64, "{} lost an object", S::NAME);
    expect::<S>(&local, &stays, u64::MAX);
    S::free(&local, stays);
    objects
}

#[inline(never)]
fn replacements<S: Subject<Record>>(pool: &S::Pool, run: &Run, number: u64, count: usize) -> u64 {
    let local = S::local(pool);
    let mut rng = Rng::new(number);
    let cookie_of = |place: usize| number << 32 | place as u64;
    let mut objects: Vec<S::Handle> = (0..count).map(|place| S::alloc(&local, Record::new(cookie_of(place)))).collect();
    let mut rounds = 0;
    while !run.is_over(rounds) {
        for _ in 0..STRETCH {
            let place = rng.below(count);
            let new = S::alloc(&local, Record::new(cookie_of(place)));
            let old = std::mem::replace(&mut objects[place], new);
            expect::<S>(&local, &old, cookie_of(place));
            S::free(&local, old);
        }
        rounds += 1;
    }
    for (place, object) in objects.into_iter().enumerate() {
        assert_eq!(cookie::<S>(&local, &object), cookie_of(place), "{} lost an object", S::NAME);
        S::free(&local, object);
    }
    rounds * STRETCH + count as u64
}
