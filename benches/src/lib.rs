//! goo-pool beside its rivals: the same loops over every contestant.
//!
//! Read in this order: [`subject`] (what a contestant has to do), [`subjects`] (one adapter a file),
//! [`live`], [`list`] and [`tree`] (the loops), [`workloads`] (what is timed), then `benches/pools.rs`.
//! [`shared`] has the loops over shared handles, for `benches/shared.rs`.
//! [`report`] turns criterion's figures into the table and the chart of this folder's README.

pub mod list;
pub mod live;
pub mod objects;
pub mod report;
pub mod shared;
pub mod subject;
pub mod subjects;
pub mod tree;
pub mod workloads;
