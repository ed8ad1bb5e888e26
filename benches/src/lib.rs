//! goo-pool beside its rivals: the same loops over every contestant.
//!
//! Read in this order: [`subject`] (what a contestant has to do), [`subjects`] (one adapter a file),
//! [`live`], [`list`] and [`tree`] (the loops), [`workloads`] (what is timed), then `benches/pools.rs`.
//! [`report`] turns criterion's figures into the table and the chart of this folder's README.

pub mod list;
pub mod live;
pub mod objects;
pub mod recycling;
pub mod report;
pub mod subject;
pub mod subjects;
pub mod tree;
pub mod workloads;
