//! What several tests need.
#![allow(dead_code, reason = "each test uses a part")]

use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::rc::Rc;

use goo_pool_core::{FixedMemory, Global, Parent};

/// Shrinks a size under Miri, which is a thousand times slower.
pub(crate) fn scaled(full: usize, miri: usize) -> usize {
    if cfg!(miri) { miri } else { full }
}

/// A parent that knows what it gave, and can be told to refuse.
#[derive(Clone)]
pub(crate) struct Watched<P = Global>(Rc<Watch>, P);

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

impl Default for Watched {
    fn default() -> Self {
        Self::over(Global)
    }
}

impl<P> Watched<P> {
    /// Takes what it gives from `parent`.
    pub(crate) fn over(parent: P) -> Self {
        Self(Rc::default(), parent)
    }

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

// SAFETY: all memory comes from the parent behind it.
unsafe impl<P: Parent> Parent for Watched<P> {
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
        let ptr = self.1.allocate(layout)?;
        self.0.held.borrow_mut().insert(ptr.addr().get(), layout);
        Some(ptr)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        self.0.deallocations.set(self.0.deallocations.get() + 1);
        let known = self.0.held.borrow_mut().remove(&ptr.addr().get());
        assert_eq!(known, Some(layout), "given back what was not given, or with another layout");
        // SAFETY: it came from there with this layout, as just seen.
        unsafe { self.1.deallocate(ptr, layout) };
    }

    fn piece_size(&self) -> Option<usize> {
        self.1.piece_size()
    }
}

/// Memory as a `static` has it; it goes when this is dropped, which comes after all that uses it.
pub(crate) struct Static(NonNull<u8>, Layout);

/// A parent for several pools over such memory; dropped after them.
pub(crate) struct StaticParent {
    parent: NonNull<FixedMemory>,
    _memory: Static,
}

impl StaticParent {
    pub(crate) fn new(bytes: usize, align: usize) -> Self {
        let memory = Static::new(bytes, align);
        Self { parent: NonNull::from(Box::leak(Box::new(memory.parent()))), _memory: memory }
    }

    pub(crate) fn get(&self) -> &'static FixedMemory {
        // SAFETY: it is there as long as anybody uses it, since the tests drop this last.
        unsafe { self.parent.as_ref() }
    }
}

impl Drop for StaticParent {
    fn drop(&mut self) {
        // SAFETY: it came from a box, and nobody uses it any more.
        drop(unsafe { Box::from_raw(self.parent.as_ptr()) });
    }
}

impl Static {
    pub(crate) fn new(bytes: usize, align: usize) -> Self {
        let layout = Layout::from_size_align(bytes.max(1), align).unwrap();
        Self(Global.allocate(layout).unwrap(), layout)
    }

    /// All of it but the first bytes; to be called once.
    pub(crate) fn from(&self, offset: usize) -> &'static mut [MaybeUninit<u8>] {
        let bytes = self.1.size() - offset;
        // SAFETY: `offset` is not above the size.
        let start = unsafe { self.0.byte_add(offset) };
        // SAFETY: the memory is there as long as anybody uses it, since the tests drop this last, and nobody else's.
        unsafe { std::slice::from_raw_parts_mut(start.as_ptr().cast(), bytes) }
    }

    pub(crate) fn parent(&self) -> FixedMemory {
        FixedMemory::new(self.from(0))
    }
}

impl Drop for Static {
    fn drop(&mut self) {
        // SAFETY: it came from there with this layout, and nobody uses it any more.
        unsafe { Global.deallocate(self.0, self.1) };
    }
}
