//! A parent that panics, or that uses the pool it serves while the pool is in the middle of asking.

mod common;

use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::rc::{Rc, Weak};

use common::{Watch, Watched, scaled};
use goo_pool_core::{BuildError, ChunksOf, Geometry, Handle as _, Parent, PoolHandle, RawPool, Reuse, Segregator};

/// Runs a hook before each request and after each return.
#[derive(Clone, Default)]
struct Hooked {
    inner: Watched,
    hooks: Rc<Hooks>,
}

type Hook = Box<dyn FnMut()>;

#[derive(Default)]
struct Hooks {
    allocate: RefCell<Option<Hook>>,
    deallocate: RefCell<Option<Hook>>,
    ran: Cell<usize>,
}

impl Hooks {
    /// Not from within itself: a hook that allocates would ask the parent, who would run the hook.
    fn run(&self, hook: &RefCell<Option<Hook>>) {
        let taken = hook.borrow_mut().take();
        if let Some(mut taken) = taken {
            self.ran.set(self.ran.get() + 1);
            let put_back = PutBack(hook, Some(Box::new(|| ())));
            taken();
            drop(put_back);
            *hook.borrow_mut() = Some(taken);
        }
    }
}

/// A hook that panics is gone.
struct PutBack<'h>(&'h RefCell<Option<Hook>>, Option<Hook>);

impl Drop for PutBack<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().take();
        self.1.take();
    }
}

// SAFETY: all memory comes from `inner`.
unsafe impl Parent for Hooked {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        self.hooks.run(&self.hooks.allocate);
        self.inner.allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: passed on.
        unsafe { self.inner.deallocate(ptr, layout) };
        self.hooks.run(&self.hooks.deallocate);
    }
}

struct Setup {
    pool: Rc<RawPool>,
    live: Rc<RefCell<Vec<NonNull<u8>>>>,
    hooks: Rc<Hooks>,
    watch: Rc<Watch>,
    /// Pieces that are held when the pool has no segment.
    idle: usize,
}

/// A pool over a hooked parent, and one over a pool over it.
fn setups() -> [Setup; 2] {
    let builder = || RawPool::builder(LAYOUT).first_segment(1500).max_segment(3000);
    let setup = |parent: Hooked, pool: Result<RawPool, BuildError>, idle| {
        let (hooks, watch) = (parent.hooks.clone(), parent.inner.watch());
        Setup { pool: Rc::new(pool.unwrap()), live: Rc::default(), hooks, watch, idle }
    };
    let direct = Hooked::default();
    let below = Hooked::default();
    let chunk = GEOMETRY.segment_layout(20).unwrap();
    // With the order of the figures below, in every build.
    let segments = RawPool::builder(chunk).first_segment(0).max_segment(0).reuse(Reuse::MostRecent);
    let segments = segments.parent(below.clone()).build_handle().unwrap();
    let segments = Segregator::new(1000, below.clone(), ChunksOf::new(segments));
    [
        setup(direct.clone(), builder().parent(direct).build(), 1),
        // Both records, and of the pool below a spare segment and that of the chunk in its hand.
        setup(below, builder().parent(segments).build(), 4),
    ]
}

fn free_one(pool: &Weak<RawPool>, live: &RefCell<Vec<NonNull<u8>>>) {
    let chunk = live.borrow_mut().pop();
    if let (Some(pool), Some(chunk)) = (pool.upgrade(), chunk) {
        // SAFETY: the chunk is live, and nobody else knows it now.
        unsafe { pool.deallocate(chunk) };
        pool.assert_valid();
    }
}

fn allocate_one(pool: &Weak<RawPool>, live: &RefCell<Vec<NonNull<u8>>>) {
    if let Some(pool) = pool.upgrade() {
        let chunk = pool.allocate().unwrap();
        pool.assert_valid();
        live.borrow_mut().push(chunk);
    }
}

