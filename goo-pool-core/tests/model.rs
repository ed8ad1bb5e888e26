//! Random operations, as data, against a reference model; every invariant is checked after each.

mod common;
#[path = "common/reuse.rs"]
mod reuse;

use std::alloc::Layout;
use std::collections::HashMap;
use std::ptr::NonNull;

use common::{StaticParent, Watched, scaled};
use goo_pool_core::{
    AllocError, BuildError, ChunksOf, Global, Growth, Parent, RawPool, RawPoolBuilder, Return, Segregator,
};
use proptest::prelude::*;
use reuse::any_reuse;

/// One step. Indices are taken modulo the number of live chunks, so every list of steps is valid and can be
/// shrunk.
#[derive(Debug, Clone)]
enum Op {
    Allocate(usize),
    AllocateZeroed,
    Free(usize),
    FreeMany { start: usize, every: usize, count: usize },
    FreeAll,
    Reserve(usize),
    Shrink,
    Reset,
    Visit,
    FreeWhileVisiting(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let most = scaled(300, 20);
    prop_oneof![
        6 => (1..most).prop_map(Op::Allocate),
        2 => Just(Op::AllocateZeroed),
        6 => any::<usize>().prop_map(Op::Free),
        4 => (any::<usize>(), 1..5_usize, 1..most).prop_map(|(start, every, count)| Op::FreeMany { start, every, count }),
        1 => Just(Op::FreeAll),
        1 => (0..most).prop_map(Op::Reserve),
        1 => Just(Op::Shrink),
        1 => Just(Op::Reset),
        1 => Just(Op::Visit),
        1 => (1..4_usize).prop_map(Op::FreeWhileVisiting),
    ]
}

/// Where the pool's memory comes from.
#[derive(Debug, Clone, Copy)]
enum Over {
    Global,
    /// At most so many chunks, each a segment of so many.
    Pool {
        chunks: usize,
        of: usize,
    },
    FixedMemory {
        bytes: usize,
    },
}

fn over() -> impl Strategy<Value = Over> {
    prop_oneof![
        3 => Just(Over::Global),
        1 => (1..12_usize, 1..300_usize).prop_map(|(chunks, of)| Over::Pool { chunks, of }),
        1 => (0..1_usize << scaled(20, 15)).prop_map(|bytes| Over::FixedMemory { bytes }),
    ]
}

/// The pool, and what it should hold: every live chunk has a byte pattern of its own.
struct Model {
    pool: RawPool,
    layout: Layout,
    limit: Option<usize>,
    /// The parent's memory has an end.
    bounded: bool,
    live: Vec<(NonNull<u8>, u8)>,
    stamp: u8,
}

impl Model {
    fn allocate(&mut self, zeroed: bool) {
        let result = if zeroed { self.pool.allocate_zeroed() } else { self.pool.allocate() };
        let chunk = match result {
            Ok(chunk) => chunk,
            Err(AllocError::OutOfMemory { .. }) if self.bounded => {
                assert_eq!(self.live.len(), self.pool.capacity(), "refused with free chunks");
                return;
            }
            Err(error) => {
                assert_eq!(error, AllocError::LimitReached { max_chunks: self.limit.unwrap() });
                assert_eq!(self.live.len(), self.limit.unwrap(), "refused below the limit");
                return;
            }
        };
        assert_eq!(chunk.addr().get() % self.layout.align(), 0);
        assert!(
            self.live
                .iter()
                .all(|&(other, _)| { other.addr().get().abs_diff(chunk.addr().get()) >= self.layout.size().max(1) })
        );
        if zeroed {
            self.check(chunk, 0);
        }
        self.stamp = self.stamp.wrapping_add(1);
        // SAFETY: the chunk is ours and has the layout's size.
        unsafe { chunk.write_bytes(self.stamp, self.layout.size()) };
        self.live.push((chunk, self.stamp));
    }

    fn check(&self, chunk: NonNull<u8>, stamp: u8) {
        // SAFETY: the chunk is live, has the layout's size, and its bytes are written.
        let bytes = unsafe { std::slice::from_raw_parts(chunk.as_ptr(), self.layout.size()) };
        assert!(bytes.iter().all(|&byte| byte == stamp), "somebody else wrote into the chunk");
    }

    fn free(&mut self, index: usize) {
        if self.live.is_empty() {
            return;
        }
        let (chunk, stamp) = self.live.swap_remove(index % self.live.len());
        self.check(chunk, stamp);
        // SAFETY: the chunk was live, and the model forgot it.
        unsafe { self.pool.deallocate(chunk) };
    }

