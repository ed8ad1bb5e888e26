//! Shared handles, strong and weak: `Rc` and `Arc` in a pool.
//!
//! ```text
//!        chunk of a `Counted<T>`
//!       ┌─────────────────┬───────┐
//!       │ ... weak strong │ value │     8 bytes before the value, or its alignment if that is more
//!       └─────────────────▲───────┘
//!                         └── PoolRc<T>, PoolWeak<T>: one pointer, to the value
//! ```
//!
//! What the unsafe code of `strong.rs` and `weak.rs` rests on, besides that of `pool_box.rs`:
//!
//! | No. | Always true                                                                                              |
//! |-----|----------------------------------------------------------------------------------------------------------|
//! | R1  | `value` came from `value_of` a live chunk of a pool behind an `H`, for which P2 and P3 hold. |
//! | R2  | The counts before it say how many handles there are: no fewer strong ones than `PoolRc`s, no fewer weak ones than `PoolWeak`s, and one more weak one while there are strong ones. |
//! | R3  | The chunk is given back by whoever gives up the last weak handle; until then nobody has it as a box.        |
//! | R4  | While there is a `PoolRc`, the value is valid, and nobody changes it but who found itself alone with `&mut` to its handle. |
//!
//! Read in this order: `counts.rs`, `counted.rs`, `strong.rs`, `weak.rs`, `pool.rs`.

mod counted;
mod counts;
mod kinds;
mod pool;
mod strong;
mod traits;
mod weak;

use core::cell::Cell;

use goo_pool_core::PoolHandle;
#[cfg(feature = "std")]
use goo_pool_core::SyncPoolHandle;

pub use self::counted::Counted;
#[cfg(feature = "std")]
pub use self::kinds::{ArcPool, LocalArcPool, PoolArc, PoolArcWeak};
pub use self::kinds::{PoolRc, PoolWeak, RcPool};
use crate::generic::Kind;

/// The types behind the plain names, for `crate::generic`.
pub(crate) mod generic {
    pub use super::pool::RcPool;
    pub use super::strong::PoolRc;
    pub use super::weak::PoolWeak;
}

/// A kind of boxes whose values can be shared, which both kinds are.
///
/// Code for every kind of shared handles takes a `&generic::RcPool<T, S>` and gives out `generic::PoolRc<T, S::Handle>`,
/// for an `S: Source<Handle: RcKind>`. The trait is sealed.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::RcPool;
/// use goo_pool_typed::generic::{self, RcKind, Source};
///
/// fn both<S: Source<Handle: RcKind>>(pool: &generic::RcPool<u32, S>) -> [generic::PoolRc<u32, S::Handle>; 2] {
///     let one = pool.alloc(1);
///     [one.clone(), one]
/// }
///
/// let [one, other] = both(&RcPool::new());
/// assert_eq!(*one + *other, 2);
/// ```
pub trait RcKind: Kind {
    /// What a value's counts are kept in.
    #[doc(hidden)]
    type Word: counts::Word;
}

impl RcKind for PoolHandle {
    type Word = Cell<u64>;
}

#[cfg(feature = "std")]
impl RcKind for SyncPoolHandle {
    type Word = core::sync::atomic::AtomicU64;
}
