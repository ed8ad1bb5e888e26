//! Pools of many sizes over a parent that fails, panics, or uses the pool while it is asked.

#[path = "common/classes.rs"]
mod both;
mod common;

use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::rc::{Rc, Weak};

use both::Classes;
use common::{Watch, Watched, scaled};
use goo_pool_core::{AllocError, ClassPool, Parent, SyncClassPool};

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 8).unwrap()
}

/// A live block with its stamp all over.
struct Block {
    ptr: NonNull<u8>,
    size: usize,
    stamp: u8,
}

impl Block {
    fn new(memory: NonNull<[u8]>, size: usize) -> Self {
        let block = Self { ptr: memory.cast(), size, stamp: size as u8 | 1 };
        // SAFETY: it is ours, and so long.
        unsafe { block.ptr.write_bytes(block.stamp, size) };
        block
    }

    fn assert_whole(&self) {
        // SAFETY: it is live, and was written.
        let bytes = unsafe { std::slice::from_raw_parts(self.ptr.as_ptr(), self.size) };
        assert!(
            bytes.iter().step_by(scaled(1, 499)).all(|&byte| byte == self.stamp),
            "somebody else wrote into the block"
        );
    }

    fn free(self, pool: &impl Classes) {
        self.assert_whole();
        // SAFETY: it is live, for that layout.
        unsafe { pool.deallocate(self.ptr, layout(self.size)) };
    }
}

/// The sizes of a fixed piece of work: in several classes, and too large for any.
fn sizes() -> impl Iterator<Item = usize> {
    (0..scaled(150, 30)).map(|round| [24, 60, 700, 9000, 40_000][round % 5] + round % 3)
}

/// Allocates, grows and shrinks with a parent that may fail. How many errors there were.
fn work<C: Classes>(pool: &C) -> usize {
    let mut live: Vec<Block> = Vec::new();
    let mut errors = 0;
    let mut failed = |error| {
        assert!(matches!(error, AllocError::OutOfMemory { .. }));
        errors += 1;
    };
    for (round, size) in sizes().enumerate() {
        let before = pool.stats().live_chunks;
        match pool.allocate(layout(size)) {
            Ok(memory) => live.push(Block::new(memory, size)),
            Err(error) => {
                assert_eq!(pool.stats().live_chunks, before);
                failed(error);
            }
        }
        if round % 2 == 0 && !live.is_empty() {
            let block = live.swap_remove(round % live.len());
            let new_size = if round % 4 == 0 { block.size * 3 } else { block.size / 3 };
            let (old, new) = (layout(block.size), layout(new_size));
            let resized = if new_size > block.size {
                // SAFETY: it is live, for that layout; if this succeeds, only the result is used.
                unsafe { pool.grow(block.ptr, old, new) }
            } else {
                // SAFETY: the same.
                unsafe { pool.shrink(block.ptr, old, new) }
            };
            match resized {
                Ok(memory) => {
                    let moved = Block { ptr: memory.cast(), size: block.size.min(new_size), stamp: block.stamp };
                    moved.assert_whole();
                    live.push(Block::new(memory, new_size));
                }
                Err(error) => {
                    failed(error);
                    block.assert_whole();
                    live.push(block);
                }
            }
        }
        if round % 3 == 0 && !live.is_empty() {
            live.swap_remove(round * 7 % live.len()).free(pool);
        }
    }
    pool.assert_valid();
    let in_classes = live.iter().filter(|block| pool.owns(block.ptr.as_ptr())).count();
    assert_eq!(pool.stats().live_chunks, in_classes);
    live.into_iter().for_each(|block| block.free(pool));
    assert_eq!(pool.stats().live_chunks, 0);
    errors
}

