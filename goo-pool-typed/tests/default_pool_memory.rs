//! Where the memory of default pools goes, and what happens when there is none: with a global allocator that counts,
//! refuses and comes back.
#![cfg(all(feature = "derive", feature = "std"))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use goo_pool_typed::{AllocError, DefaultPool, PoolBox, Pooled, SyncPoolBox};

struct Watching;

#[global_allocator]
static GLOBAL: Watching = Watching;

/// Segments that are held: nothing else is asked for in whole pages.
static SEGMENTS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// This thread is refused all memory.
    static REFUSE: Cell<bool> = const { Cell::new(false) };
    /// What this thread's next request does first.
    static NEXT: Cell<Option<fn()>> = const { Cell::new(None) };
}

fn is_segment(layout: Layout) -> bool {
    layout.align() >= 4096
}

// SAFETY: every request goes to `System` as it came, or gets nothing.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if let Some(run) = NEXT.take() {
            run();
        }
        if REFUSE.get() {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promises are those of `System::alloc`.
        let ptr = unsafe { System.alloc(layout) };
        SEGMENTS.fetch_add(usize::from(!ptr.is_null() && is_segment(layout)), SeqCst);
        ptr
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        SEGMENTS.fetch_sub(usize::from(is_segment(layout)), SeqCst);
        // SAFETY: `ptr` came from `System` with this layout, as all we hand out does.
        unsafe { System.dealloc(ptr, layout) };
    }
}

/// One test at a time, so that all segments are its own.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Pooled, Debug)]
#[pooled(thread_local)]
struct Node {
    value: String,
    next: Option<PoolBox<Node>>,
}

fn list(len: usize) -> Option<PoolBox<Node>> {
    (0..len).fold(None, |next, value| Some(Node::new(value.to_string(), next)))
}

/// Drops a list one by one: it may be longer than the stack is deep.
struct List(Option<PoolBox<Node>>);

impl Drop for List {
    fn drop(&mut self) {
        // In a destructor of the thread: a few more, from whatever pool is there.
        let more = [Node::new("late".into(), None), Node::new("later".into(), list(3))];
        while let Some(node) = self.0.take() {
            self.0 = PoolBox::into_inner(node).next;
        }
        drop(more);
    }
}

thread_local!(static KEPT: RefCell<Vec<List>> = const { RefCell::new(Vec::new()) });

#[test]
fn a_thread_that_ends_gives_its_pools_memory_back() {
    let _alone = alone();
    let len = if cfg!(miri) { 50 } else { 20_000 };
    let before = SEGMENTS.load(SeqCst);
    for kept_first in [true, false] {
        for _ in 0..3 {
            let peak = thread::spawn(move || {
                // What is registered first ends last, or first: whatever the platform does.
                if kept_first {
                    KEPT.with_borrow_mut(Vec::clear);
                }
                drop(List(list(len)));
                KEPT.with_borrow_mut(|kept| kept.push(List(list(len))));
                SEGMENTS.load(SeqCst)
            });
            assert!(peak.join().unwrap() > before);
            assert_eq!(SEGMENTS.load(SeqCst), before);
        }
    }
}

#[test]
fn a_global_pool_gives_back_what_nobody_needs() {
    #[derive(Pooled)]
    #[pooled(global)]
    struct Record {
        number: usize,
    }

    let _alone = alone();
    let before = SEGMENTS.load(SeqCst);
    let records: Vec<_> = (0..if cfg!(miri) { 50 } else { 50_000 }).map(Record::new).collect();
    assert!(SEGMENTS.load(SeqCst) > before);
    assert!(records.iter().map(|record| record.number).eq(0..records.len()));
    drop(records);
    Record::default_pool().shrink_to_fit();
    assert_eq!(SEGMENTS.load(SeqCst), before);
}

/// Runs without memory, on this thread.
fn refused<R>(run: impl FnOnce() -> R) -> R {
    REFUSE.set(true);
    let result = run();
    REFUSE.set(false);
    result
}

#[test]
fn without_memory_the_value_comes_back() {
    #[derive(Pooled, Debug)]
    #[pooled(thread_local)]
    struct Local(String);

    #[derive(Pooled, Debug)]
    #[pooled(global)]
    struct Shared(String);

    let _alone = alone();
    // First without a record of the pool, then without a segment for it.
    for _ in 0..2 {
        let (local, shared) = (Local("local".into()), Shared("shared".into()));
        let (local, shared) =
            refused(|| (PoolBox::try_new(local).unwrap_err(), SyncPoolBox::try_new(shared).unwrap_err()));
        assert!(matches!(local.error(), AllocError::OutOfMemory { .. }));
        assert!(matches!(shared.error(), AllocError::OutOfMemory { .. }));
        assert_eq!((&*local.into_value().0, &*shared.into_value().0), ("local", "shared"));

        let arguments = (String::from("dropped"), String::from("dropped"));
        let (local, shared) = refused(|| (Local::try_new(arguments.0).is_err(), Shared::try_new(arguments.1).is_err()));
        assert!(local && shared);
        assert_eq!(Local::default_pool().len() + Shared::default_pool().len(), 0);
    }
    let made = (Local::new("local".into()), SyncPoolBox::new(Shared("shared".into())));
    assert_eq!((&*made.0.0, &*made.1.0), ("local", "shared"));
}

#[test]
fn an_allocator_may_use_the_pool_that_is_being_made() {
    #[derive(Pooled)]
    #[pooled(thread_local)]
    struct Local(u32);

    thread_local!(static MADE: RefCell<Vec<PoolBox<Local>>> = const { RefCell::new(Vec::new()) });

    let _alone = alone();
    MADE.with_borrow_mut(|made| made.reserve(1));
    NEXT.set(Some(|| MADE.with_borrow_mut(|made| made.push(Local::new(1)))));
    let outer = Local::new(2);
    let inner = MADE.with_borrow_mut(|made| made.pop().unwrap());
    assert_eq!((inner.0, outer.0, Local::default_pool().len()), (1, 2, 2));
    assert!(PoolBox::pool(&inner).ptr_eq(&PoolBox::pool(&outer)));
}
