//! Loads that come and go, for each way to grow and to give memory back, and a parent that counts.

use std::{
    alloc::Layout,
    cell::Cell,
    fmt::Write as _,
    hint::black_box,
    ptr::NonNull,
    rc::Rc,
    time::{Duration, Instant},
};

use goo_pool_core::{Global, Growth, Parent, RawPool, Return};

type Object = [u64; 8];

/// A column: its name, and what it stands for. The first is the default.
pub type Choice = (&'static str, Growth, Return);

/// Every way to grow with every way to give back.
pub const CHOICES: [Choice; 9] = [
    ("doubling, hysteresis", Growth::Doubling, Return::Hysteresis),
    ("doubling, never", Growth::Doubling, Return::Never),
    ("doubling, at once", Growth::Doubling, Return::AtOnce),
    ("adaptive, hysteresis", Growth::Adaptive, Return::Hysteresis),
    ("adaptive, never", Growth::Adaptive, Return::Never),
    ("adaptive, at once", Growth::Adaptive, Return::AtOnce),
    ("fixed, hysteresis", FIXED, Return::Hysteresis),
    ("fixed, never", FIXED, Return::Never),
    ("fixed, at once", FIXED, Return::AtOnce),
];

const FIXED: Growth = Growth::Fixed { bytes: 64 * 1024 };

/// A load: what a pool is put through in one round, and how many objects that are.
#[derive(Debug)]
pub struct Load {
    /// The name of its row.
    pub name: &'static str,
    /// Objects that are allocated and freed in a round.
    pub objects: u64,
    round: fn(&mut Subject),
}

/// The rows.
pub const LOADS: [Load; 6] = [
    Load { name: "1,000,000 come and go", objects: 1_000_000, round: |subject| subject.wave(1_000_000) },
    Load { name: "10,000 come and go", objects: 10_000, round: |subject| subject.wave(10_000) },
    Load { name: "waves of 1,000 to 256,000", objects: 766_000, round: Subject::waves },
    Load { name: "200 beyond the edge", objects: 20_000, round: Subject::edge },
    Load { name: "a new pool of 1,000,000", objects: 1_000_000, round: |subject| subject.new_pools(1, 1_000_000) },
    Load { name: "1,000 new pools of 10", objects: 10_000, round: |subject| subject.new_pools(1_000, 10) },
];

/// Counts what a pool takes, and gives back.
#[derive(Clone, Default)]
struct Counting(Rc<Counts>);

#[derive(Default)]
struct Counts {
    calls: Cell<usize>,
    held: Cell<usize>,
    most: Cell<usize>,
}

// SAFETY: all memory comes from `Global`.
unsafe impl Parent for Counting {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        self.0.calls.set(self.0.calls.get() + 1);
        self.0.held.set(self.0.held.get() + layout.size());
        self.0.most.set(self.0.most.get().max(self.0.held.get()));
        Global.allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        self.0.calls.set(self.0.calls.get() + 1);
        self.0.held.set(self.0.held.get() - layout.size());
        // SAFETY: it came from `Global` with this layout.
        unsafe { Global.deallocate(ptr, layout) };
    }
}

struct Subject {
    choice: Choice,
    parent: Counting,
    pool: RawPool,
    chunks: Vec<NonNull<u8>>,
}

impl Subject {
    fn new(choice: Choice) -> Self {
        let parent = Counting::default();
        let pool = new_pool(choice, &parent);
        Self { choice, parent, pool, chunks: Vec::with_capacity(1_000_000) }
    }

    fn fill(&mut self, count: usize) {
        for n in 0..count {
            let chunk = self.pool.allocate().expect("memory");
            // SAFETY: it is ours, and as large and aligned.
            unsafe { chunk.cast::<Object>().write([n as u64; 8]) };
            self.chunks.push(chunk);
        }
    }

    /// All but the first so many.
    fn free_to(&mut self, count: usize) {
        for chunk in self.chunks.drain(count..) {
            black_box(chunk);
            // SAFETY: it came from this pool, once.
            unsafe { self.pool.deallocate(chunk) };
        }
    }

    fn wave(&mut self, count: usize) {
        self.fill(count);
        assert_eq!(self.pool.len(), count);
        self.free_to(0);
    }

    /// Up and down again in powers of two.
    fn waves(&mut self) {
        for step in (0..8).chain((0..=8).rev()) {
            self.wave(1_000 << step);
        }
    }

    /// A pool whose chunks are all live, and more that come and go.
    fn edge(&mut self) {
        if self.chunks.is_empty() {
            self.fill(10_000);
            self.fill(self.pool.stats().free_chunks);
        }
        let full = self.chunks.len();
        for _ in 0..100 {
            self.fill(200);
            self.free_to(full);
        }
    }

    fn new_pools(&mut self, pools: usize, objects: usize) {
        for _ in 0..pools {
            self.pool = new_pool(self.choice, &self.parent);
            self.wave(objects);
        }
    }
}

fn new_pool((_, growth, returns): Choice, parent: &Counting) -> RawPool {
    let builder = RawPool::builder(Layout::new::<Object>()).growth(growth).returns(returns);
    builder.parent(parent.clone()).build().expect("memory")
}

/// Rounds of a load, until so many objects came and went, at least one.
pub fn rounds(load: &'static Load, choice: Choice) -> impl FnMut(u64) -> Duration {
    let mut subject = Subject::new(choice);
    move |objects| {
        let start = Instant::now();
        for _ in 0..(objects / load.objects).max(1) {
            (load.round)(&mut subject);
        }
        start.elapsed()
    }
}

/// A table of what is the same in every run: calls of the parent in ten rounds; the most bytes, and those held after the last.
#[must_use]
pub fn memory() -> String {
    let mut text = String::from("| calls in 10 rounds; most, and left, in KB |");
    CHOICES.iter().for_each(|(name, ..)| _ = write!(text, " {name} |"));
    text += "\n|---|";
    CHOICES.iter().for_each(|_| text += "--:|");
    for load in &LOADS {
        _ = write!(text, "\n| {} |", load.name);
        for choice in CHOICES {
            let mut subject = Subject::new(choice);
            let counts = subject.parent.0.clone();
            let before = counts.calls.get();
            (0..10).for_each(|_| (load.round)(&mut subject));
            let (most, left) = (counts.most.get() / 1000, counts.held.get() / 1000);
            _ = write!(text, " {}; {most}, {left} |", counts.calls.get() - before);
        }
    }
    text + "\n"
}
