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
//! Debug builds look for misuse, and others with the feature `hardened`; AddressSanitizer and Valgrind can be told what is free
//! (`HARDENING.md`).
//!
//! `no_std` with `alloc`; the thread-safe pool needs the feature `std`. To read the code, go on with
//! `INVARIANTS.md`, `geometry.rs`, `block.rs`, `front.rs`, `store.rs`, `heap.rs`, `growth.rs` and `raw_pool.rs`, then
//! `tests/model.rs`; for threads, with `sync/mod.rs`.
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod allocate;
mod block;
mod block_list;
mod builder;
mod config;
mod error;
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
mod reuse;
mod row;
mod segment;
mod stats;
mod store;
#[cfg(feature = "std")]
mod sync;
mod validate;
mod watch;

pub use builder::RawPoolBuilder;
pub use config::Config;
pub use error::{AllocError, BuildError, LayoutTooLarge};
pub use geometry::Geometry;
pub use handle::Handle;
pub use parent::{Global, Parent};
pub use pool_handle::PoolHandle;
pub use raw_pool::RawPool;
pub use reuse::Reuse;
pub use row::Row;
pub use stats::Stats;
#[cfg(feature = "std")]
pub use sync::{LocalShard, SyncPoolHandle, SyncRawPool};
