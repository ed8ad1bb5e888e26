//! The C interface: what `include/goo_allocator.h` declares.
//!
//! ```text
//! C program ── GooAllocator (function pointers) ──┬── system.rs   the system's memory
//!                                                 ├── pool.rs     a pool: RawPool over upstream.rs
//!                                                 └── the program's own
//! pool.rs ── upstream.rs ── any GooAllocator, as the pool's parent
//! ```
//!
//! It is for C: Rust programs have [`RawPool`](crate::RawPool). The header has the manual and `CAPI.md` has programs; the
//! text here says what the header cannot say, and what the code rests on:
//!
//! - Every struct that C sees consists of cells. A C program may write to the fields that the header calls its own at
//!   any point, also from a handler or from a parent that we are calling.
//! - No Rust enum crosses the boundary: any number may come from C, and is looked at before it means something.
//! - Nothing unwinds into C: a panic in an `extern "C"` function ends the process with its message.
//! - A pointer that C gave is passed on as it came. None is made from a reference, which would reach less far.
//!
//! Read [`types`], then `stats.rs`, `failure.rs`, `system.rs`, `upstream.rs`, `pool.rs`, `default.rs`.

mod default;
mod failure;
mod pool;
mod scope;
mod stats;
mod system;
pub mod types;
mod upstream;

pub use default::{
    goo_alloc, goo_alloc_aligned, goo_alloc_zero, goo_free, goo_free_aligned, goo_get_default_allocator, goo_realloc,
    goo_set_default_allocator, goo_set_out_of_mem_handler,
};
pub use pool::{
    GooPoolAllocator, goo_pool_allocator_create, goo_pool_allocator_create_sized, goo_pool_get_stats, goo_pool_reset,
};
pub use scope::goo_scope_cleanup;
pub use stats::{GooAllocStats, goo_get_alloc_stats};
pub use system::goo_system_allocator_create;
pub use types::{GooAllocOptions, GooAllocStrategy, GooAllocator};