fn fails_from_the_nth_call_on<C: Classes>() {
    for granted in (0..).step_by(scaled(1, 7)) {
        let parent = Watched::default();
        let watch = parent.watch();
        watch.budget.set(Some(granted));
        let errors = match C::over(parent) {
            Ok(pool) => work(&pool),
            Err(_) => {
                assert_eq!(granted, 0, "only the parent's own record is needed at first");
                1
            }
        };
        assert_eq!(watch.pieces(), 0);
        if errors == 0 {
            assert!(granted > 10, "the work never met a failing parent");
            return;
        }
    }
}

#[test]
fn a_parent_that_fails_costs_nothing_but_the_request() {
    fails_from_the_nth_call_on::<ClassPool>();
    fails_from_the_nth_call_on::<SyncClassPool>();
}

/// Runs a hook before each request, and another after each return. Not from within itself.
#[derive(Clone, Default)]
struct Hooked {
    inner: Watched,
    hooks: Rc<Hooks>,
}

#[derive(Default)]
struct Hooks {
    allocate: RefCell<Option<Box<dyn FnMut()>>>,
    deallocate: RefCell<Option<Box<dyn FnMut()>>>,
    ran: Cell<usize>,
}

fn run(hooks: &Hooks, hook: &RefCell<Option<Box<dyn FnMut()>>>) {
    if let Ok(mut hook) = hook.try_borrow_mut() {
        if let Some(hook) = &mut *hook {
            hooks.ran.set(hooks.ran.get() + 1);
            hook();
        }
    }
}

// SAFETY: all memory comes from `inner`.
unsafe impl Parent for Hooked {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        run(&self.hooks, &self.hooks.allocate);
        self.inner.allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: passed on.
        unsafe { self.inner.deallocate(ptr, layout) };
        run(&self.hooks, &self.hooks.deallocate);
    }
}

struct Setup<C> {
    pool: Rc<C>,
    hooks: Rc<Hooks>,
    watch: Rc<Watch>,
}

fn setup<C: Classes>() -> Setup<C> {
    let parent = Hooked::default();
    let (hooks, watch) = (parent.hooks.clone(), parent.inner.watch());
    Setup { pool: Rc::new(C::over(parent).unwrap()), hooks, watch }
}

/// Whatever a parent does with the pool while it is asked: the class that is just being made included.
fn re_enters<C: Classes + 'static>() {
    let Setup { pool, hooks, watch } = setup::<C>();
    let others: Rc<RefCell<Vec<Block>>> = Rc::default();
    let hook = |step: usize| {
        let (pool, others): (Weak<C>, _) = (Rc::downgrade(&pool), others.clone());
        let mut calls = 0;
        move || {
            let Some(pool) = pool.upgrade() else { return };
            calls += step;
            let size = [24, 60, 700, 9000][calls % 4];
            let memory = pool.allocate(layout(size)).unwrap();
            let mut others = others.borrow_mut();
            others.push(Block::new(memory, size));
            if others.len() > 5 {
                let index = calls % others.len();
                others.swap_remove(index).free(&*pool);
            }
        }
    };
    *hooks.allocate.borrow_mut() = Some(Box::new(hook(1)));
    *hooks.deallocate.borrow_mut() = Some(Box::new(hook(3)));
    for _ in 0..3 {
        let blocks: Vec<_> = sizes().map(|size| Block::new(pool.allocate(layout(size)).unwrap(), size)).collect();
        blocks.into_iter().for_each(|block| block.free(&*pool));
        pool.shrink_to_fit();
        pool.assert_valid();
    }
    assert!(hooks.ran.get() > 10, "the parent was asked {} times", hooks.ran.get());
    assert_eq!(pool.stats().live_chunks, others.borrow().len());
    others.borrow_mut().drain(..).for_each(|block| block.free(&*pool));
    drop(pool);
    assert_eq!(watch.pieces(), 0, "memory that was not given back");
}

#[test]
fn a_parent_may_use_the_pool_that_asks_it() {
    re_enters::<ClassPool>();
    re_enters::<SyncClassPool>();
}

