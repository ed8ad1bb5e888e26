//! `ArcPool`, `PoolArc` and `PoolArcWeak`: the tests in `rc/`, and those with threads.
#![cfg(feature = "std")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../rc/mod.rs"]
mod rc;
mod threads;

/// The kind under test.
mod kind {
    pub(crate) use goo_pool_typed::{ArcPool as RcPool, PoolArc as PoolRc, PoolArcWeak as PoolWeak, SyncPool as Pool};
}
