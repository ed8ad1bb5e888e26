//! Pools of many chunk sizes: one pool for each size class, all over one parent, none before it is needed.
//!
//! ```text
//! ClassPool ─► Classes ─► [ 8 | 16 | 24 | ... | 32768 ]      a heap each, once its first chunk is asked for
//!                 └─────► the parent                        which serves what no class does
//! ```
//!
//! Read `size_class.rs` (which class a request belongs to), `engine.rs` (what a class is made of, for both kinds of pools), `classes.rs`
//! (all that is done with them, written once), and then the public types.

mod builder;
mod class_pool;
mod class_pool_handle;
#[allow(clippy::module_inception, reason = "the file is about the type of that name")]
mod classes;
mod engine;
mod size_class;
mod source;
#[cfg(feature = "std")]
mod sync_class_pool;
#[cfg(feature = "std")]
mod sync_class_pool_handle;

#[cfg(feature = "std")]
pub(crate) use engine::Engine;
#[cfg(feature = "tracking")]
pub(crate) use size_class::bytes_of;
#[cfg(feature = "std")]
pub(crate) use source::Source;

pub use builder::ClassPoolBuilder;
pub use class_pool::ClassPool;
pub use class_pool_handle::ClassPoolHandle;
#[cfg(feature = "std")]
pub use sync_class_pool::SyncClassPool;
#[cfg(feature = "std")]
pub use sync_class_pool_handle::SyncClassPoolHandle;
