//! What has a value in a pool is written as the value, and read back into the pool, by any format and from any input.
#![cfg(all(feature = "serde", feature = "std"))]

#[path = "../common/mod.rs"]
mod common;

#[cfg(feature = "derive")]
mod default_pools;
mod handles;
mod hostile;
mod panics;
mod round_trips;
mod seeds;
mod tree;
