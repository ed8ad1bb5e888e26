//! The thread-safe pool: one front for each thread, one store for all.
//!
//! ```text
//! SyncRawPool ─► Shared ─► Mutex<Store>        segments, empty blocks, the limit
//!                   └────► table of shards     by thread index
//!                            └─ Shard          a front, its blocks' pending remote frees
//! ```
//!
//! A block belongs to one shard, a shard to the thread with its index. That thread allocates and frees as in a local
//! pool, plus one comparison of the block's owner with its own shard. Other threads free with one `fetch_or` into
//! the block's second bitmap, which the owner merges when it runs out. Read on in `thread_index.rs`, `shard.rs`,
//! `remote.rs`, `shared.rs`, `raid.rs` and, for a pool that closes while chunks are live, `closing.rs`.

mod class_engine;
mod closing;
mod for_all;
mod inspect;
mod kind;
mod local_shard;
mod lock;
mod locked;
mod raid;
mod remote;
mod returned;
mod rows;
mod shard;
mod shard_id;
mod shard_table;
mod shared;
mod sync_pool_handle;
mod sync_raw_pool;
mod thread_index;
mod validate;

pub(crate) use kind::Threads;
#[cfg(feature = "tracking")]
pub(crate) use lock::Lock;
pub(crate) use shared::SharedPtr;

/// The parent of a thread-safe pool, which several threads may call at once.
pub(crate) type SharedParent = crate::shared_parent::SharedParent<crate::shared_parent::AnySyncParent>;

pub use local_shard::LocalShard;
pub use sync_pool_handle::SyncPoolHandle;
pub use sync_raw_pool::SyncRawPool;
