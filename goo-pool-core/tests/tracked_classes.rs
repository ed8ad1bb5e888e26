//! `Tracked` around pools of many sizes: the books against a plain reference, through moves, refusals and panics.
#![cfg(feature = "tracking")]

mod common;

use std::alloc::Layout;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use common::scaled;
use goo_pool_core::{AllocError, ClassPool, Global, Parent, SyncClassPool, Tracked, Tracking, Usage};
use proptest::prelude::*;

const GIVES: u8 = 0;
const REFUSES: u8 = 1;
const PANICS: u8 = 2;

/// A parent in a mood.
#[derive(Clone, Default)]
struct Moody(Arc<AtomicU8>);

// SAFETY: all memory comes from `Global`.
unsafe impl Parent for Moody {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        match self.0.load(Relaxed) {
            GIVES => Global.allocate(layout),
            REFUSES => None,
            _ => panic!("a bad mood"),
        }
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: (1), (2).
        unsafe { Global.deallocate(ptr, layout) };
    }

    unsafe fn reallocate(&self, ptr: NonNull<u8>, layout: Layout, new_size: usize) -> Option<NonNull<u8>> {
        match self.0.load(Relaxed) {
            // SAFETY: (1) to (3).
            GIVES => unsafe { Global.reallocate(ptr, layout, new_size) },
            REFUSES => None,
            _ => panic!("a bad mood"),
        }
    }
}

#[derive(Debug, Clone)]
enum Op {
    Allocate { size: usize, align: usize, zeroed: bool },
    Resize { index: usize, size: usize },
    Free(usize),
    Mood(u8),
}

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![1 => Just(0), 8 => 1..300_usize, 2 => 300..40_000_usize, 1 => 40_000..200_000_usize]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (size(), 0..7_u32, any::<bool>()).prop_map(|(size, shift, zeroed)| Op::Allocate { size, align: 1 << shift, zeroed }),
        6 => (any::<usize>(), size()).prop_map(|(index, size)| Op::Resize { index, size }),
        4 => any::<usize>().prop_map(Op::Free),
        2 => (GIVES..=PANICS).prop_map(Op::Mood),
        2 => Just(Op::Mood(GIVES)),
    ]
}

type Block = Result<NonNull<[u8]>, AllocError>;

trait Subject: Sized {
    fn build(parent: Moody) -> Self;
    fn allocate(pool: &Tracked<Self>, layout: Layout, zeroed: bool) -> Block;
    /// # Safety
    ///
    /// 1. As `ClassPool::grow` and `shrink`.
    unsafe fn resize(pool: &Tracked<Self>, ptr: NonNull<u8>, old: Layout, new: Layout) -> Block;
    /// # Safety
    ///
    /// 1. As `ClassPool::deallocate`.
    unsafe fn free(pool: &Tracked<Self>, ptr: NonNull<u8>, layout: Layout);
}

macro_rules! subject {
    ($pool:ident, $build:ident) => {
        impl Subject for $pool {
            fn build(parent: Moody) -> Self {
                ClassPool::builder().parent(parent).$build().unwrap()
            }

            fn allocate(pool: &Tracked<Self>, layout: Layout, zeroed: bool) -> Block {
                if zeroed { pool.allocate_zeroed(layout) } else { pool.allocate(layout) }
            }

            unsafe fn resize(pool: &Tracked<Self>, ptr: NonNull<u8>, old: Layout, new: Layout) -> Block {
                if new.size() < old.size() {
                    // SAFETY: (1).
                    unsafe { pool.shrink(ptr, old, new) }
                } else if new.size() % 2 == 0 {
                    // SAFETY: (1).
                    unsafe { pool.grow(ptr, old, new) }
                } else {
                    // SAFETY: (1).
                    unsafe { pool.grow_zeroed(ptr, old, new) }
                }
            }

            unsafe fn free(pool: &Tracked<Self>, ptr: NonNull<u8>, layout: Layout) {
                // SAFETY: (1).
                unsafe { pool.deallocate(ptr, layout) };
            }
        }
    };
}

subject!(ClassPool, build);
subject!(SyncClassPool, build_sync);

/// What is live: where, for which layout, and how many bytes the pool said that it has.
#[derive(Default)]
struct Live(Vec<(NonNull<u8>, Layout, usize)>);

impl Live {
    /// Blocks with bytes, and the bytes.
    fn sums(&self) -> (usize, usize) {
        let Self(blocks) = self;
        (blocks.iter().filter(|block| block.1.size() != 0).count(), blocks.iter().map(|block| block.2).sum())
    }
}