    fn visit(&mut self, free_every: Option<usize>) {
        let mut expected: HashMap<usize, u8> =
            self.live.iter().map(|&(chunk, stamp)| (chunk.addr().get(), stamp)).collect();
        let mut freed = Vec::new();
        let mut seen = 0;
        self.pool.for_each_live(|chunk| {
            assert!(expected.remove(&chunk.addr().get()).is_some(), "visited twice, or not live");
            seen += 1;
            if free_every.is_some_and(|every| seen % every == 0) {
                freed.push(chunk);
                // SAFETY: the chunk is live, and the model forgets it below.
                unsafe { self.pool.deallocate(chunk) };
            }
        });
        assert!(expected.is_empty(), "a live chunk was not visited");
        self.live.retain(|(chunk, _)| !freed.contains(chunk));
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Allocate(count) => (0..count).for_each(|_| self.allocate(false)),
            Op::AllocateZeroed => self.allocate(true),
            Op::Free(index) => self.free(index),
            Op::FreeMany { start, every, count } => {
                for step in 0..count {
                    self.free(start.wrapping_add(step * every));
                }
            }
            Op::FreeAll => {
                while !self.live.is_empty() {
                    self.free(0);
                }
            }
            Op::Reserve(count) => match self.pool.reserve(count) {
                Ok(()) => assert!(self.pool.capacity() >= self.live.len() + count),
                Err(AllocError::OutOfMemory { .. }) if self.bounded => {}
                Err(_) => assert!(self.live.len() + count > self.limit.unwrap()),
            },
            Op::Shrink => self.pool.shrink_to_fit(),
            Op::Reset => {
                // SAFETY: the model forgets all chunks.
                unsafe { self.pool.reset() };
                self.live.clear();
            }
            Op::Visit => self.visit(None),
            Op::FreeWhileVisiting(every) => self.visit(Some(every)),
        }
        self.pool.assert_valid();
        let stats = self.pool.stats();
        assert_eq!(stats.live_chunks, self.live.len());
        assert_eq!(stats.free_chunks, stats.total_chunks - self.live.len());
        assert_eq!(stats.total_chunks, self.pool.capacity());
        assert!(self.live.iter().all(|&(chunk, _)| self.pool.owns(chunk.as_ptr())));
    }
}

fn layout() -> impl Strategy<Value = Layout> {
    let sizes = prop_oneof![0..80_usize, Just(100), Just(1000), Just(5000), Just(40_000)];
    (sizes, 0..8_u32).prop_map(|(size, shift)| Layout::from_size_align(size, 1 << shift).unwrap())
}

fn strategies() -> impl Strategy<Value = (Growth, Return)> {
    let growth = prop_oneof![
        2 => Just(Growth::Doubling),
        1 => Just(Growth::Adaptive),
        1 => (0..30_000_usize).prop_map(|bytes| Growth::Fixed { bytes }),
    ];
    let returns = prop_oneof![2 => Just(Return::Hysteresis), 1 => Just(Return::Never), 1 => Just(Return::AtOnce)];
    (growth, returns)
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: u32::try_from(scaled(200, 4)).unwrap(),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_pool_behaves_like_the_model(
        layout in layout(),
        limit in proptest::option::of(0..600_usize),
        hint in proptest::option::of(1..200_usize),
        reuse in any_reuse(),
        first_segment in 0..20_000_usize,
        max_segment in 0..300_000_usize,
        (growth, returns) in strategies(),
        over in over(),
        ops in prop::collection::vec(op(), 1..scaled(60, 8)),
    ) {
        let settings = RawPool::builder(layout).first_segment(first_segment).max_segment(max_segment);
        let mut settings = settings.reuse(reuse).growth(growth).returns(returns);
        if let Some(limit) = limit {
            settings = settings.max_chunks(limit);
        }
        if let Some(hint) = hint {
            settings = settings.chunks_per_block(hint);
        }
        let settings = Settings { builder: settings, layout, limit };
        match over {
            Over::Global => settings.run(Watched::default(), false, &ops)?,
            Over::Pool { chunks, of } => {
                let geometry = settings.builder.clone().build().unwrap().geometry();
                let blocks = RawPool::builder(geometry.segment_layout(of).unwrap()).first_segment(0).max_segment(0);
                let blocks = blocks.max_chunks(chunks).build_handle().unwrap();
                let parent = Segregator::new(1000, Global, ChunksOf::new(blocks.clone()));
                settings.run(Watched::over(parent), true, &ops)?;
                prop_assert!(blocks.is_empty());
                blocks.assert_valid();
            }
            Over::FixedMemory { bytes } => {
                let owner = StaticParent::new(bytes, 1 << 12);
                let all = owner.get().free_bytes();
                settings.run(Watched::over(owner.get()), true, &ops)?;
                prop_assert_eq!(owner.get().free_bytes(), all);
            }
        }
    }
}

struct Settings {
    builder: RawPoolBuilder<Global>,
    layout: Layout,
    limit: Option<usize>,
}

impl Settings {
    fn run<P: Parent + 'static>(self, parent: Watched<P>, bounded: bool, ops: &[Op]) -> Result<(), TestCaseError> {
        let watch = parent.watch();
        let pool = match self.builder.parent(parent).build() {
            Err(BuildError::Alloc(AllocError::OutOfMemory { .. })) if bounded => return Ok(()),
            built => built.unwrap(),
        };
        let mut model = Model { pool, layout: self.layout, limit: self.limit, bounded, live: Vec::new(), stamp: 0 };
        for op in ops {
            model.apply(op);
            prop_assert_eq!(model.pool.stats().bytes_reserved, watch.bytes());
        }
        drop(model);
        prop_assert_eq!(watch.pieces(), 0, "memory that was not given back");
        Ok(())
    }
}
