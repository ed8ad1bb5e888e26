//! goo-pool beside its rivals: the same loops over every contestant.
//!
//! Read in this order: [`subject`] (what a contestant has to do), [`subjects`] (one adapter a file),
//! [`live`], [`list`] and [`tree`] (the loops), [`workloads`] (what is timed), then `benches/pools.rs`.
//! For pools that threads share: [`threads`]. [`report`] turns the figures into the tables and the charts of this folder's README.
//! What stands on top of the pools is measured by [`contest`]; [`shared`] and its neighbours have the loops.

pub mod classes;
/// The workloads for threads, which the tests run too.
#[path = "../../goo-pool-typed/tests/classics/mod.rs"]
pub mod classics;
pub mod contest;
pub mod defaults;
pub mod futures;
pub mod keyed;
pub mod links;
pub mod list;
pub mod live;
pub mod objects;
pub mod reading;
pub mod recycling;
pub mod report;
pub mod resident;
pub mod shared;
pub mod subject;
pub mod subjects;
pub mod threads;
#[cfg(feature = "tracking")]
pub mod tracking;
pub mod tree;
pub mod workloads;