/// Up and down a few times, with whatever the hooks do in between.
fn churn(Setup { pool, live, watch, hooks, .. }: Setup) {
    for round in 0..scaled(20, 3) {
        for _ in 0..scaled(300, 80) {
            let chunk = pool.allocate().unwrap();
            live.borrow_mut().push(chunk);
        }
        pool.assert_valid();
        let keep = 10 * round;
        while live.borrow().len() > keep {
            free_one(&Rc::downgrade(&pool), &live);
        }
        pool.shrink_to_fit();
        assert_eq!(pool.len(), live.borrow().len());
        let mut chunks = live.borrow().clone();
        chunks.sort();
        assert!(chunks.windows(2).all(|pair| pair[0] != pair[1]), "handed out twice");
    }
    assert!(hooks.ran.get() > 3, "the hooks never ran");
    *hooks.allocate.borrow_mut() = None;
    *hooks.deallocate.borrow_mut() = None;
    drop(pool);
    assert_eq!(watch.pieces(), 0);
}

#[test]
fn a_parent_may_free_chunks_while_it_is_asked_for_memory() {
    for setup in setups() {
        let (pool, live) = (Rc::downgrade(&setup.pool), setup.live.clone());
        *setup.hooks.allocate.borrow_mut() = Some(Box::new(move || free_one(&pool, &live)));
        churn(setup);
    }
}

#[test]
fn a_chunk_that_the_parent_freed_is_used_although_it_refuses() {
    for Setup { pool, live, hooks, watch, .. } in setups() {
        live.borrow_mut().push(pool.allocate().unwrap());
        while pool.capacity() > pool.len() {
            live.borrow_mut().push(pool.allocate().unwrap());
        }
        watch.budget.set(Some(0));
        assert!(pool.allocate().is_err());
        let (weak, in_hook) = (Rc::downgrade(&pool), live.clone());
        *hooks.allocate.borrow_mut() = Some(Box::new(move || free_one(&weak, &in_hook)));
        let chunk = pool.allocate().unwrap();
        assert!(!live.borrow().contains(&chunk));
        assert_eq!(pool.len(), pool.capacity());
        pool.assert_valid();
    }
}

#[test]
fn a_parent_may_allocate_while_it_is_asked_for_memory() {
    for setup in setups() {
        let (pool, live) = (Rc::downgrade(&setup.pool), setup.live.clone());
        *setup.hooks.allocate.borrow_mut() = Some(Box::new(move || allocate_one(&pool, &live)));
        churn(setup);
    }
}

#[test]
fn a_parent_may_use_the_pool_while_memory_comes_back() {
    for setup in setups() {
        let (pool, live) = (Rc::downgrade(&setup.pool), setup.live.clone());
        let mut turn = 0;
        *setup.hooks.deallocate.borrow_mut() = Some(Box::new(move || {
            turn += 1;
            if turn % 2 == 0 {
                free_one(&pool, &live);
            } else {
                allocate_one(&pool, &live);
            }
            if let Some(pool) = pool.upgrade() {
                pool.shrink_to_fit();
            }
        }));
        churn(setup);
    }
}

#[test]
fn a_limit_holds_although_the_parent_grows_the_pool_meanwhile() {
    let parent = Hooked::default();
    let (hooks, watch) = (parent.hooks.clone(), parent.inner.watch());
    let pool = RawPool::builder(Layout::new::<u64>()).max_chunks(10).first_segment(0).max_segment(0).parent(parent);
    let pool = Rc::new(pool.build().unwrap());
    let nested = Rc::downgrade(&pool);
    *hooks.allocate.borrow_mut() = Some(Box::new(move || {
        if let Some(pool) = nested.upgrade() {
            let _ = pool.reserve(10);
        }
    }));
    for _ in 0..10 {
        pool.allocate().unwrap();
        pool.assert_valid();
    }
    assert!(pool.allocate().is_err());
    assert_eq!(pool.capacity(), 10);
    *hooks.allocate.borrow_mut() = None;
    drop(pool);
    assert_eq!(watch.pieces(), 0);
}

