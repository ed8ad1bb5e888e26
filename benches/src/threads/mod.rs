//! Pools that threads share, beside their rivals.
//!
//! Read [`subject`](crate::classics::subject) (what a contestant has to do) and the [`classics`](crate::classics) first, which
//! the tests run too. Then [`alone`] (threads that never meet), [`passes`] (how a figure is taken), [`plan`] (who runs what), and
//! [`memory`] (what stays behind).

pub mod alone;
pub mod memory;
pub mod passes;
pub mod plan;
pub mod subjects;
