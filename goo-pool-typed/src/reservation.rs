//! Room that is taken before it is needed.

use core::fmt;
use core::marker::PhantomData;
use core::mem::{MaybeUninit, forget};
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;

use goo_pool_core::PoolHandle;

use crate::generic::{Kind, PoolBox};

/// Room for so many values, which nobody else can take: so many allocations cannot fail. Made by
/// [`reserve_exact`](crate::generic::Pool::reserve_exact).
///
/// It is a handle to its pool as well, which stays open. Until it is used its room counts as live values; what is left goes back to
/// the pool when it is dropped. It goes to other threads if its pool does.
pub struct Reservation<T, H: Kind = PoolHandle> {
    /// Invariant: of a pool for `Layout::new::<T>()`.
    chunks: goo_pool_core::Reservation<H>,
    /// It hands `T`s out, as a pool does, and has none.
    values: PhantomData<fn() -> T>,
}

impl<T, H: Kind> Reservation<T, H> {
    /// # Safety
    ///
    /// 1. `chunks` are of a pool for `Layout::new::<T>()`, without a hint of chunks per block.
    pub(crate) const unsafe fn new(chunks: goo_pool_core::Reservation<H>) -> Self {
        Self { chunks, values: PhantomData }
    }

    /// So many allocations cannot fail.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.chunks.remaining()
    }

    /// Moves `value` into the pool.
    ///
    /// # Panics
    ///
    /// If nothing [remains](Self::remaining); for no other reason.
    #[inline]
    #[must_use = "the value is dropped at once if its box is not used"]
    pub fn alloc(&self, value: T) -> PoolBox<T, H> {
        self.alloc_with(|| value)
    }

    /// Moves `value` into the pool, or gives it back.
    ///
    /// # Errors
    ///
    /// The value, if nothing [remains](Self::remaining); for no other reason.
    #[inline]
    pub fn try_alloc(&self, value: T) -> Result<PoolBox<T, H>, T> {
        match self.alloc_uninit() {
            Some(slot) => Ok(PoolBox::write(slot, value)),
            None => Err(value),
        }
    }

    /// Calls `make` and moves its value into the pool. `make` may use the reservation too, and the pool; if it panics, the room is
    /// in the reservation again.
    ///
    /// # Panics
    ///
    /// If nothing [remains](Self::remaining), before `make` is called; for no other reason.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{AllocError, Pool, PoolBox};
    ///
    /// struct Node { value: u32, next: Option<PoolBox<Node>> }
    ///
    /// # fn main() -> Result<(), AllocError> {
    /// let pool = Pool::new();
    /// let nodes = pool.reserve_exact(2)?;
    /// // Both or none.
    /// let list = nodes.alloc_with(|| Node { value: 1, next: Some(nodes.alloc(Node { value: 2, next: None })) });
    /// assert_eq!(list.value + list.next.as_ref().unwrap().value, 3);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    #[must_use = "the value is dropped at once if its box is not used"]
    pub fn alloc_with(&self, make: impl FnOnce() -> T) -> PoolBox<T, H> {
        let Some(chunk) = self.chunks.allocate() else { used_up() };
        let put_back = PutBackOnUnwind { chunks: &self.chunks, chunk };
        let value = make();
        forget(put_back);
        // SAFETY: a chunk of a pool for this layout (`chunks`); `MaybeUninit` needs no value.
        let slot = unsafe { PoolBox::from_non_null(chunk.cast()) };
        PoolBox::write(slot, value)
    }

    /// Room to be written later; it goes back to the pool, not to the reservation, if that does not happen. `None` if nothing remains.
    #[inline]
    pub fn alloc_uninit(&self) -> Option<PoolBox<MaybeUninit<T>, H>> {
        let chunk = self.chunks.allocate()?;
        // SAFETY: a chunk of a pool for this layout (`chunks`); `MaybeUninit` needs no value.
        Some(unsafe { PoolBox::from_non_null(chunk.cast()) })
    }
}

struct PutBackOnUnwind<'r, H: Kind> {
    chunks: &'r goo_pool_core::Reservation<H>,
    /// Invariant: one of `chunks`, which nobody uses when this is dropped.
    chunk: NonNull<u8>,
}

impl<H: Kind> Drop for PutBackOnUnwind<'_, H> {
    #[cold]
    fn drop(&mut self) {
        // SAFETY: see `chunk`.
        unsafe { self.chunks.put_back(self.chunk) };
    }
}

#[cold]
#[inline(never)]
fn used_up() -> ! {
    panic!("nothing remains of the reservation")
}

/// As the pool.
impl<T, H: Kind> UnwindSafe for Reservation<T, H> {}
impl<T, H: Kind> RefUnwindSafe for Reservation<T, H> {}

impl<T, H: Kind> fmt::Debug for Reservation<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chunks.fmt(f)
    }
}