#[test]
fn a_parent_that_panics_when_asked_leaves_the_pool_whole() {
    for Setup { pool, watch, hooks, .. } in setups() {
        let mut panics = 0;
        for round in 0..scaled(400, 60) {
            if round % 5 == 0 {
                *hooks.allocate.borrow_mut() = Some(Box::new(|| panic!("no memory today")));
            }
            let before = pool.len();
            match catch_unwind(AssertUnwindSafe(|| pool.allocate())) {
                Ok(chunk) => {
                    chunk.unwrap();
                    assert_eq!(pool.len(), before + 1);
                }
                Err(_) => {
                    panics += 1;
                    assert_eq!(pool.len(), before);
                }
            }
            pool.assert_valid();
        }
        assert!(panics > 1);
        *hooks.allocate.borrow_mut() = None;
        drop(pool);
        assert_eq!(watch.pieces(), 0);
    }
}

#[test]
fn a_parent_that_panics_when_memory_comes_back_leaves_the_pool_whole() {
    for Setup { pool, live, watch, hooks, .. } in setups() {
        for _ in 0..scaled(300, 100) {
            live.borrow_mut().push(pool.allocate().unwrap());
        }
        let mut panics = 0;
        while let Some(chunk) = live.borrow_mut().pop() {
            *hooks.deallocate.borrow_mut() = Some(Box::new(|| panic!("keep it")));
            let before = pool.len();
            // SAFETY: the chunk is live.
            if catch_unwind(AssertUnwindSafe(|| unsafe { pool.deallocate(chunk) })).is_err() {
                panics += 1;
            }
            assert_eq!(pool.len(), before - 1, "freed, panic or not");
            pool.assert_valid();
        }
        assert!(panics > 0);
        *hooks.deallocate.borrow_mut() = None;
        pool.allocate().unwrap();
        drop(pool);
        assert_eq!(watch.pieces(), 0);
    }
}

#[test]
fn a_pool_that_is_dropped_gives_all_back_although_the_parent_panics_once() {
    for Setup { pool, watch, hooks, .. } in setups() {
        for _ in 0..scaled(1_000, 100) {
            pool.allocate().unwrap();
        }
        assert!(watch.pieces() > 3);
        *hooks.deallocate.borrow_mut() = Some(Box::new(|| panic!("once")));
        let pool = Rc::into_inner(pool).unwrap();
        assert!(catch_unwind(AssertUnwindSafe(|| drop(pool))).is_err());
        assert_eq!(watch.pieces(), 0);
    }
}

#[test]
fn a_shrink_in_the_middle_of_a_walk_is_done_at_its_end() {
    for Setup { pool, watch, idle, .. } in setups() {
        for _ in 0..scaled(1_000, 100) {
            pool.allocate().unwrap();
        }
        pool.for_each_live(|chunk| {
            // SAFETY: the chunk is live, and not used any more.
            unsafe { pool.deallocate(chunk) };
            pool.shrink_to_fit();
            assert!(watch.pieces() > 3, "the walk is in the middle of these");
        });
        assert_eq!((pool.capacity(), watch.pieces()), (0, idle));
        pool.assert_valid();
    }
}

const LAYOUT: Layout = Layout::new::<[u64; 8]>();
const GEOMETRY: Geometry = match Geometry::new(LAYOUT) {
    Ok(geometry) => geometry,
    Err(_) => unreachable!(),
};

fn allocate(handle: &PoolHandle) -> NonNull<u8> {
    // SAFETY: the tests' pools are for `LAYOUT`.
    unsafe { handle.allocate_in(&GEOMETRY) }.unwrap()
}

fn deallocate(chunk: NonNull<u8>) {
    // SAFETY: the tests free a live chunk of a pool for `LAYOUT`, once.
    unsafe { PoolHandle::deallocate_in(chunk, &GEOMETRY) };
}

fn watched_handle() -> (PoolHandle, Rc<Watch>) {
    let parent = Watched::default();
    let watch = parent.watch();
    (RawPool::builder(LAYOUT).parent(parent).build_handle().unwrap(), watch)
}

