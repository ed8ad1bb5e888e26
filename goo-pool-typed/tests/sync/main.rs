//! `SyncPool` and `SyncPoolBox`: the tests in `kinds/`, and what only this kind does.
#![cfg(feature = "std")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../kinds/mod.rs"]
mod kinds;

mod closing;
mod counted;
mod exits;
mod futures;
mod local_pools;
mod statics;
mod threads;

/// The kind under test.
mod kind {
    use std::ops::RangeInclusive;

    pub(crate) use goo_pool_typed::{SyncPool as Pool, SyncPoolBox as PoolBox};

    /// A closed pool opens again, rather than another takes its place.
    pub(crate) const OPENS_AGAIN: bool = false;
    /// Pieces that a pool has from its parent besides segments: its record and the parent's, one for this thread, and where
    /// that is listed if there are many threads.
    pub(crate) const RECORDS: RangeInclusive<usize> = 2..=4;
    /// What those of a new pool take at most: most of it is a store for each of four homes.
    pub(crate) const RECORD_BYTES: usize = 1600;
}
