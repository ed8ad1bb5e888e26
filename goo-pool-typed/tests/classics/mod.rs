//! The field's classic workloads for threads, on objects of one type.
//!
//! One workload a file, each with checks of its own: it fails where a pool loses an object, hands one out twice or
//! lets two overlap. They are written once and used twice: by `tests/classics.rs`, small and also under the sanitizers,
//! and by the benches, which include this folder, with every rival. So what is timed is what is checked.
//!
//! | workload | what it stands for |
//! |---|---|
//! | `Larson` | a server: objects outlive the thread that allocated them |
//! | `Xmalloc` | producers and consumers: whoever allocates never frees |
//! | `Mstress` | all at once: objects kept, freed and exchanged; threads that come and go |
//! | `Cache` | two threads' objects in one cache line, if the pool lets that happen |
//! | `Relay` | many threads, one after the other |
//!
//! Read `subject` first: what a contestant has to do. `ours` is the one that all this is about.
//!
//! Threads meet through plain atomics, `try_lock`, spawn and join. That is what ThreadSanitizer understands while the standard
//! library itself is not instrumented.

pub mod cache;
pub mod larson;
pub mod mstress;
pub mod objects;
pub mod ours;
pub mod relay;
pub mod rng;
pub mod run;
pub mod subject;
pub mod xmalloc;

pub use cache::Cache;
pub use larson::Larson;
pub use mstress::Mstress;
pub use relay::Relay;
pub use run::Run;
pub use xmalloc::Xmalloc;

use subject::{Shared, Value};

/// A workload on objects of type `T`, and its sizes.
pub trait Workload<T: Value> {
    /// Runs on `pool` until `run` says that it is over, frees all its objects, and ends all its threads.
    ///
    /// # Panics
    ///
    /// If an object is not what was put into the pool.
    fn run<S: Shared<T>>(&self, pool: &S::Pool, run: &Run) -> Outcome;
}

/// What a workload did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Objects allocated, and freed.
    pub objects: u64,
    /// The most objects that were live at one time, as far as the workload knows for certain.
    pub peak: usize,
    /// Cache lines that held live objects of two threads at one time. Only [`Cache`] looks.
    pub shared_lines: usize,
}