#[test]
fn a_closed_pool_gives_each_segment_back_with_its_last_chunk() {
    let (handle, watch) = watched_handle();
    let chunks: Vec<_> = (0..scaled(20_000, 600)).map(|_| allocate(&handle)).collect();
    let open = watch.pieces();
    drop(handle);
    assert_eq!(watch.pieces(), open, "every segment has a live chunk");
    let mut pieces = open;
    for chunk in chunks {
        deallocate(chunk);
        assert!(watch.pieces() <= pieces);
        pieces = watch.pieces();
    }
    assert_eq!(watch.pieces(), 0, "the pool's record goes with its last chunk");
}

#[test]
fn a_pool_without_live_chunks_ends_with_its_last_handle() {
    let (handle, watch) = watched_handle();
    let second = handle.clone();
    let chunks: Vec<_> = (0..300).map(|_| allocate(&handle)).collect();
    chunks.into_iter().for_each(deallocate);
    drop(handle);
    assert!(watch.pieces() > 0);
    drop(second);
    assert_eq!(watch.pieces(), 0);
}

#[test]
fn a_closed_pool_opens_again_from_any_live_chunk() {
    let (handle, watch) = watched_handle();
    let chunks: Vec<_> = (0..scaled(5_000, 400)).map(|_| allocate(&handle)).collect();
    drop(handle);
    for round in 0..5 {
        // SAFETY: the chunk is live, of a pool for `LAYOUT`.
        let handle = unsafe { PoolHandle::of(chunks[round], LAYOUT) }.unwrap();
        handle.assert_valid();
        assert_eq!(handle.len(), chunks.len());
        let calls = watch.calls();
        let more: Vec<_> = (0..50).map(|_| allocate(&handle)).collect();
        assert!(watch.calls() <= calls + 1, "free chunks are known again");
        more.into_iter().for_each(deallocate);
        handle.assert_valid();
        drop(handle);
    }
    chunks.into_iter().for_each(deallocate);
    assert_eq!(watch.pieces(), 0);
}

#[test]
fn a_closed_pool_may_be_freed_into_while_its_memory_comes_back() {
    // Once each segment's return frees the next chunk, the last return ends the pool from within.
    let parent = Hooked::default();
    let (hooks, watch) = (parent.hooks.clone(), parent.inner.watch());
    let handle = RawPool::builder(LAYOUT).first_segment(1000).max_segment(1000).parent(parent).build_handle().unwrap();
    let chunks: Vec<_> = (0..scaled(200, 60)).map(|_| allocate(&handle)).collect();
    drop(handle);
    let rest = Rc::new(RefCell::new(chunks));
    let in_hook = rest.clone();
    *hooks.deallocate.borrow_mut() = Some(Box::new(move || {
        for _ in 0..3 {
            let chunk = in_hook.borrow_mut().pop();
            if let Some(chunk) = chunk {
                deallocate(chunk);
            }
        }
    }));
    loop {
        let chunk = rest.borrow_mut().pop();
        let Some(chunk) = chunk else { break };
        deallocate(chunk);
    }
    assert!(hooks.ran.get() > 3);
    assert_eq!(watch.pieces(), 0);
}

#[test]
fn the_last_handle_may_be_dropped_while_memory_comes_back() {
    let parent = Hooked::default();
    let (hooks, watch) = (parent.hooks.clone(), parent.inner.watch());
    let handle = RawPool::builder(LAYOUT).first_segment(1000).max_segment(1000).parent(parent).build_handle().unwrap();
    let chunks: Vec<_> = (0..100).map(|_| allocate(&handle)).collect();
    let mut handle = Some(handle);
    *hooks.deallocate.borrow_mut() = Some(Box::new(move || drop(handle.take())));
    chunks.into_iter().for_each(deallocate);
    assert_eq!(hooks.ran.get(), watch.deallocations.get());
    assert_eq!(watch.pieces(), 0);
}
