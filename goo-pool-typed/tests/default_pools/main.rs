//! Default pools: boxes and constructors without a pool at hand.
#![cfg(all(feature = "derive", feature = "std"))]

#[path = "../common/mod.rs"]
mod common;
mod constructors;
mod exits;
mod kinds;
mod panics;
mod threads;
