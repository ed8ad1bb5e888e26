//! Pools as allocators of containers, and allocators as parents of pools.
//!
//! `Allocator` exists three times: in the crate allocator-api2 0.2, in its version 0.4, and in the nightly standard
//! library. Here [`Memory`] is what all three ask of a pool, for pools of one layout (`one_layout.rs`) and of many
//! (`classes.rs`); `adapter.rs` is the way from it to
//! any of the three, written once; and the modules below are the three.
//!
//! A pool is an allocator behind a shared reference or a handle, never itself: an allocator's memory must outlive its move
//! into a container, and no container's allocator may be reached with `&mut`.
//!
//! # Pointers that come back
//!
//! The contract knows a block by its address. So a container may give it back by a pointer that it made from a reference to what is
//! there (`Box::leak` and back; the standard library's `LinkedList` does that), and from that pointer we find the block's header. Whether such a
//! pointer reaches beyond the value is an open question of the language (issue 316 of its unsafe code guidelines); the
//! models there are say no. `hashbrown`, and `Vec` and `Box` otherwise, give back the pointer they got. To find the header without
//! it would take a search for the segment, in a thread-safe pool under its lock.

#[macro_use]
mod adapter;
mod classes;
mod one_layout;

use core::alloc::Layout;
use core::ptr::{self, NonNull};

/// A pool as a source of memory of many layouts.
///
/// # Safety
///
/// 1. Memory from [`allocate`](Self::allocate) or [`resize`](Self::resize) fits the layout, overlaps nothing else, and stays
///    valid, as long as the pool or a handle to it is there, until it is given to `deallocate`, or to a `resize` that succeeds.
pub(crate) unsafe trait Memory {
    /// Memory for `layout`, in its full length. None of it for size 0.
    fn allocate(&self, layout: Layout) -> Option<NonNull<[u8]>>;

    /// The same with all bytes 0.
    fn allocate_zeroed(&self, layout: Layout) -> Option<NonNull<[u8]>>;

    /// Takes memory back.
    ///
    /// # Safety
    ///
    /// 1. `ptr` is memory of this pool, not given back since. `layout` has the alignment it was asked for with, and a size
    ///    between what was asked for and what was given.
    /// 2. Nobody touches it any more.
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout);

    /// Memory for `new` with what was in that for `old`, as far as both go: the same if it fits.
    ///
    /// # Safety
    ///
    /// 1. As (1) of [`deallocate`](Self::deallocate), for `old`.
    /// 2. Nobody touches it any more if this succeeds.
    unsafe fn resize(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Option<NonNull<[u8]>>;
}

/// What stands for memory of size 0.
fn nothing(layout: Layout) -> NonNull<[u8]> {
    debug_assert_eq!(layout.size(), 0);
    // SAFETY: an alignment is not 0.
    let dangling = unsafe { NonNull::new_unchecked(ptr::without_provenance_mut(layout.align())) };
    NonNull::slice_from_raw_parts(dangling, 0)
}

/// Pools as allocators for what speaks allocator-api2 0.2, such as `hashbrown`, and such allocators as parents of pools.
///
/// `Allocator` is there for references and handles to pools:
///
/// | | one thread | many threads | serves |
/// |-|------------|--------------|--------|
/// | pools of many sizes | `&`[`ClassPool`](crate::ClassPool), [`ClassPoolHandle`](crate::ClassPoolHandle) | `&SyncClassPool`, `SyncClassPoolHandle` | every layout |
/// | pools of one layout | `&`[`RawPool`](crate::RawPool), [`PoolHandle`](crate::PoolHandle) | `&SyncRawPool`, `SyncPoolHandle` | what fits into a chunk |
///
/// Containers that grow want the first, those of nodes (lists, trees, boxes) may have the second. What does not fit into its chunk is an
/// error there, whatever room the parent has: such a pool is for one kind of node, and its limit holds.
///
/// Growing and shrinking within the chunk leaves the memory where it is. Memory of size 0 takes no chunk.
///
/// Do not enable that crate's own feature `nightly` together with ours: its trait is then the standard library's, which cannot be
/// implemented twice.
///
/// # Examples
///
/// A table in a pool, and a pool whose memory lies in another allocator:
///
/// ```
/// # use allocator_api2_02 as allocator_api2;
/// use std::alloc::Layout;
/// use allocator_api2::{alloc::Global, boxed::Box};
/// use goo_pool_core::{ClassPool, RawPool, allocator_api2_02::AllocatorParent};
/// use hashbrown::{DefaultHashBuilder, HashMap};
///
/// # fn main() -> Result<(), std::boxed::Box<dyn std::error::Error>> {
/// let pool = ClassPool::new();
/// let mut squares: HashMap<u64, u64, DefaultHashBuilder, &ClassPool> = HashMap::new_in(&pool);
/// squares.extend((0..1000).map(|n| (n, n * n)));
/// assert_eq!(squares[&30], 900);
///
/// let nodes = RawPool::builder(Layout::new::<[u64; 4]>()).parent(AllocatorParent(Global)).build()?;
/// let node = Box::new_in([1_u64; 4], &nodes);
/// assert_eq!((node[3], nodes.len()), (1, 1));
/// assert!(Box::try_new_in([0_u8; 100], &nodes).is_err());
/// # Ok(())
/// # }
/// ```
///
/// What is in a pool cannot outlive it; with a handle it keeps it.
///
/// ```compile_fail,E0505
/// # use allocator_api2_02 as allocator_api2;
/// use allocator_api2::vec::Vec;
/// use goo_pool_core::ClassPool;
///
/// let pool = ClassPool::new();
/// let mut numbers = Vec::new_in(&pool);
/// numbers.push(1);
/// drop(pool);
/// assert_eq!(numbers, [1]);
/// ```
#[cfg(feature = "allocator-api2-02")]
pub mod allocator_api2_02 {
    use allocator_api2_02::alloc::{AllocError, Allocator};

    adapters!();
}

/// As `allocator_api2_02`, for allocator-api2 0.4.
///
/// # Examples
///
/// ```
/// # use allocator_api2_04 as allocator_api2;
/// use allocator_api2::vec::Vec;
/// use goo_pool_core::{SyncClassPool, SyncClassPoolHandle};
///
/// let pool = SyncClassPoolHandle::from(SyncClassPool::new());
/// let mut numbers = Vec::new_in(pool.clone());
/// numbers.extend(0..64);
/// // The handle in it keeps the pool.
/// drop(pool);
/// std::thread::spawn(move || drop(numbers)).join().unwrap();
/// ```
#[cfg(feature = "allocator-api2-04")]
pub mod allocator_api2_04 {
    use allocator_api2_04::alloc::{AllocError, Allocator};

    adapters!();
}

/// As `allocator_api2_02`, for the standard library's own containers. Needs a nightly compiler.
///
/// Clone a `BTreeMap` only in a pool behind a reference: of its allocator it forgets some clones, and a handle that is forgotten keeps
/// its pool for ever.
///
/// # Examples
///
/// ```
/// #![feature(allocator_api, btreemap_alloc)]
/// use std::{alloc::Layout, collections::BTreeMap};
/// use goo_pool_core::RawPool;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Room for either kind of a tree's nodes.
/// let pool = RawPool::new(Layout::from_size_align(512, 8)?)?;
/// let mut squares = BTreeMap::new_in(&pool);
/// squares.extend((0..1000_u64).map(|n| (n, n * n)));
/// assert_eq!(squares[&30], 900);
/// drop(squares);
/// assert!(pool.is_empty());
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "nightly")]
pub mod nightly {
    use core::alloc::{AllocError, Allocator};

    adapters!();
}
