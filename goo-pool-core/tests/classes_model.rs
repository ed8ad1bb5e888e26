//! Random requests of many sizes, as data, against a reference model; all is checked after each. For both kinds of pools.

#[path = "common/classes.rs"]
mod both;
mod common;

use std::alloc::Layout;
use std::ptr::NonNull;

use both::Classes;
use common::{Watched, scaled};
use goo_pool_core::{ClassPool, SyncClassPool};
use proptest::prelude::*;

/// Classes end here.
const LARGEST: usize = 32 * 1024;

/// One step. Indices are taken modulo the number of live blocks, so every list of steps is valid and can be shrunk.
#[derive(Debug, Clone)]
enum Op {
    Allocate {
        layout: Layout,
        count: usize,
        zeroed: bool,
    },
    /// With a size `up` of the way from what was asked for to what the block has, of 255.
    Free {
        index: usize,
        up: u8,
    },
    Grow {
        index: usize,
        by: usize,
        align: usize,
        zeroed: bool,
    },
    /// To `to` of 255 of its size.
    Shrink {
        index: usize,
        to: u8,
        align: usize,
    },
    FreeAll,
    ShrinkToFit,
}

fn size() -> impl Strategy<Value = usize> {
    prop_oneof![
        8 => 0..200_usize,
        2 => 200..5_000_usize,
        1 => LARGEST - 2..LARGEST + 3,
        1 => 5_000..100_000_usize,
    ]
}

fn align() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 0..5_u32, 1 => 5..17_u32].prop_map(|shift| 1 << shift)
}

fn op() -> impl Strategy<Value = Op> {
    let layout = (size(), align()).prop_map(|(size, align)| Layout::from_size_align(size, align).unwrap());
    prop_oneof![
        6 => (layout, 1..scaled(40, 4), any::<bool>())
            .prop_map(|(layout, count, zeroed)| Op::Allocate { layout, count, zeroed }),
        6 => any::<(usize, u8)>().prop_map(|(index, up)| Op::Free { index, up }),
        6 => (any::<usize>(), size(), align(), any::<bool>())
            .prop_map(|(index, by, align, zeroed)| Op::Grow { index, by, align, zeroed }),
        3 => (any::<usize>(), any::<u8>(), align()).prop_map(|(index, to, align)| Op::Shrink { index, to, align }),
        1 => Just(Op::FreeAll),
        1 => Just(Op::ShrinkToFit),
    ]
}

/// A live block: what was asked for, what came, and what is in it.
#[derive(Clone, Copy)]
struct Block {
    memory: NonNull<[u8]>,
    layout: Layout,
    stamp: u8,
}

impl Block {
    fn ptr(self) -> NonNull<u8> {
        self.memory.cast()
    }

    /// All that it has holds its stamp from now on.
    fn fill(self) {
        // SAFETY: the block is live, and so long.
        unsafe { self.ptr().write_bytes(self.stamp, self.memory.len()) };
    }

    fn assert_holds(self, from: usize, to: usize, value: u8) {
        // SAFETY: the block is live and at least so long, and its bytes are written.
        let bytes = unsafe { std::slice::from_raw_parts(self.ptr().as_ptr(), to) };
        assert!(
            bytes[from..].iter().step_by(scaled(1, 97)).all(|&byte| byte == value),
            "{:?} does not hold {value}",
            self.layout
        );
    }
}

struct Model<C: Classes> {
    pool: C,
    live: Vec<Block>,
    stamp: u8,
}

impl<C: Classes> Model<C> {
    fn take_in(&mut self, memory: NonNull<[u8]>, layout: Layout) {
        assert_eq!(memory.cast::<u8>().addr().get() % layout.align(), 0, "{layout:?}");
        assert!(memory.len() >= layout.size());
        self.stamp = self.stamp.wrapping_add(1);
        let block = Block { memory, layout, stamp: self.stamp };
        block.fill();
        self.live.push(block);
    }

    fn allocate(&mut self, layout: Layout, zeroed: bool) {
        if zeroed {
            let memory = self.pool.allocate_zeroed(layout).unwrap();
            Block { memory, layout, stamp: 0 }.assert_holds(0, memory.len(), 0);
            self.take_in(memory, layout);
        } else {
            let memory = self.pool.allocate(layout).unwrap();
            self.take_in(memory, layout);
        }
    }

