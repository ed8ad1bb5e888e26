//! Frees by threads that do not own the block, and how its owner learns of them.
//!
//! A block has a second bitmap, of what was freed remotely, on cache lines of its own. A remote free first *marks* its
//! word, if it is not marked; whoever sets a block's first mark pushes the block on its shard's pending stack. Then one
//! `fetch_or` sets the chunk's bit, and that is the last touch (C1). The owner takes the stack whole, takes each
//! block's marks, and takes the marked words.
//!
//! A free that found its word marked may set its bit after the owner has looked. The bit stays unmarked until
//! the next remote free into that word, or until a sweep or a theft (raid.rs), which look at all words.

use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU64, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed, Ordering::Release,
};

use super::closing;
use super::kind::Threads;
use super::shard::Shard;
use crate::block::{BitIndex, Block, Header};
use crate::geometry::{MARKS, REMOTE_WORDS};
use crate::watch::CHECKS;

/// What remote frees say to a block's owner besides the bits. A cache line that the owner seldom touches.
#[repr(C, align(64))]
pub(crate) struct Marks {
    /// Words that may have bits. Not 0 exactly while the block is on its shard's pending stack, or about to be pushed
    /// or taken off (R2).
    words: AtomicU64,
    /// The next block on the pending stack.
    next: AtomicPtr<Header<Threads>>,
}

const _: () = assert!(MARKS + size_of::<Marks>() <= REMOTE_WORDS && MARKS % align_of::<Marks>() == 0);

/// A stack of blocks with marks: pushed by anybody, taken whole by the owner.
#[derive(Default)]
#[repr(align(64))]
pub(crate) struct Pending(AtomicPtr<Header<Threads>>);

impl Marks {
    pub(crate) const fn new() -> Self {
        Self { words: AtomicU64::new(0), next: AtomicPtr::new(ptr::null_mut()) }
    }
}

impl Block<Threads> {
    fn marks<'a>(self) -> &'a Marks {
        // SAFETY: the marks lie within the block's header.
        let marks = unsafe { self.base().byte_add(MARKS) }.cast::<Marks>();
        // SAFETY: they were written with the header (`write_rest`), are aligned, and are all atomics.
        unsafe { marks.as_ref() }
    }

    /// Word `word` of what was freed remotely.
    ///
    /// # Safety
    ///
    /// 1. `word` is less than `words()`.
    #[inline(always)]
    pub(crate) unsafe fn remote_word<'a>(self, word: usize) -> &'a AtomicU64 {
        debug_assert!(word < self.words());
        // SAFETY: the words lie within the block's header, as many as its own (1).
        let words = unsafe { self.base().byte_add(REMOTE_WORDS + word * size_of::<u64>()) }.cast::<AtomicU64>();
        // SAFETY: they were written with the header (`write_rest`), and are aligned atomics.
        unsafe { words.as_ref() }
    }

    /// All words of both bitmaps: what the owner freed, what others did, and the bits that stand for chunks.
    pub(crate) fn both_bitmaps<'a>(self) -> impl Iterator<Item = (&'a AtomicU64, &'a AtomicU64, u64)> {
        self.registers().enumerate().map(move |(word, (local, chunks))| {
            // SAFETY: one of the block's words.
            (local, unsafe { self.remote_word(word) }, chunks)
        })
    }

    /// Takes a chunk back from a thread that does not own the block, which may be gone afterwards.
    ///
    /// # Safety
    ///
    /// 1. `at` is the place of a chunk of the block that is the caller's, and not afterwards.
    pub(crate) unsafe fn free_remotely(self, at: BitIndex) {
        // ORDERING: Relaxed: a mark that is gone already leaves the bit unmarked, which is allowed for.
        if self.marks().words.load(Relaxed) & (1 << at.word) == 0 {
            self.mark(1 << at.word);
        }
        // ORDERING: Release pairs with the Acquire in `take_remote`: the owner, and who gets the chunk next, comes after
        // all that this thread did with it. In closing.rs it pairs with the swap of `count_block`; Acquire for what
        // that wrote before.
        // SAFETY: a chunk's word (1).
        let before = unsafe { self.remote_word(at.word) }.fetch_or(at.mask(), AcqRel);
        // An open pool's chunk is not there yet, and nothing is touched any more (C1). A closed pool's outstanding
        // chunks all are (C4), and such a chunk is accounted for by the following call.
        if before & at.mask() != 0 {
            if CHECKS {
                self.show_freed(at);
            }
            closing::free_outstanding(self);
        }
    }

    /// Makes a chunk of a closed pool look free, for the check of a second free. Nobody else needs to know.
    ///
    /// The remote bit goes first: with both, the graveyard would account for the chunk, as for one that was freed late.
    fn show_freed(self, at: BitIndex) {
        // SAFETY: a chunk's word.
        let remote = unsafe { self.remote_word(at.word) };
        // ORDERING: Release: who sees the local bit sees this gone.
        remote.fetch_and(!at.mask(), Release);
        // SAFETY: a chunk's word.
        let local = unsafe { self.word(at.word) };
        // ORDERING: Release pairs with the Acquire in `observe`. An owner's free that is under way may overwrite the bit;
        // then a second free is not seen, which is all that is lost.
        local.fetch_or(at.mask(), Release);
    }

    /// Marks words, so that the owner will take their bits. For whoever keeps the block from being emptied.
    #[cold]
    #[inline(never)]
    fn mark(self, words: u64) {
        // ORDERING: Acquire pairs with the Release in `take_marks`: the owner has read `next`, which may be written again.
        if self.marks().words.fetch_or(words, Acquire) == 0 {
            self.header().owner.shard().pending.push(self);
        }
    }

    /// Whether the block is on a pending stack. Exact, and false for good, for the owner of a block of free chunks (R3).
    pub(crate) fn is_pending(self) -> bool {
        // ORDERING: Relaxed: the frees of all chunks were taken with Acquire, and their marks were made before.
        self.marks().words.load(Relaxed) != 0
    }

    fn take_marks(self) -> u64 {
        // ORDERING: Release pairs with the Acquire in `mark`: `next` is read.
        self.marks().words.swap(0, Release)
    }

    /// # Safety
    ///
    /// 1. `word` is less than `words()`.
    pub(crate) unsafe fn take_remote(self, word: usize) -> u64 {
        // SAFETY: (1).
        let remote = unsafe { self.remote_word(word) };
        // ORDERING: Acquire pairs with the Release in `free_remotely`.
        remote.swap(0, Acquire)
    }
}

