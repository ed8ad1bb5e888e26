//! `RcPool`, `PoolRc` and `PoolWeak`: the tests in `rc/`.

#[path = "../common/mod.rs"]
mod common;
#[path = "../rc/mod.rs"]
mod rc;

/// The kind under test.
mod kind {
    pub(crate) use goo_pool_typed::{Pool, PoolRc, PoolWeak, RcPool};
}