    /// A block, no longer live, whole.
    fn pick(&mut self, index: usize) -> Option<Block> {
        if self.live.is_empty() {
            return None;
        }
        let block = self.live.swap_remove(index % self.live.len());
        block.assert_holds(0, block.memory.len(), block.stamp);
        Some(block)
    }

    fn free(&mut self, index: usize, up: u8) {
        let Some(block) = self.pick(index) else { return };
        let spare = block.memory.len() - block.layout.size();
        let size = block.layout.size() + spare * usize::from(up) / 255;
        let layout = Layout::from_size_align(size, block.layout.align()).unwrap();
        // SAFETY: it was live, the layout fits it, and the model forgot it.
        unsafe { self.pool.deallocate(block.ptr(), layout) };
    }

    fn grow(&mut self, index: usize, by: usize, align: usize, zeroed: bool) {
        let Some(block) = self.pick(index) else { return };
        let (old, size) = (block.layout, block.layout.size() + by);
        let new = Layout::from_size_align(size, align).unwrap();
        let memory = if zeroed {
            // SAFETY: it was live, for that layout, and the model forgot it.
            unsafe { self.pool.grow_zeroed(block.ptr(), old, new) }
        } else {
            // SAFETY: the same.
            unsafe { self.pool.grow(block.ptr(), old, new) }
        };
        let grown = Block { memory: memory.unwrap(), layout: new, stamp: block.stamp };
        grown.assert_holds(0, old.size(), block.stamp);
        if zeroed {
            grown.assert_holds(old.size(), grown.memory.len(), 0);
        }
        if size <= block.memory.len().min(LARGEST) && align == old.align() {
            assert_eq!(grown.ptr(), block.ptr(), "{old:?} has room for {new:?}");
        }
        self.take_in(grown.memory, new);
    }

    fn shrink(&mut self, index: usize, to: u8, align: usize) {
        let Some(block) = self.pick(index) else { return };
        let old = block.layout;
        let new = Layout::from_size_align(old.size() * usize::from(to) / 255, align).unwrap();
        // SAFETY: it was live, for that layout, and the model forgot it.
        let memory = unsafe { self.pool.shrink(block.ptr(), old, new) }.unwrap();
        Block { memory, layout: new, stamp: block.stamp }.assert_holds(0, new.size(), block.stamp);
        self.take_in(memory, new);
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Allocate { layout, count, zeroed } => (0..count).for_each(|_| self.allocate(layout, zeroed)),
            Op::Free { index, up } => self.free(index, up),
            Op::Grow { index, by, align, zeroed } => self.grow(index, by, align, zeroed),
            Op::Shrink { index, to, align } => self.shrink(index, to, align),
            Op::FreeAll => (0..self.live.len()).for_each(|index| self.free(index, 0)),
            Op::ShrinkToFit => self.pool.shrink_to_fit(),
        }
        self.pool.assert_valid();
        let in_classes = |block: &&Block| self.pool.owns(block.ptr().as_ptr());
        assert_eq!(self.pool.stats().live_chunks, self.live.iter().filter(in_classes).count());
    }

    /// Bytes of blocks that the parent serves itself.
    fn elsewhere(&self) -> usize {
        let not_in_classes = |block: &&Block| !self.pool.owns(block.ptr().as_ptr());
        self.live.iter().filter(not_in_classes).map(|block| block.memory.len()).sum()
    }
}

fn run<C: Classes>(ops: &[Op]) {
    let parent = Watched::default();
    let watch = parent.watch();
    let pool = C::over(parent).unwrap();
    let mut model = Model { pool, live: Vec::new(), stamp: 0 };
    for op in ops {
        model.apply(op);
        assert_eq!(model.pool.stats().bytes_reserved + model.elsewhere(), watch.bytes());
    }
    while !model.live.is_empty() {
        model.free(0, 255);
    }
    model.pool.shrink_to_fit();
    assert_eq!(model.pool.stats().segments, 0, "an empty segment was kept");
    drop(model);
    assert_eq!(watch.pieces(), 0, "memory that was not given back");
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: u32::try_from(scaled(100, 3)).unwrap(),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_pool_of_many_sizes_behaves_like_the_model(ops in prop::collection::vec(op(), 1..scaled(60, 6))) {
        run::<ClassPool>(&ops);
    }

    #[test]
    fn so_does_one_for_many_threads(ops in prop::collection::vec(op(), 1..scaled(60, 6))) {
        run::<SyncClassPool>(&ops);
    }
}
