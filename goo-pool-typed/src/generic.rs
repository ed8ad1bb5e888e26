//! The types behind [`Pool`](crate::Pool) and [`PoolBox`](crate::PoolBox), for code that works with every kind of pool.
//!
//! [`crate::Pool`] and [`crate::PoolBox`] are these with their last parameter fixed, so that `Pool::new()` and
//! `PoolBox::from_raw(raw)` mean one kind. See [`Source`] for an example.

#[cfg(feature = "std")]
pub use goo_pool_core::SyncPoolHandle;
#[cfg(feature = "tracking")]
pub use goo_pool_core::Untracked;
pub use goo_pool_core::{Handle, PoolHandle};

pub use crate::pool::{AllocIter, Pool};
pub use crate::pool_box::PoolBox;
pub use crate::rc::generic::{PoolRc, PoolWeak, RcPool};
pub use crate::reservation::Reservation;
pub use crate::source::{AnyThread, Kind, Over, Source};
#[cfg(feature = "std")]
pub use crate::sync::ThisThread;
