//! Arenas: objects that are allocated one by one and go all at once. `cargo bench -p goo-pool-benches --bench scopes`.
//!
//! A round fills an arena, reads every object once, and resets or ends the arena. The figures are for one object. In the last row the
//! end alone is timed.

use std::time::{Duration, Instant};

use bumpalo::Bump;
use goo_pool_benches::{
    contest::{Contest, Row, is_smoke},
    objects::{Object as _, Words},
    subject::{Subject, touch},
    subjects::{Bumpalo, EndedBump, EndedScope, Harness, Mimalloc, ResetScope, System, Typed, TypedArena},
    workloads::{FillDrain, Order, Workload},
};
use goo_pool_typed::Pool;

type Object = Words<8>;

/// Objects of one pass, in rounds of each row's size: a multiple of all sizes.
const OBJECTS: u64 = 1_500_000;

fn main() {
    let mut contest = Contest::new("scopes", "64 bytes each");
    for (name, count) in [("10 at a time", 10), ("1,000 at a time", 1_000), ("300,000 at a time", 300_000)] {
        let row = contest.row(name, OBJECTS);
        // All that runs once is cut down to 1,000 objects.
        let count = if is_smoke() { 10 } else { count };
        run::<ResetScope>(row, count);
        run::<Bumpalo>(row, count);
        run::<EndedScope>(row, count);
        run::<EndedBump>(row, count);
        run::<TypedArena>(row, count);
        run::<Typed>(row, count);
        run::<System>(row, count);
        run::<Mimalloc>(row, count);
        run::<Harness>(row, count);
    }
    let count = if is_smoke() { 10 } else { 300_000 };
    let values = move || (0..count).map(Object::new);
    let pool = Pool::new();
    let scopes = pool.clone();
    let filled_scope = move || {
        assert_eq!(scopes.len(), 0);
        let scope = scopes.scope();
        scope.alloc_iter(values()).for_each(|value| touch((&raw const *value).cast()));
        scope
    };
    let filled_bump = move || {
        let bump = Bump::new();
        values().for_each(|value| touch((&raw const *bump.alloc(value)).cast()));
        bump
    };
    let filled_arena = move || {
        let arena = typed_arena::Arena::new();
        values().for_each(|value| touch((&raw const *arena.alloc(value)).cast()));
        arena
    };
    contest
        .row("300,000 at a time, the end alone", OBJECTS)
        .run(EndedScope::NAME, end(count, filled_scope))
        .run(EndedBump::NAME, end(count, filled_bump))
        .run(TypedArena::NAME, end(count, filled_arena))
        .run(Typed::NAME, end(count, move || pool.alloc_iter(values()).collect::<Vec<_>>()))
        .run(System::NAME, end(count, move || values().map(Box::new).collect::<Vec<_>>()));
    contest.finish();
}

/// The end of all of so many objects.
fn end<A>(count: u64, mut filled: impl FnMut() -> A) -> impl FnMut(u64) -> Duration {
    move |objects| {
        let mut time = Duration::ZERO;
        for _ in 0..objects / count {
            let arena = filled();
            let start = Instant::now();
            drop(arena);
            time += start.elapsed();
        }
        time
    }
}

fn run<S: Subject>(row: &mut Row, count: usize) {
    let mut rounds = FillDrain { count, order: Order::Fifo, read: true }.start::<S, Object>();
    row.run(S::NAME, move |objects| rounds(objects / count as u64));
}
