//! A tracked handle, for typed pools.
//!
//! A typed box frees its chunk by the address alone, so that alone must lead to the ledger: through one map for the
//! process. Chunks of typed pools are nobody else's memory, so an address is in it once.

use core::alloc::Layout;
use core::panic::Location;
use core::ptr::NonNull;
use std::sync::LazyLock;

use super::address_map::AddressMap;
use super::ledger::Ledger;
use super::tracked::Tracked;
use crate::error::{AllocError, BuildError};
use crate::geometry::Geometry;
use crate::handle::{Handle, Sealed};
use crate::pool_handle::PoolHandle;
use crate::reservation::Reserves;
use crate::row::Row;
use crate::stats::Stats;
use crate::sync::{Lock, SyncPoolHandle};

/// The ledger of each live chunk of a tracked handle, and the chunk's bytes. Its lock is held for one look.
static LEDGERS: LazyLock<Lock<AddressMap<(Ledger, usize)>>> = LazyLock::new(|| Lock::new(AddressMap::default()));

/// Strikes a chunk out that is about to be freed.
#[track_caller]
fn strike(chunk: NonNull<u8>) {
    let address = chunk.addr().get();
    // The lock is free again in the next line: this may be the last use of the ledger, and of a sink that is not ours.
    let found = LEDGERS.lock().remove(&address);
    let Some((ledger, bytes)) = found else { not_live(address) };
    ledger.strike(address, 1, bytes);
}

#[cold]
#[track_caller]
fn not_live(address: usize) -> ! {
    panic!("double or foreign free: no tracked pool has a live chunk at {address:#x}")
}

/// A handle that has no books yet: what [`Tracked`] can be around, if it is to be a [`Handle`] again. The trait is sealed.
///
/// A chunk's address leads to one ledger, so a pool within two of them is none.
pub trait Untracked: Handle {}

impl Untracked for PoolHandle {}
impl Untracked for SyncPoolHandle {}

impl<H: Untracked> Tracked<H> {
    fn enter_row(&self, row: &Row, site: &'static Location<'static>) {
        self.ledger().enter(row.first().addr().get(), row.chunks(), self.row_bytes(row), site);
    }

    fn row_bytes(&self, row: &Row) -> usize {
        row.chunks() * self.layout().size()
    }

    /// Enters what an allocation gave, here and in the ledger.
    fn entered_both(
        &self,
        allocated: Result<NonNull<u8>, AllocError>,
        site: &'static Location<'static>,
    ) -> Result<NonNull<u8>, AllocError> {
        let bytes = self.layout().size();
        let chunk = self.entered(allocated, bytes, site)?;
        let entry = (self.ledger().clone(), bytes);
        // What it replaces, if anything, is dropped when the lock is free again.
        let _freed_elsewhere = LEDGERS.lock().insert(chunk.addr().get(), entry);
        Ok(chunk)
    }
}

impl<H: Untracked> Sealed for Tracked<H> {}

/// What is reserved is live, and so it is in the books; the list of it is not.
impl<H: Untracked> Reserves for Tracked<H> {
    fn allocate_one(&self) -> Result<NonNull<u8>, AllocError> {
        Handle::allocate(self)
    }

    unsafe fn free_one(&self, chunk: NonNull<u8>) {
        strike(chunk);
        // SAFETY: (1).
        unsafe { self.pool().free_one(chunk) };
    }

    fn prepare_for(&self, chunks: usize) -> Result<(), AllocError> {
        self.pool().prepare_for(chunks)
    }

    fn memory(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        self.pool().memory(layout)
    }

    unsafe fn free_memory(&self, memory: NonNull<u8>, layout: Layout) {
        // SAFETY: (1).
        unsafe { self.pool().free_memory(memory, layout) };
    }
}

// SAFETY: the chunks are the inner handle's (1, 2, 3), and go back to where they came from.
unsafe impl<H: Untracked> Handle for Tracked<H> {
    const SHARED: bool = H::SHARED;

    #[track_caller]
    unsafe fn allocate_in(&self, geometry: &Geometry) -> Result<NonNull<u8>, AllocError> {
        // SAFETY: (1).
        let allocated = unsafe { self.pool().allocate_in(geometry) };
        self.entered_both(allocated, Location::caller())
    }

    #[track_caller]
    unsafe fn allocate_in_or(&self, geometry: &Geometry, fail: fn(AllocError) -> !) -> NonNull<u8> {
        // SAFETY: (1).
        match unsafe { self.allocate_in(geometry) } {
            Ok(chunk) => chunk,
            Err(error) => fail(error),
        }
    }

    unsafe fn deallocate_in(chunk: NonNull<u8>, geometry: &Geometry) {
        strike(chunk);
        // SAFETY: (1) to (3); a tracked handle's chunks are those of the handle within.
        unsafe { H::deallocate_in(chunk, geometry) };
    }

    unsafe fn deallocate_dyn(chunk: NonNull<u8>, layout: Layout) {
        strike(chunk);
        // SAFETY: (1) and (2); a tracked handle's chunks are those of the handle within.
        unsafe { H::deallocate_dyn(chunk, layout) };
    }

    unsafe fn of(chunk: NonNull<u8>, layout: Layout) -> Result<Self, BuildError> {
        let address = chunk.addr().get();
        let found = LEDGERS.lock().get(&address).map(|(ledger, _)| ledger.clone());
        let Some(ledger) = found else { not_live(address) };
        // SAFETY: (1) and (2).
        Ok(Self::from_parts(unsafe { H::of(chunk, layout) }?, ledger))
    }

    fn prepare(&self, additional: usize) -> Result<(), AllocError> {
        self.pool().prepare(additional)
    }

    #[track_caller]
    fn allocate(&self) -> Result<NonNull<u8>, AllocError> {
        self.entered_both(self.pool().allocate(), Location::caller())
    }

    /// All chunks of a row are live, whatever is in them.
    #[track_caller]
    fn take_row(&self) -> Result<Row, AllocError> {
        let row = self.pool().take_row();
        match &row {
            Ok(row) => self.enter_row(row, Location::caller()),
            Err(_) => self.ledger().count_failure(),
        }
        row
    }

    unsafe fn give_row(&self, row: Row) {
        self.ledger().strike(row.first().addr().get(), row.chunks(), self.row_bytes(&row));
        // SAFETY: (1) and (2).
        unsafe { self.pool().give_row(row) };
    }

    fn reserve(&self, additional: usize) -> Result<(), AllocError> {
        self.pool().reserve(additional)
    }

    fn shrink_to_fit(&self) {
        self.pool().shrink_to_fit();
    }

    fn len(&self) -> usize {
        self.pool().len()
    }

    fn capacity(&self) -> usize {
        self.pool().capacity()
    }

    fn layout(&self) -> Layout {
        self.pool().layout()
    }

    fn stats(&self) -> Stats {
        self.pool().stats()
    }

    fn ptr_eq(&self, other: &Self) -> bool {
        self.pool().ptr_eq(other.pool())
    }
}
