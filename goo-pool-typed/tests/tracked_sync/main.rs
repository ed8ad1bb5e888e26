//! `SyncTrackedPool` and `SyncTrackedBox`: all that every kind does, in `kinds/`.
#![cfg(feature = "tracking")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../kinds/mod.rs"]
mod kinds;

/// The kind under test.
mod kind {
    use std::ops::RangeInclusive;

    pub(crate) use goo_pool_typed::{SyncTrackedBox as PoolBox, SyncTrackedPool as Pool};

    /// A closed pool opens again, rather than another takes its place.
    pub(crate) const OPENS_AGAIN: bool = false;
    /// Pieces that a pool has from its parent besides segments: its record and the parent's, one for this thread, and where
    /// that is listed if there are many threads.
    pub(crate) const RECORDS: RangeInclusive<usize> = 2..=4;
    /// What those of a new pool take at most: most of it is a store for each of four homes.
    pub(crate) const RECORD_BYTES: usize = 1600;
}
