//! Memory from the system: what the system itself says of it, in `/proc` and by the signals that it sends.
#![cfg(all(target_os = "linux", not(miri)))]

mod child;
mod mappings;
mod nodes;
mod pools;
mod proc;
mod refusals;

#[path = "../common/sync.rs"]
mod common;
