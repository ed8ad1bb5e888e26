//! What several tests need.
#![allow(dead_code, reason = "each test uses a part")]

use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::OnceLock;
use std::thread::{self, ThreadId};

use goo_pool_typed::generic::{Pool, PoolBox, Source};
use goo_pool_typed::{Global, Parent};

/// Shrinks a size under Miri, which is a thousand times slower.
pub(crate) const fn scaled(full: usize, miri: usize) -> usize {
    if cfg!(miri) { miri } else { full }
}

/// Runs what must panic; the message.
pub(crate) fn panic_of(run: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(run)).expect_err("this must panic");
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => (*payload.downcast::<&str>().expect("a message")).to_owned(),
    }
}

/// A pool that is empty serves its whole limit, each chunk once, and not one more.
#[track_caller]
pub(crate) fn assert_serves<T, S: Source>(pool: &Pool<T, S>, limit: usize) {
    assert_eq!(pool.len(), 0, "chunks are lost");
    let mut slots: Vec<_> = (0..limit).map(|_| pool.try_alloc_uninit().expect("a chunk below the limit")).collect();
    assert!(pool.try_alloc_uninit().is_err(), "more chunks than the limit");
    slots.sort_by_key(|slot| PoolBox::as_ptr(slot).addr());
    let distinct = slots.windows(2).all(|pair| !std::ptr::eq(PoolBox::as_ptr(&pair[0]), PoolBox::as_ptr(&pair[1])));
    assert!(distinct, "a chunk is handed out twice");
    drop(slots);
    assert_eq!(pool.len(), 0);
}

/// Knows of each [`Entry`] whether it was dropped.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Rc<Book>);

#[derive(Default)]
struct Book {
    /// For each entry, whether it was dropped.
    gone: RefCell<Vec<bool>>,
    dropped: RefCell<Vec<usize>>,
    drop_that_panics: Cell<Option<usize>>,
    clones_before_panic: Cell<Option<usize>>,
}

/// A value that is dropped once, or the test fails.
pub(crate) struct Entry {
    pub(crate) number: usize,
    ledger: Ledger,
}

impl Ledger {
    /// The next entry; they are numbered from 0.
    pub(crate) fn entry(&self) -> Entry {
        let mut gone = self.0.gone.borrow_mut();
        let number = gone.len();
        gone.push(false);
        Entry { number, ledger: self.clone() }
    }

    /// The numbers of what was dropped, in the order of the drops.
    pub(crate) fn dropped(&self) -> Vec<usize> {
        self.0.dropped.borrow().clone()
    }

    /// Entries that were made and not dropped yet.
    pub(crate) fn live(&self) -> usize {
        self.0.gone.borrow().len() - self.0.dropped.borrow().len()
    }

    /// That entry's destructor will panic.
    pub(crate) fn panic_in_drop_of(&self, number: usize) {
        self.0.drop_that_panics.set(Some(number));
    }

    /// After so many clones, the next one will panic.
    pub(crate) fn panic_after_clones(&self, clones: usize) {
        self.0.clones_before_panic.set(Some(clones));
    }

    /// Every entry was dropped. (None twice: that panics at once.)
    #[track_caller]
    pub(crate) fn assert_settled(&self) {
        assert_eq!(self.live(), 0, "not all values were dropped, but only {:?}", self.dropped());
    }
}

impl Entry {
    #[track_caller]
    pub(crate) fn assert_live(&self) {
        assert!(!self.ledger.0.gone.borrow()[self.number], "{} is dropped already", self.number);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let book = &self.ledger.0;
        let gone_before = std::mem::replace(&mut book.gone.borrow_mut()[self.number], true);
        assert!(!gone_before, "{} is dropped twice", self.number);
        book.dropped.borrow_mut().push(self.number);
        assert_ne!(book.drop_that_panics.get(), Some(self.number), "the destructor panics");
    }
}

impl Clone for Entry {
    fn clone(&self) -> Self {
        let left = &self.ledger.0.clones_before_panic;
        assert_ne!(left.get(), Some(0), "the clone panics");
        left.set(left.get().map(|clones| clones - 1));
        self.ledger.entry()
    }
}

/// A parent that knows what it gave, can refuse, and can run a test's code when it is called.
#[derive(Clone, Default)]
pub(crate) struct Watched(pub(crate) Rc<Watch>);

type Hook = Rc<RefCell<dyn FnMut()>>;

#[derive(Default)]
pub(crate) struct Watch {
    held: RefCell<BTreeMap<usize, Layout>>,
    pub(crate) requests: Cell<usize>,
    /// The requests among them that were for segments.
    pub(crate) segment_requests: Cell<usize>,
    pub(crate) returns: Cell<usize>,
    /// Requests still granted; `None` is "all".
    pub(crate) grants: Cell<Option<usize>>,
    /// Requests for more bytes are refused; `None` is "none".
    pub(crate) largest: Cell<Option<usize>>,
    before_request: RefCell<Option<Hook>>,
    before_return: RefCell<Option<Hook>>,
    /// The one that asked first.
    thread: OnceLock<ThreadId>,
}

// SAFETY: a test's pool is on the thread of the test: `on_its_thread`.
unsafe impl Send for Watched {}
// SAFETY: the same.
unsafe impl Sync for Watched {}

