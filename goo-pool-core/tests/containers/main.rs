//! Pools as allocators of containers, and allocators as parents of pools. What does not depend on the version of
//! `Allocator` is written once, in `any/`; the standard library's has `tests/nightly_containers.rs`.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/sync.rs"]
mod sync;

mod bounds;
mod bump;
mod map;

/// allocator-api2 0.2.
#[path = "any"]
mod with_02 {
    use allocator_api2_02 as api;
    use goo_pool_core::allocator_api2_02 as ours;

    mod contract;
    mod parent;
    mod values;
    mod vec_model;
}

/// allocator-api2 0.4.
#[allow(clippy::duplicate_mod, reason = "the same tests for the other trait")]
#[path = "any"]
mod with_04 {
    use allocator_api2_04 as api;
    use goo_pool_core::allocator_api2_04 as ours;

    mod contract;
    mod parent;
    mod values;
    mod vec_model;
}
