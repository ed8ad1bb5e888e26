//! Untyped memory pools: chunks of one layout, freed in any order, with one bit of metadata each.
//!
//! ```text
//! RawPool
//! └── segment        one request to the parent allocator; grows from small to large
//!     ├── block      a power of two in size, aligned to its size: header + bitmap + chunks
//!     │   ├── chunk  one object's memory
//!     │   └── ...
//!     └── block
//! ```
//!
//! A chunk holds the value and nothing else. Its pool is found by masking its address, its state is a bit
//! in the block's bitmap, and freeing never touches its memory. Most programs want the typed layer,
//! `goo-pool-typed`; this crate is for those who build their own, or need chunks of a size that only the
//! running program knows.
//!
//! ```
//! use std::alloc::Layout;
//! use goo_pool_core::RawPool;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let pool = RawPool::new(Layout::from_size_align(128, 16)?)?;
//! let first = pool.allocate()?;
//! let second = pool.allocate_zeroed()?;
//! // SAFETY: both came from this pool and are not used any more.
//! unsafe {
//!     pool.deallocate(first);
//!     pool.deallocate(second);
//! }
//! println!("{}", pool.stats());
//! # Ok(())
//! # }
//! ```
//!
//! [`RawPool`] belongs to one thread. `SyncRawPool` is for many: the same engine, one front for each thread.
//!
//! `ClassPool` and `SyncClassPool` are for chunks of many sizes, as containers need them: a pool for each of 44 size
//! classes, of which 7.9% is unused in the mean. `SyncClassPool` can be a program's global allocator.
//!
//! For C programs the feature `capi` has `include/goo_allocator.h`; see `CAPI.md`.
//!
//! Debug builds look for misuse, and others with the feature `hardened`; AddressSanitizer and Valgrind can be told what is free
//! (`HARDENING.md`).
//!
//! # Features
//!
//! | feature | what it adds |
//! |---------|--------------|
//! | `std` (default) | thread-safe pools; implies `alloc` |
//! | `alloc` | the global allocator as a parent, and pools that ask it when no other parent is named |
//! | `serde` | `Stats` and `Config` can be read and written |
//! | `allocator-api2-02` | pools as allocators for containers, and allocators as parents, with allocator-api2 0.2: `hashbrown`, `bumpalo` |
//! | `allocator-api2-04` | the same with allocator-api2 0.4 |
//! | `nightly` | the same with the standard library's containers; needs a nightly compiler |
//! | `os` | `os::OsMemory`: memory straight from the system, with huge pages, guard pages and NUMA |
//! | `tracking` | `Tracked` around any pool: its totals, its peak, and where each live chunk was allocated |
//! | `tracing` | events of the target `goo_pool`: `DEBUG` when a pool has grown or was reset, `WARN` when one cannot grow, or ends with leaks |
//! | `hardened` | looks for misuse on every allocation and free, in all builds (`HARDENING.md`) |
//! | `valgrind` | tells Valgrind which chunks are live (`HARDENING.md`) |
//! | `capi` | the functions of `include/goo_allocator.h`, for C (`CAPI.md`) |
//!
//! `no_std`; without `alloc`, a pool takes its memory from a parent that is handed to it. To read the code, go on with
//! `INVARIANTS.md`, `geometry.rs`, `block.rs`, `front.rs`, `store.rs`, `heap.rs`, `growth.rs` and `raw_pool.rs`, then
//! `tests/model.rs`; for threads, with `sync/mod.rs`.
#![no_std]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod allocate;
#[cfg(any(feature = "allocator-api2-02", feature = "allocator-api2-04", feature = "nightly"))]
mod allocator_api;
mod block;
mod block_list;
mod builder;
#[cfg(feature = "capi")]
pub mod capi;
#[cfg(feature = "alloc")]
mod classes;
mod config;
mod error;
mod events;
mod failure;
mod for_all;
mod front;
mod geometry;
mod growth;
mod handle;
mod heap;
mod inspect;
mod kind;
mod lifecycle;
#[cfg(feature = "os")]
pub mod os;
mod parent;
mod pool_handle;
mod raw_pool;
mod reservation;
mod reuse;
mod row;
mod segment;
mod send_raw_pool;
#[cfg(feature = "alloc")]
mod shared_parent;
mod stats;
mod store;
mod strategy;
#[cfg(feature = "std")]
mod sync;
#[cfg(feature = "tracking")]
mod track;
mod validate;
mod watch;

#[cfg(feature = "allocator-api2-02")]
pub use allocator_api::allocator_api2_02;
#[cfg(feature = "allocator-api2-04")]
pub use allocator_api::allocator_api2_04;
#[cfg(feature = "nightly")]
pub use allocator_api::nightly;
pub use builder::RawPoolBuilder;
#[cfg(feature = "alloc")]
pub use classes::{ClassPool, ClassPoolBuilder, ClassPoolHandle};
#[cfg(feature = "std")]
pub use classes::{SyncClassPool, SyncClassPoolHandle};
pub use config::Config;
pub use error::{AllocError, BuildError, LayoutTooLarge};
pub use failure::{Aborting, Handled, OnFailure};
pub use geometry::Geometry;
pub use handle::Handle;
#[cfg(feature = "alloc")]
pub use parent::Global;
pub use parent::{ChunksOf, FixedMemory, Parent, Segregator};
#[cfg(feature = "std")]
pub use parent::{LockedParent, System};
pub use pool_handle::PoolHandle;
pub use raw_pool::RawPool;
pub use reservation::{Reservation, Reserves};
pub use reuse::Reuse;
pub use row::Row;
pub use send_raw_pool::SendRawPool;
pub use stats::Stats;
pub use strategy::{Growth, Return};
#[cfg(feature = "std")]
pub use sync::{LocalShard, SyncPoolHandle, SyncRawPool};
#[cfg(feature = "tracking")]
pub use track::{LeakReport, Ledger, LiveSite, Tracked, Tracking, Untracked, Usage};
