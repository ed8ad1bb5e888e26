#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "bytes")]
mod buffers;
mod builder;
mod default_pool;
mod error;
mod kinds;
mod lazy;
mod pool;
mod pool_box;
mod pooled;
mod rc;
mod recycler;
mod reservation;
mod scope;
#[cfg(feature = "serde")]
mod serde;
mod shelf;
mod slice;
mod source;
#[cfg(feature = "stable_deref_trait")]
mod stable_deref;
#[cfg(feature = "std")]
mod sync;
#[cfg(feature = "tracking")]
mod tracked;
mod traits;
mod uninit;
mod unsize;
#[cfg(feature = "std")]
mod wake;

pub mod generic;
#[cfg(all(feature = "derive", feature = "std"))]
pub mod guide;
#[cfg(feature = "intrusive-collections")]
pub mod intrusive;
pub mod keyed;
pub mod links;
#[cfg(feature = "serde")]
pub mod seed;

#[doc(hidden)]
pub mod __private;

#[cfg(feature = "bytes")]
pub use buffers::{BufferPool, PoolBytes, PoolBytesMut};
pub use builder::PoolBuilder;
pub use default_pool::DefaultPool;
pub use error::TryAllocError;
pub use goo_pool_core::{
    Aborting, AllocError, BuildError, Config, Global, Growth, Handled, OnFailure, Parent, Return, Reuse, Stats,
};
#[cfg(feature = "tracking")]
pub use goo_pool_core::{LeakReport, Ledger, LiveSite, Tracked, Tracking, Usage};
#[cfg(feature = "derive")]
pub use goo_pool_derive::Pooled;
pub use keyed::{Key, KeyedPool};
pub use kinds::{LazyPool, Pool, PoolBox, Reservation};
#[cfg(feature = "std")]
pub use kinds::{LocalPool, SyncPool, SyncPoolBox, SyncReservation};
pub use pool::AllocIter;
pub use pooled::Pooled;
#[cfg(feature = "std")]
pub use rc::{ArcPool, LocalArcPool, PoolArc, PoolArcWeak};
pub use rc::{Counted, PoolRc, PoolWeak, RcPool};
#[cfg(feature = "std")]
pub use recycler::SyncRecycler;
pub use recycler::{AnyRecycler, Recycled, Recycler};
pub use scope::Scope;
#[cfg(feature = "std")]
pub use scope::SyncScope;
pub use shelf::RecyclerStats;
#[cfg(feature = "tracking")]
pub use tracked::{SyncTrackedBox, SyncTrackedPool, TrackedBox, TrackedPool};
#[cfg(feature = "std")]
pub use wake::PoolWake;