impl Watch {
    fn on_its_thread(&self) {
        let thread = self.thread.get_or_init(|| thread::current().id());
        assert_eq!(*thread, thread::current().id(), "a test with threads needs another parent");
    }

    /// Runs before each request is looked at. Not from within itself: a hook may use the pool.
    pub(crate) fn before_request(&self, hook: impl FnMut() + 'static) {
        // What is dropped here may use the pool, too.
        drop(self.before_request.replace(Some(Rc::new(RefCell::new(hook)))));
    }

    /// Runs before each piece is taken back. Not from within itself.
    pub(crate) fn before_return(&self, hook: impl FnMut() + 'static) {
        drop(self.before_return.replace(Some(Rc::new(RefCell::new(hook)))));
    }

    /// A hook that holds a handle to its own pool is a cycle: this ends it.
    pub(crate) fn forget_hooks(&self) {
        let hooks = (self.before_request.take(), self.before_return.take());
        drop(hooks);
    }

    /// Pieces of memory that the pool has, its own record included.
    pub(crate) fn pieces(&self) -> usize {
        self.held.borrow().len()
    }

    /// The segments among them. They are aligned to their blocks, which no record is.
    pub(crate) fn segments(&self) -> usize {
        self.held.borrow().values().filter(|layout| is_segment(layout)).count()
    }

    pub(crate) fn segment_bytes(&self) -> usize {
        self.held.borrow().values().filter(|layout| is_segment(layout)).map(Layout::size).sum()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.held.borrow().values().map(Layout::size).sum()
    }

    /// The start of the piece that an address lies in.
    pub(crate) fn piece_of<T: ?Sized>(&self, ptr: *const T) -> usize {
        let address = ptr.cast::<u8>().addr();
        let held = self.held.borrow();
        let (&start, layout) = held.range(..=address).next_back().expect("an address that the parent gave");
        assert!(address < start + layout.size(), "an address that the parent gave");
        start
    }

    fn run(hook: &RefCell<Option<Hook>>) {
        let hook = hook.borrow().clone();
        if let Some(hook) = hook {
            if let Ok(mut hook) = hook.try_borrow_mut() {
                hook();
            }
        }
    }
}

fn is_segment(layout: &Layout) -> bool {
    layout.align() >= 4096
}

// SAFETY: all memory comes from `Global`.
unsafe impl Parent for Watched {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        assert_ne!(layout.size(), 0, "a pool never asks for nothing");
        self.0.on_its_thread();
        self.0.requests.set(self.0.requests.get() + 1);
        self.0.segment_requests.set(self.0.segment_requests.get() + usize::from(is_segment(&layout)));
        Watch::run(&self.0.before_request);
        if self.0.largest.get().is_some_and(|largest| layout.size() > largest) {
            return None;
        }
        match self.0.grants.get() {
            Some(0) => return None,
            Some(left) => self.0.grants.set(Some(left - 1)),
            None => {}
        }
        let ptr = Global.allocate(layout)?;
        self.0.held.borrow_mut().insert(ptr.addr().get(), layout);
        Some(ptr)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        self.0.on_its_thread();
        // Taken back in any case, as a parent should that panics here: nobody will ask again.
        struct TakeBack<'w>(&'w Watch, NonNull<u8>, Layout);

        impl Drop for TakeBack<'_> {
            fn drop(&mut self) {
                let known = self.0.held.borrow_mut().remove(&self.1.addr().get());
                assert_eq!(known, Some(self.2), "given back what was not given, or with another layout");
                // SAFETY: it came from `Global` with this layout, as just seen.
                unsafe { Global.deallocate(self.1, self.2) };
            }
        }

        let _take_back = TakeBack(&self.0, ptr, layout);
        self.0.returns.set(self.0.returns.get() + 1);
        Watch::run(&self.0.before_return);
    }
}

/// A parent over static memory: what tests forget in it is no leak.
pub(crate) struct StaticMemory;

mod static_memory {
    use std::alloc::Layout;
    use std::cell::UnsafeCell;
    use std::mem::MaybeUninit;
    use std::ptr::NonNull;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    const BYTES: usize = 4 << 20;

    struct Memory(UnsafeCell<[MaybeUninit<u8>; BYTES]>);

    // SAFETY: each piece is handed out once.
    unsafe impl Sync for Memory {}

    static MEMORY: Memory = Memory(UnsafeCell::new([MaybeUninit::uninit(); BYTES]));
    static USED: AtomicUsize = AtomicUsize::new(0);

    // SAFETY: the pieces are static and do not overlap.
    unsafe impl goo_pool_typed::Parent for super::StaticMemory {
        fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
            let base = MEMORY.0.get().cast::<u8>();
            // Not every loader keeps a static's own alignment beyond a page (Valgrind's does not).
            let start_of = |used: usize| (base.addr() + used).next_multiple_of(layout.align()) - base.addr();
            let end_of = |used| Some(start_of(used) + layout.size()).filter(|&end| end <= BYTES);
            let used = USED.fetch_update(Relaxed, Relaxed, end_of).ok()?;
            // SAFETY: the piece ends within the memory (`end_of`).
            NonNull::new(unsafe { base.add(start_of(used)) })
        }

        unsafe fn deallocate(&self, _: NonNull<u8>, _: Layout) {}
    }
}
