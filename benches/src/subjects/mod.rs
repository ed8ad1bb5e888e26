//! The contestants, one adapter a file.

mod bumpalo;
mod core;
mod global_alloc;
mod harness;
mod infinity_pool;
mod place;
mod plurality;
mod scope;
mod shared_arena;
mod slab;
mod slotmap;
mod typed;
mod typed_arena;

pub use self::{
    bumpalo::Bumpalo,
    core::{Core, Over, Source},
    global_alloc::{Allocator, Boxed, Mimalloc, Snmalloc, System},
    harness::Harness,
    infinity_pool::InfinityPool,
    place::Place,
    plurality::Plurality,
    scope::{EndedBump, EndedScope, ResetScope},
    shared_arena::SharedArena,
    slab::Slab,
    slotmap::SlotMap,
    typed::Typed,
    typed_arena::TypedArena,
};

use crate::subject::Subject;

/// The rows' names, in the order of the tables: the harness, ours, general allocators, pools, arenas. The rows of the threads'
/// tables too: most have the same names.
pub const NAMES: [&str; 21] = [
    Harness::NAME,
    Core::NAME,
    Typed::NAME,
    "Pool",
    "SyncPool::local",
    "SyncPool",
    "SyncPoolHandle",
    ResetScope::NAME,
    EndedScope::NAME,
    System::NAME,
    Mimalloc::NAME,
    Snmalloc::NAME,
    Plurality::NAME,
    InfinityPool::NAME,
    SharedArena::NAME,
    "sharded-slab",
    Slab::NAME,
    SlotMap::NAME,
    TypedArena::NAME,
    Bumpalo::NAME,
    EndedBump::NAME,
];
