//! mstress: everything at once.

use std::sync::Mutex;
use std::thread;

use super::objects::{Record, cookie};
use super::rng::Rng;
use super::run::{Run, join, lock};
use super::subject::{Shared, Subject};
use super::{Outcome, Workload};

/// Each thread allocates objects that it frees soon and objects that it keeps to its end, and exchanges some with the other
/// threads through a table. When all have ended, a random half of the table is freed, and threads start anew. A round is
/// that much, from start to end.
///
/// After mstress of mimalloc-bench by D. Leijen (test-stress.c of mimalloc), with its probabilities. There the objects are
/// arrays of random lengths.
#[derive(Clone, Copy, Debug)]
pub struct Mstress {
    /// Threads at a time.
    pub threads: usize,
    /// Objects that the first thread allocates in a round and frees soon. The second does so twice as often, and so on; each
    /// keeps half as many.
    pub objects: usize,
    /// Places of the table.
    pub table: usize,
}

/// What went in and what came out. Cookies are added up, so the two can be compared at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Account {
    objects: u64,
    cookies: u64,
}

impl Account {
    fn add(&mut self, cookie: u64) {
        self.objects += 1;
        self.cookies = self.cookies.wrapping_add(cookie);
    }

    fn merge(&mut self, other: Account) {
        self.objects += other.objects;
        self.cookies = self.cookies.wrapping_add(other.cookies);
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Books {
    allocated: Account,
    freed: Account,
}

impl Books {
    #[inline(always)]
    fn alloc<S: Subject<Record>>(&mut self, local: &S::Local<'_>, cookie: u64) -> S::Handle {
        self.allocated.add(cookie);
        S::alloc(local, Record::new(cookie))
    }

    #[inline(always)]
    fn free<S: Subject<Record>>(&mut self, local: &S::Local<'_>, object: S::Handle) {
        self.freed.add(cookie::<S>(local, &object));
        S::free(local, object);
    }

    fn merge(&mut self, other: Books) {
        self.allocated.merge(other.allocated);
        self.freed.merge(other.freed);
    }
}

impl Workload<Record> for Mstress {
    fn run<S: Shared<Record>>(&self, pool: &S::Pool, run: &Run) -> Outcome {
        let table: Vec<Mutex<Option<S::Handle>>> = (0..self.table).map(|_| Mutex::new(None)).collect();
        let mut books = Books::default();
        let mut rng = Rng::new(0);
        let (mut rounds, mut over) = (0, false);
        while !over {
            thread::scope(|scope| {
                let work = |number| {
                    let table = &table;
                    scope.spawn(move || {
                        let _part = run.take_part();
                        self.work::<S>(pool, table, number, rounds)
                    })
                };
                let threads: Vec<_> = (0..self.threads).map(work).collect();
                threads.into_iter().for_each(|thread| books.merge(join(thread)));
            });
            rounds += 1;
            over = run.is_over(rounds);

            let local = S::local(pool);
            for place in &table {
                if over || rng.chance(50) {
                    let object = lock(place).take();
                    object.into_iter().for_each(|object| books.free::<S>(&local, object));
                }
            }
        }
        assert_eq!(books.allocated, books.freed, "{} lost an object", S::NAME);
        // What is kept is live at the end of a thread, and how the threads' lives overlap is not known.
        Outcome { objects: books.allocated.objects, peak: self.objects * self.threads / 2, shared_lines: 0 }
    }
}

impl Mstress {
    /// One thread's life.
    fn work<S: Shared<Record>>(
        &self,
        pool: &S::Pool,
        table: &[Mutex<Option<S::Handle>>],
        number: usize,
        round: u64,
    ) -> Books {
        let local = S::local(pool);
        let mut books = Books::default();
        let mut rng = Rng::new(round << 16 | number as u64);
        let mut cookies = round << 40 | (number as u64) << 32..;
        let mut cookie = move || cookies.next().expect("no thread allocates that much");

        let mut brief = self.objects * (number + 1);
        let mut lasting = brief / 2;
        let mut kept = Vec::with_capacity(lasting);
        let mut data: Vec<S::Handle> = Vec::with_capacity(brief);
        while brief + lasting > 0 {
            if lasting == 0 || brief > 0 && rng.chance(50) {
                brief -= 1;
                data.push(books.alloc::<S>(&local, cookie()));
            } else {
                lasting -= 1;
                kept.push(books.alloc::<S>(&local, cookie()));
            }
            if rng.chance(66) && !data.is_empty() {
                let object = data.swap_remove(rng.below(data.len()));
                books.free::<S>(&local, object);
            }
            if rng.chance(25) && !data.is_empty() {
                let object = data.swap_remove(rng.below(data.len()));
                let other = lock(&table[rng.below(table.len())]).replace(object);
                data.extend(other);
            }
        }
        for object in kept.into_iter().chain(data) {
            books.free::<S>(&local, object);
        }
        books
    }
}