fn check<S: Subject>(call_sites: bool, ops: &[Op]) {
    let parent = Moody::default();
    let tracking = if call_sites { Tracking::new().call_sites() } else { Tracking::new() };
    let pool = tracking.track(S::build(parent.clone()));
    let mut live = Live::default();
    let mut expected = Usage::default();
    // A panic of the parent is neither an allocation nor a refusal.
    let quietly = |work: &dyn Fn() -> Block| catch_unwind(AssertUnwindSafe(work)).ok();
    for op in ops {
        match *op {
            Op::Mood(mood) => parent.0.store(mood, Relaxed),
            Op::Allocate { size, align, zeroed } => {
                let layout = Layout::from_size_align(size, align).unwrap();
                match quietly(&|| S::allocate(&pool, layout, zeroed)) {
                    Some(Ok(block)) => {
                        live.0.push((block.cast(), layout, block.len()));
                        expected.allocations += u64::from(size != 0);
                    }
                    Some(Err(_)) => expected.failures += 1,
                    None => {}
                }
            }
            Op::Free(index) if !live.0.is_empty() => {
                let (ptr, layout, bytes) = live.0.swap_remove(index % live.0.len());
                // Any layout that fits will do.
                let size = if index % 2 == 0 { bytes } else { layout.size() };
                let fitting = Layout::from_size_align(size, layout.align()).unwrap();
                // SAFETY: the block is live, and the model forgot it.
                unsafe { S::free(&pool, ptr, fitting) };
                expected.frees += u64::from(layout.size() != 0);
            }
            Op::Resize { index, size } if !live.0.is_empty() => {
                let index = index % live.0.len();
                let (ptr, old, _) = live.0[index];
                let new = Layout::from_size_align(size, old.align()).unwrap();
                // SAFETY: the block is live, and its old place is not used again if this succeeds.
                match quietly(&|| unsafe { S::resize(&pool, ptr, old, new) }) {
                    Some(Ok(block)) => {
                        live.0[index] = (block.cast(), new, block.len());
                        expected.allocations += u64::from(old.size() == 0 && size != 0);
                        expected.frees += u64::from(old.size() != 0 && size == 0);
                    }
                    Some(Err(_)) => expected.failures += 1,
                    None => {}
                }
            }
            Op::Free(_) | Op::Resize { .. } => {}
        }
        (expected.objects, expected.bytes) = live.sums();
        expected.peak_objects = expected.peak_objects.max(expected.objects);
        expected.peak_bytes = expected.peak_bytes.max(expected.bytes);
        assert_eq!(pool.usage(), expected, "after {op:?}");
        let sites = pool.live_by_site();
        let in_sites = (sites.iter().map(|site| site.objects).sum(), sites.iter().map(|site| site.bytes).sum());
        assert_eq!(in_sites, if call_sites { live.sums() } else { (0, 0) }, "after {op:?}");
    }
    parent.0.store(GIVES, Relaxed);
    for (ptr, layout, _) in live.0 {
        // SAFETY: the block is live.
        unsafe { S::free(&pool, ptr, layout) };
    }
    assert_eq!((pool.usage().objects, pool.usage().bytes), (0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: u32::try_from(scaled(200, 4)).unwrap(),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_books_say_what_a_plain_reference_says(
        call_sites in any::<bool>(),
        ops in prop::collection::vec(op(), 1..scaled(80, 10)),
    ) {
        check::<ClassPool>(call_sites, &ops);
        check::<SyncClassPool>(call_sites, &ops);
    }
}

#[test]
fn a_block_keeps_the_line_that_allocated_it_however_it_grows() {
    let pool = Tracking::new().call_sites().track(ClassPool::builder().build().unwrap());
    let layout = |size| Layout::from_size_align(size, 8).unwrap();
    let (line, block) = (line!(), pool.allocate(layout(10)).unwrap());
    // SAFETY: the block is live.
    let block = unsafe { pool.grow(block.cast(), layout(10), layout(5000)) }.unwrap();
    let sites = pool.live_by_site();
    assert_eq!((sites.len(), sites[0].location.line(), sites[0].objects, sites[0].bytes), (1, line, 1, block.len()));
    let usage = pool.usage();
    assert_eq!((usage.allocations, usage.frees, usage.peak_bytes), (1, 0, block.len()));
    // SAFETY: the block is live.
    unsafe { pool.deallocate(block.cast(), layout(5000)) };
}

#[test]
fn a_block_freed_as_one_of_another_class_or_twice_is_refused() {
    let pool = Tracking::new().name("blocks").call_sites().track(ClassPool::builder().build().unwrap());
    let layout = |size| Layout::from_size_align(size, 8).unwrap();
    let message = |block: NonNull<[u8]>, size| {
        // SAFETY: it is not; the check in front of it panics.
        let refused = catch_unwind(AssertUnwindSafe(|| unsafe { pool.deallocate(block.cast(), layout(size)) }));
        *refused.unwrap_err().downcast::<String>().unwrap()
    };
    let (line, block) = (line!(), pool.allocate(layout(64)).unwrap());
    let text = message(block, 300);
    assert!(text.starts_with("freed with another size: the chunk of blocks at "), "{text}");
    assert!(text.contains("has 64 bytes, not 320; it was allocated at "), "{text}");
    assert!(text.contains(&format!("{}:{line}:", file!())), "{text}");
    assert_eq!(pool.usage().objects, 1);
    // SAFETY: the block is live.
    unsafe { pool.deallocate(block.cast(), layout(64)) };
    assert!(message(block, 64).starts_with("double or foreign free"));
}

#[test]
fn a_tracked_parent_sees_large_blocks_move_as_one_object() {
    let parent = Tracked::new(Global);
    let system = parent.ledger().clone();
    let pool = ClassPool::builder().parent(parent).build().unwrap();
    let before = system.usage();
    let layout = |size| Layout::from_size_align(size, 8).unwrap();
    let block = pool.allocate(layout(100_000)).unwrap();
    // SAFETY: the block is live.
    let block = unsafe { pool.grow(block.cast(), layout(100_000), layout(300_000)) }.unwrap();
    let usage = system.usage();
    assert_eq!((usage.allocations, usage.frees), (before.allocations + 1, 0));
    assert_eq!(usage.bytes, before.bytes + 300_000);
    // SAFETY: the block is live.
    unsafe { pool.deallocate(block.cast(), layout(300_000)) };
    assert_eq!(system.usage().bytes, before.bytes);
}
