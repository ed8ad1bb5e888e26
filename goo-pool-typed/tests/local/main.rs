//! `Pool` and `PoolBox`: the tests in `kinds/`, and what only this kind does.

#[path = "../common/mod.rs"]
mod common;
#[path = "../kinds/mod.rs"]
mod kinds;
mod opening;

/// The kind under test.
mod kind {
    use std::ops::RangeInclusive;

    pub(crate) use goo_pool_typed::{Pool, PoolBox};

    /// A closed pool opens again, rather than another takes its place.
    pub(crate) const OPENS_AGAIN: bool = true;
    /// Pieces that a pool has from its parent besides segments: its record.
    pub(crate) const RECORDS: RangeInclusive<usize> = 1..=1;
    /// What those of a new pool take at most.
    pub(crate) const RECORD_BYTES: usize = 512;
}
