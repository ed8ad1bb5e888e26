//! Allocators of many sizes, as containers use them: the loops, and one adapter a contestant.

use std::{
    alloc::{GlobalAlloc, Layout},
    hint::black_box,
    ptr::NonNull,
    time::{Duration, Instant},
};

use allocator_api2_02::{
    alloc::{AllocError, Allocator},
    vec::Vec as VecIn,
};
use bumpalo::Bump;
use fastrand::Rng;
use goo_pool_core::{ClassPool, SyncClassPool};
use hashbrown::{DefaultHashBuilder, HashMap};

/// One seed for all: every contestant sees the same requests.
const SEED: u64 = 0x600_900;

/// One contestant: something to allocate from.
pub trait Contestant: 'static {
    /// The name of its column.
    const NAME: &'static str;
    /// What a container gets.
    type In<'c>: Allocator + Copy
    where
        Self: 'c;

    /// As a program has it before its first allocation.
    fn new() -> Self;
    /// A way to allocate.
    fn get(&self) -> Self::In<'_>;
    /// All that was allocated has been freed. For who cannot use it again otherwise.
    fn all_is_free(&mut self) {}
}

impl Contestant for ClassPool {
    const NAME: &'static str = "ClassPool";
    type In<'c> = &'c Self;

    fn new() -> Self {
        // Not over this program's global allocator, which could be another: as all others, over the system.
        Self::with_parent(&goo_pool_core::System)
    }

    fn get(&self) -> &Self {
        self
    }
}

impl Contestant for SyncClassPool {
    const NAME: &'static str = "SyncClassPool";
    type In<'c> = &'c Self;

    fn new() -> Self {
        Self::new()
    }

    fn get(&self) -> &Self {
        self
    }
}

impl Contestant for Bump {
    const NAME: &'static str = "bumpalo";
    type In<'c> = &'c Self;

    fn new() -> Self {
        Self::new()
    }

    fn get(&self) -> &Self {
        self
    }

    fn all_is_free(&mut self) {
        self.reset();
    }
}

/// A program's global allocator, as containers call it.
#[derive(Debug)]
pub struct Global<G>(G);

/// The system's allocator.
pub type System = Global<std::alloc::System>;
/// Mimalloc.
pub type Mimalloc = Global<mimalloc::MiMalloc>;

// SAFETY: its memory is as the contract of `GlobalAlloc` says, and it has no state of its own.
unsafe impl<G: GlobalAlloc> Allocator for Global<G> {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        debug_assert_ne!(layout.size(), 0);
        // SAFETY: no container asks for nothing.
        let memory = NonNull::new(unsafe { self.0.alloc(layout) }).ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(memory, layout.size()))
    }

    #[inline]
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise, and only one layout fits.
        unsafe { self.0.dealloc(ptr.as_ptr(), layout) }
    }

    #[inline]
    unsafe fn grow(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        assert_eq!(old.align(), new.align(), "a vector keeps its alignment");
        // SAFETY: the caller's promise.
        let memory = NonNull::new(unsafe { self.0.realloc(ptr.as_ptr(), old, new.size()) }).ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(memory, new.size()))
    }
}

impl Contestant for System {
    const NAME: &'static str = "system";
    type In<'c> = &'c Self;

    fn new() -> Self {
        Self(std::alloc::System)
    }

    fn get(&self) -> &Self {
        self
    }
}

impl Contestant for Mimalloc {
    const NAME: &'static str = "mimalloc";
    type In<'c> = &'c Self;

    fn new() -> Self {
        Self(mimalloc::MiMalloc)
    }

    fn get(&self) -> &Self {
        self
    }
}

/// A live block, with a stamp at its start.
struct Block {
    ptr: NonNull<u8>,
    layout: Layout,
}

impl Block {
    #[inline(always)]
    fn new(allocator: impl Allocator, size: usize) -> Self {
        let layout = Layout::from_size_align(size, 8).expect("a small layout");
        let ptr = allocator.allocate(layout).expect("memory").cast::<u8>();
        // SAFETY: it is ours, and has at least 8 bytes.
        unsafe { ptr.cast::<usize>().write(size) };
        Self { ptr, layout }
    }

    #[inline(always)]
    fn free(self, allocator: impl Allocator) {
        // SAFETY: written when it was allocated.
        assert_eq!(unsafe { self.ptr.cast::<usize>().read() }, self.layout.size(), "somebody else's block");
        // SAFETY: it is live, for that layout.
        unsafe { allocator.deallocate(self.ptr, self.layout) };
    }
}

