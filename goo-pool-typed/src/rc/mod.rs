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
//! What the unsafe code of `strong.rs`, `alone.rs` and `weak.rs` rests on, besides that of `pool_box.rs`:
//!
//! | No. | Always true                                                                                              |
//! |-----|----------------------------------------------------------------------------------------------------------|
//! | R1  | `value` came from `value_of` a live chunk of a pool behind an `H`, for which P2 and P3 hold. |
//! | R2  | The counts before it say how many handles there are: no fewer strong ones than `PoolRc`s, no fewer weak ones than `PoolWeak`s, and one more weak one while there are strong ones. |
//! | R3  | The chunk is given back by whoever gives up the last weak handle; until then nobody has it as a box.        |
//! | R4  | While there is a `PoolRc`, the value is valid, and nobody changes it but who found itself alone with `&mut` to its handle. |
//!
//! Read in this order: `counts.rs`, `counted.rs`, `strong.rs`, `alone.rs`, `weak.rs`, `pool.rs`.

mod alone;
mod counted;
mod counts;
mod kinds;
mod pool;
mod strong;
mod traits;
mod weak;

pub use self::counted::Counted;
pub(crate) use self::counts::Word;
#[cfg(feature = "std")]
pub use self::kinds::{ArcPool, LocalArcPool, PoolArc, PoolArcWeak};
pub use self::kinds::{PoolRc, PoolWeak, RcPool};

/// The types behind the plain names, for `crate::generic`.
pub(crate) mod generic {
    pub use super::pool::RcPool;
    pub use super::strong::PoolRc;
    pub use super::weak::PoolWeak;
}
