//! Default pools: boxes without a pool at hand.
#![cfg(all(feature = "derive", feature = "std"))]

#[path = "../common/mod.rs"]
mod common;
mod kinds;
