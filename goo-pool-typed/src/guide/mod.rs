//! Pages to read, beside the documentation of each item.
//!
//! - [`handles`]: which handle do I want?
//! - [`from_box`]: from `Box` to `PoolBox`, step by step.

#[doc = include_str!("handles.md")]
pub mod handles {}

#[doc = include_str!("from_box.md")]
pub mod from_box {}
