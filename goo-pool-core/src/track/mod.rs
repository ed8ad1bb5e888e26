//! What a pool holds, who asked for it, and what was never freed: books beside a pool, for who wants them.
//!
//! ```text
//! Tracked<P> ─► P         any pool or parent, which knows nothing of this
//!            └► Ledger    a lock around
//!                 ├─ Usage      sums: a few words, no allocation
//!                 └─ Records    one for each live chunk, in a slab; found by the chunk's address
//! ```
//!
//! The ledger's lock is held for a few lines of ours and never while the pool, the parent, a sink or a subscriber runs:
//! each of them may use the tracked pool. A chunk is entered after the pool gave it and struck out before the pool takes it
//! back. In between it has one owner, so no two threads are ever at odds about one address.

mod address_map;
mod classes;
mod handle;
mod ledger;
mod records;
mod report;
mod tracked;
mod tracking;

pub use handle::Untracked;
pub use ledger::{Ledger, Usage};
pub use report::{LeakReport, LiveSite};
pub use tracked::Tracked;
pub use tracking::Tracking;
