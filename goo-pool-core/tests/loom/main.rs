//! Models of the thread-safe pool's protocols: the same atomics in the same order as the code they name, with a
//! `loom::cell::UnsafeCell` for the memory that they hand over. Loom runs every interleaving.
//!
//! ```text
//! RUSTFLAGS="--cfg goo_loom" cargo test --release -p goo-pool-core --test loom
//! ```
//!
//! Which model covers which `ORDERING` comment stands in `coverage.rs`, and which change makes a model fail in
//! `weakening.rs`: tests, both, so that neither says what is no longer so.
//!
//! The models are copies, because a block's atomics lie at computed places in raw memory, and loom's are larger than
//! what they stand for and cannot be made from zeros. A name in quotes at an atomic is the place in `src/sync/` it
//! comes from.
#![cfg(goo_loom)]

mod class_engine;
mod closing;
mod counting;
mod coverage;
mod explore;
mod graveyard;
mod handles;
mod lock;
mod pending;
mod pool;
mod remote;
mod reserve;
mod shard_table;
mod successor;
mod thread_index;
mod weakening;
