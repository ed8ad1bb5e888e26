//! Shared handles beside std's and triomphe's: `cargo bench -p goo-pool-benches --bench shared`.
//!
//! One table for the handles of one thread, one for those of many.

use std::time::Duration;

use goo_pool_benches::{
    contest::Contest,
    shared::{
        OurArc, OurRc, Shared, StdArc, StdRc, Triomphe, alloc_drop, clone_drop, clone_drop_together, downgrade_upgrade,
        replace,
    },
};

/// Live values of the rows with replacements: a set that stays in the second cache, and one that does not.
const FEW: usize = 1_000;
const MANY: usize = 300_000;
/// Threads that have handles to one value.
const THREADS: usize = 4;

fn few<S: Shared>(count: u64) -> Duration {
    replace::<S>(FEW, count)
}

fn many<S: Shared>(count: u64) -> Duration {
    replace::<S>(MANY, count)
}

fn together<S: Shared<Strong: Send + Sync>>(count: u64) -> Duration {
    clone_drop_together::<S>(THREADS, count)
}

/// A row of a workload, for these contestants.
macro_rules! row {
    ($contest:ident, $name:literal, $operations:literal, $workload:ident: $($contestant:ident)*) => {{
        let row = $contest.row($name, $operations);
        $(row.run($contestant::NAME, $workload::<$contestant>);)*
    }};
}

fn main() {
    let mut rc = Contest::new("shared_rc", "64 bytes, one thread");
    row!(rc, "alloc, drop", 3_000_000, alloc_drop: OurRc StdRc);
    row!(rc, "clone, drop", 3_000_000, clone_drop: OurRc StdRc);
    row!(rc, "downgrade, upgrade, drop both", 3_000_000, downgrade_upgrade: OurRc StdRc);
    row!(rc, "replace a random one of 1,000", 1_000_000, few: OurRc StdRc);
    row!(rc, "replace a random one of 300,000", 300_000, many: OurRc StdRc);
    rc.finish();

    let mut arc = Contest::new("shared_arc", "64 bytes, many threads");
    row!(arc, "alloc, drop", 3_000_000, alloc_drop: OurArc StdArc Triomphe);
    row!(arc, "clone, drop", 3_000_000, clone_drop: OurArc StdArc Triomphe);
    row!(arc, "clone, drop, by 4 threads at once", 300_000, together: OurArc StdArc Triomphe);
    row!(arc, "downgrade, upgrade, drop both", 3_000_000, downgrade_upgrade: OurArc StdArc);
    row!(arc, "replace a random one of 1,000", 1_000_000, few: OurArc StdArc Triomphe);
    row!(arc, "replace a random one of 300,000", 300_000, many: OurArc StdArc Triomphe);
    arc.finish();
}
