//! A parent for many threads that knows what it gave.

use std::alloc::Layout;
use std::collections::BTreeMap;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex};

use goo_pool_typed::{Global, Parent};

#[derive(Clone, Default)]
pub(crate) struct Counted(Arc<Mutex<BTreeMap<usize, Layout>>>);

impl Counted {
    /// Pieces of memory that pools have, their own records included.
    pub(crate) fn pieces(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

// SAFETY: all memory comes from `Global`.
unsafe impl Parent for Counted {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        let ptr = Global.allocate(layout)?;
        self.0.lock().unwrap().insert(ptr.addr().get(), layout);
        Some(ptr)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        let known = self.0.lock().unwrap().remove(&ptr.addr().get());
        assert_eq!(known, Some(layout), "given back what was not given, or with another layout");
        // SAFETY: it came from `Global` with this layout, as just seen.
        unsafe { Global.deallocate(ptr, layout) };
    }
}
