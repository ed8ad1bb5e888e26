//! What every kind of pool does, for the `Pool` and the `PoolBox` of `crate::kind`.

mod closing;
mod derive;
mod derive_large;
mod derive_panics;
mod drops;
mod futures;
mod handles;
mod io;
mod iters;
mod layouts;
mod links;
mod model;
mod nodes;
mod panics;
mod parents;
mod pools;
mod reentry;
mod reservations;
mod traits;
mod unsize;
