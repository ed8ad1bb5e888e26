//! What several tests need.
#![allow(dead_code, reason = "each test uses a part")]

use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ptr::NonNull;
use std::rc::Rc;

use goo_pool_core::{Global, Parent};

/// Shrinks a size under Miri, which is a thousand times slower.
pub(crate) fn scaled(full: usize, miri: usize) -> usize {
    if cfg!(miri) { miri } else { full }
}

/// A parent that knows what it gave, and can be told to refuse.
#[derive(Clone, Default)]
pub(crate) struct Watched(Rc<Watch>);

#[derive(Default)]
pub(crate) struct Watch {
    pub(crate) held: RefCell<HashMap<usize, Layout>>,
    pub(crate) allocations: Cell<usize>,
    pub(crate) deallocations: Cell<usize>,
    /// Requests still granted; `None` is "all".
    pub(crate) budget: Cell<Option<usize>>,
    /// Larger pieces are refused.
    pub(crate) largest: Cell<Option<usize>>,
}

impl Watched {
    pub(crate) fn watch(&self) -> Rc<Watch> {
        self.0.clone()
    }
}

impl Watch {
    pub(crate) fn bytes(&self) -> usize {
        self.held.borrow().values().map(Layout::size).sum()
    }

    pub(crate) fn pieces(&self) -> usize {
        self.held.borrow().len()
    }

    pub(crate) fn calls(&self) -> usize {
        self.allocations.get() + self.deallocations.get()
    }
}

// SAFETY: all memory comes from `Global`.
unsafe impl Parent for Watched {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        assert_ne!(layout.size(), 0, "a pool never asks for nothing");
        self.0.allocations.set(self.0.allocations.get() + 1);
        if self.0.largest.get().is_some_and(|largest| layout.size() > largest) {
            return None;
        }
        match self.0.budget.get() {
            Some(0) => return None,
            Some(left) => self.0.budget.set(Some(left - 1)),
            None => {}
        }
        let ptr = Global.allocate(layout)?;
        self.0.held.borrow_mut().insert(ptr.addr().get(), layout);
        Some(ptr)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        self.0.deallocations.set(self.0.deallocations.get() + 1);
        let known = self.0.held.borrow_mut().remove(&ptr.addr().get());
        assert_eq!(known, Some(layout), "given back what was not given, or with another layout");
        // SAFETY: it came from `Global` with this layout, as just seen.
        unsafe { Global.deallocate(ptr, layout) };
    }
}
