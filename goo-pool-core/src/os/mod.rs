//! Memory straight from the operating system: huge pages, guard pages, pre-faulting, and a NUMA node of one's choice.
//!
//! [`OsMemory`] is a [`Parent`](crate::Parent), for pools of one thread and of many:
//!
//! ```no_run
//! use std::alloc::Layout;
//! use goo_pool_core::SyncRawPool;
//! use goo_pool_core::os::{self, Fallback, HugePages, OsMemory, Placement};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let memory = OsMemory::builder()
//!     .huge_pages(HugePages::On)
//!     .placement(Placement::Local)
//!     .fallback(Fallback::FirstTouch)
//!     .build()?;
//! let huge = memory.huge_page_size();
//! let pool = SyncRawPool::builder(Layout::new::<[u64; 8]>())
//!     .parent(memory)
//!     .first_segment(huge)
//!     .build_sync()?;
//! let chunk = pool.allocate_zeroed()?;
//! println!("the chunk lies on {}", os::placement(chunk.as_ptr())?);
//! # Ok(())
//! # }
//! ```
//!
//! It works on Linux. Elsewhere everything here is there as well, so that a program with the feature `os` builds on every
//! system, but [`build`](OsMemoryBuilder::build) says [`OsError::Unsupported`]: then take [`Global`](crate::Global).
//!
//! To read the code: `extent.rs` is arithmetic alone, `sys_linux.rs` has all system calls, `memory.rs` puts them together.

mod builder;
mod error;
mod extent;
mod mask;
mod memory;
mod node;
// Miri has neither guard pages nor nodes.
#[cfg_attr(all(target_os = "linux", not(miri)), path = "sys_linux.rs")]
#[cfg_attr(not(all(target_os = "linux", not(miri))), path = "sys_other.rs")]
mod sys;

pub use builder::{Fallback, HugePages, OsMemoryBuilder, Placement};
pub use error::OsError;
pub use memory::OsMemory;
pub use node::{Node, current_node, nodes, placement};