impl Pending {
    fn push(&self, block: Block<Threads>) {
        let next = &block.marks().next;
        // ORDERING: Relaxed: the exchange checks it.
        let mut first = self.0.load(Relaxed);
        loop {
            // ORDERING: Relaxed: published by the exchange.
            next.store(first, Relaxed);
            // ORDERING: Release pairs with the Acquire in `take_all`, for `next`. No ABA: nobody takes a single block.
            match self.0.compare_exchange_weak(first, block.as_header().as_ptr(), Release, Relaxed) {
                Ok(_) => return,
                Err(now) => first = now,
            }
        }
    }

    /// Empties the stack; the blocks it had.
    fn take_all(&self) -> impl Iterator<Item = Block<Threads>> {
        // ORDERING: Relaxed: only saves the exchange of an empty stack.
        let empty = self.0.load(Relaxed).is_null();
        // ORDERING: Acquire pairs with the Release in `push`.
        linked(if empty { ptr::null_mut() } else { self.0.swap(ptr::null_mut(), Acquire) })
    }

    /// The blocks that the stack has, while no other thread uses the pool.
    pub(super) fn iter(&self) -> impl Iterator<Item = Block<Threads>> + use<> {
        // ORDERING: Relaxed: nobody pushes.
        linked(self.0.load(Relaxed))
    }
}

/// A pending stack's blocks from that one on.
fn linked(mut first: *mut Header<Threads>) -> impl Iterator<Item = Block<Threads>> {
    core::iter::from_fn(move || {
        let header = ptr::NonNull::new(first)?;
        // SAFETY: a block that is pending belongs to this shard still (R3).
        let block = unsafe { Block::from_header(header) };
        // Before the marks are taken: then it may be pushed again.
        // ORDERING: Relaxed: the stack was taken with Acquire.
        first = block.marks().next.load(Relaxed);
        Some(block)
    })
}

impl Shard {
    /// Takes what other threads have freed and marked. By the shard's owner.
    pub(crate) fn collect(&self) {
        for block in self.pending.take_all() {
            // SAFETY: only a block's own words are marked, and the block is this shard's (R3).
            unsafe { self.take_words(block, block.take_marks()) };
        }
    }

    /// Takes what other threads have freed in a block, marked or not. By the shard's owner, under the pool's lock.
    ///
    /// # Safety
    ///
    /// 1. The block is this shard's, and not among its empty ones.
    pub(crate) unsafe fn sweep(&self, block: Block<Threads>) {
        let mut words = 0;
        for (word, (_, remote, _)) in block.both_bitmaps().enumerate() {
            // ORDERING: Relaxed: the bits are taken with Acquire below.
            words |= u64::from(remote.load(Relaxed) != 0) << word;
        }
        if words != 0 {
            // SAFETY: (1), and these are the block's words.
            unsafe { self.take_words(block, words) };
        }
    }

    /// # Safety
    ///
    /// 1. The block is this shard's, and not among its empty ones.
    /// 2. The bits of `words` stand for words of the block.
    unsafe fn take_words(&self, block: Block<Threads>, mut words: u64) {
        while words != 0 {
            let word = words.trailing_zeros() as usize;
            words &= words - 1;
            // SAFETY: (2).
            let bits = unsafe { block.take_remote(word) };
            if bits != 0 {
                // SAFETY: (1) and (2).
                unsafe { self.front.merge(block, word, bits) };
            }
        }
        if block.is_full_of_free_chunks() {
            self.set_aside(block);
        }
    }
}
