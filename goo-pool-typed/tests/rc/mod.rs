//! What every kind of shared handles does, for the types of `crate::kind`.

mod counts;
mod drops;
mod layouts;
mod links;
mod memory;
mod model;
mod panics;
mod reentry;
mod traits;
mod unsize;
