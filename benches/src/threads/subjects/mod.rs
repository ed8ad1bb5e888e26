//! The contestants that threads can share, one adapter a file.

mod core;
mod global_alloc;
mod harness;
mod infinity_pool;
mod plurality;
mod pool;
mod sharded_slab;
mod shared_arena;

pub use crate::classics::ours::{Ours, OursLocal};

pub use self::{
    core::Core, global_alloc::Boxed, harness::Harness, infinity_pool::InfinityPool, plurality::Plurality, pool::Local,
    sharded_slab::ShardedSlab, shared_arena::SharedArena,
};