/// Sizes as programs have them: most small, few large.
fn sizes(count: usize) -> Vec<usize> {
    let mut random = Rng::with_seed(SEED);
    let mut size = || {
        let below = 1 << random.u32(4..11);
        8 + random.usize(0..below)
    };
    (0..count).map(|_| size()).collect()
}

/// A block of one size is allocated and freed. The size is known only as the program runs.
pub fn pair<C: Contestant>(size: usize) -> impl FnMut(u64) -> Duration {
    let mut contestant = C::new();
    move |pairs| {
        let allocator = contestant.get();
        let stays = Block::new(allocator, size);
        let start = Instant::now();
        for _ in 0..pairs {
            black_box(Block::new(allocator, black_box(size))).free(allocator);
        }
        let time = start.elapsed();
        stays.free(allocator);
        contestant.all_is_free();
        time
    }
}

/// `live` blocks of mixed sizes; again and again one of them, any, is replaced by one of another size.
pub fn replace<C: Contestant>(live: usize) -> impl FnMut(u64) -> Duration {
    let mut contestant = C::new();
    let sizes = sizes(4096);
    move |replaced| {
        let allocator = contestant.get();
        let mut random = Rng::with_seed(SEED);
        let mut blocks: Vec<_> = (0..live).map(|number| Block::new(allocator, sizes[number % 4096])).collect();
        let start = Instant::now();
        for number in 0..replaced as usize {
            let new = Block::new(allocator, sizes[number % 4096]);
            std::mem::replace(&mut blocks[random.usize(0..live)], new).free(allocator);
        }
        let time = start.elapsed();
        blocks.into_iter().for_each(|block| block.free(allocator));
        contestant.all_is_free();
        time
    }
}

/// So many blocks of mixed sizes are allocated, and then freed in the order they came.
pub fn fill_drain<C: Contestant>(count: usize) -> impl FnMut(u64) -> Duration {
    let mut contestant = C::new();
    let sizes = sizes(4096);
    let mut blocks = Vec::with_capacity(count);
    move |total| {
        let start = Instant::now();
        for _ in 0..(total as usize).div_ceil(count) {
            let allocator = contestant.get();
            blocks.extend((0..count).map(|number| Block::new(allocator, sizes[number % 4096])));
            blocks.drain(..).for_each(|block| block.free(allocator));
            contestant.all_is_free();
        }
        start.elapsed()
    }
}

/// A map of so many keys is filled from empty, and emptied key by key; one operation is an insertion and a removal.
pub fn map<C: Contestant>(keys: u64) -> impl FnMut(u64) -> Duration {
    let mut contestant = C::new();
    let hasher = DefaultHashBuilder::default();
    move |total| {
        let start = Instant::now();
        for _ in 0..total.div_ceil(keys) {
            let mut map = HashMap::with_hasher_in(hasher.clone(), contestant.get());
            for key in 0..keys {
                map.insert(key, key * 2);
            }
            for key in 0..keys {
                assert_eq!(map.remove(&key), Some(key * 2));
            }
            drop(black_box(map));
            contestant.all_is_free();
        }
        start.elapsed()
    }
}

/// A map of so many keys, each with a vector of its own; again and again a key goes and another comes.
pub fn map_of_vectors<C: Contestant>(keys: u64) -> impl FnMut(u64) -> Duration {
    let mut contestant = C::new();
    let hasher = DefaultHashBuilder::default();
    let sizes = sizes(4096);
    move |total| {
        let allocator = contestant.get();
        let value = |key: u64| {
            let mut bytes = VecIn::with_capacity_in(sizes[key as usize % 4096], allocator);
            bytes.extend_from_slice(&key.to_le_bytes());
            bytes
        };
        let mut map = HashMap::with_hasher_in(hasher.clone(), allocator);
        for key in 0..keys {
            map.insert(key, value(key));
        }
        let start = Instant::now();
        for key in keys..keys + total {
            let gone = map.remove(&(key - keys)).expect("the oldest key");
            assert_eq!(*gone, (key - keys).to_le_bytes());
            drop(gone);
            map.insert(key, value(key));
        }
        let time = start.elapsed();
        drop(map);
        contestant.all_is_free();
        time
    }
}

/// Numbers are pushed to a vector that starts empty, until it has so many; one operation is one number.
pub fn push<C: Contestant>(numbers: u64) -> impl FnMut(u64) -> Duration {
    let mut contestant = C::new();
    move |total| {
        let start = Instant::now();
        for _ in 0..total.div_ceil(numbers) {
            let mut vector = VecIn::new_in(contestant.get());
            for number in 0..numbers {
                vector.push(black_box(number));
            }
            assert_eq!(vector.last(), Some(&(numbers - 1)));
            drop(black_box(vector));
            contestant.all_is_free();
        }
        start.elapsed()
    }
}