fn panics_in_the_middle<C: Classes>() {
    let Setup { pool, hooks, watch } = setup::<C>();
    let fuse = Rc::new(Cell::new(0_usize));
    let hook = |fuse: Rc<Cell<usize>>| {
        move || {
            fuse.set(fuse.get() + 1);
            assert!(fuse.get() % 3 != 0, "the parent panics");
        }
    };
    *hooks.allocate.borrow_mut() = Some(Box::new(hook(fuse.clone())));
    let mut live = Vec::new();
    let mut panics = 0;
    for size in sizes() {
        match catch_unwind(AssertUnwindSafe(|| pool.allocate(layout(size)).unwrap())) {
            Ok(memory) => live.push(Block::new(memory, size)),
            Err(_) => panics += 1,
        }
        pool.assert_valid();
    }
    assert!(panics > 3);
    // A block that was to grow is as it was.
    for block in &live {
        let (old, new) = (layout(block.size), layout(block.size + 100_000));
        // SAFETY: it is live, for that layout; it is used again only if this panics.
        let grow = || unsafe { pool.grow(block.ptr, old, new) };
        fuse.set(2);
        assert!(catch_unwind(AssertUnwindSafe(grow)).is_err());
        block.assert_whole();
    }
    *hooks.allocate.borrow_mut() = None;
    fuse.set(0);
    *hooks.deallocate.borrow_mut() = Some(Box::new(hook(fuse)));
    for block in live {
        // What the parent panics about counts as given back.
        let _ = catch_unwind(AssertUnwindSafe(|| block.free(&*pool)));
    }
    assert_eq!(pool.stats().live_chunks, 0);
    let _ = catch_unwind(AssertUnwindSafe(|| pool.shrink_to_fit()));
    pool.assert_valid();
    *hooks.deallocate.borrow_mut() = None;
    drop(pool);
    assert_eq!(watch.pieces(), 0, "memory that was not given back");
}

#[test]
fn a_parent_that_panics_leaves_the_pool_whole() {
    panics_in_the_middle::<ClassPool>();
    panics_in_the_middle::<SyncClassPool>();
}

/// The classes after the one whose end panicked end too.
fn panics_at_the_end<C: Classes>() {
    let Setup { pool, hooks, watch } = setup::<C>();
    for size in [24, 60, 700, 9000] {
        let _live = pool.allocate(layout(size)).unwrap();
    }
    let panicked = Cell::new(false);
    let once = move || assert!(panicked.replace(true), "the parent panics once");
    *hooks.deallocate.borrow_mut() = Some(Box::new(once));
    assert!(catch_unwind(AssertUnwindSafe(|| drop(pool))).is_err());
    assert_eq!(watch.pieces(), 0, "memory that was not given back");
}

#[test]
fn all_classes_end_even_if_the_parent_panics() {
    panics_at_the_end::<ClassPool>();
    panics_at_the_end::<SyncClassPool>();
}

/// Whoever sees a panic of `grow` goes on using the old block. So if that is freed already, there must be no panic.
#[test]
#[cfg(not(miri))]
fn a_panic_while_a_moved_block_goes_back_ends_the_process() {
    const CHILD: &str = "GOO_POOL_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        let Setup { pool, hooks, .. } = setup::<ClassPool>();
        let memory = pool.allocate(layout(100_000)).unwrap();
        *hooks.deallocate.borrow_mut() = Some(Box::new(|| panic!("the parent panics")));
        // SAFETY: it is live, for that layout.
        let grow = || unsafe { pool.grow(memory.cast(), layout(100_000), layout(200_000)) };
        let _ = catch_unwind(AssertUnwindSafe(grow));
        std::process::exit(0);
    }
    let test = "a_panic_while_a_moved_block_goes_back_ends_the_process";
    let child =
        std::process::Command::new(std::env::current_exe().unwrap()).args(["--exact", test]).env(CHILD, "").output();
    let status = child.unwrap().status;
    assert!(!status.success() && status.code() != Some(101), "{status}");
}
