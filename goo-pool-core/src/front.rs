//! The engine's front: hands out chunks and takes them back, for one owner.
//!
//! A chunk is looked for in `recent` (the one freed last), in `word` (up to 64 chunks taken out of a
//! block in one piece), and then by the slow half, in the next word of a block with room. A freed chunk
//! goes to `recent` if that is empty, else its bit goes to its block. Neither half counts anything or
//! touches a chunk's bytes.
//!
//! Taking 64 bits at once is what keeps alloc and free from waiting for each other's stores
//! (`fill_drain` in the benches shows it); `recent` serves the alternating pattern (`pair`).
//!
//! With another order of reuse than the default (reuse.rs) `recent` is [`BLOCKED`], which an allocation passes over and a free
//! takes for "not empty", and a word is one chunk.
//!
//! A free is finished by one store, of a bit or of `recent`, and touches nothing after it: another
//! thread that sees the store may take the memory away (C1).

use core::ptr::{self, NonNull};

use crate::block::{BitIndex, Block, ChunkPtr};
use crate::block_list::BlockList;
use crate::geometry::{Geometry, Shape};
use crate::kind::{Kind, Register};
use crate::reuse::{Order, Reuse};

/// What `recent` holds while it may hold no chunk: less than any chunk's address, and not null.
pub(crate) const BLOCKED: *mut u8 = ptr::without_provenance_mut(1);

/// Free chunks in one owner's hand, and its blocks that have more.
#[repr(C)]
pub(crate) struct Front<K: Kind> {
    /// Null, the chunk freed last, or [`BLOCKED`] (H3).
    recent: K::Pointer,
    /// Free chunks taken out of one block's word (H1); 0 if there are none, or never were.
    word: K::Bits,
    /// The chunk that bit 0 of `word` stands for (H2).
    word_base: K::Pointer,
    /// The blocks with room (B4).
    pub(crate) room: BlockList<K>,
    order: Order,
}

impl<K: Kind> Front<K> {
    pub(crate) fn new(reuse: Reuse) -> Self {
        let front = Self {
            recent: K::Pointer::new(ptr::null_mut()),
            word: K::Bits::new(0),
            word_base: K::Pointer::new(ptr::null_mut()),
            room: BlockList::new(reuse),
            order: Order::new(reuse),
        };
        front.clear_recent();
        front
    }

    /// A free chunk in the hand, if there is one.
    ///
    /// # Safety
    ///
    /// 1. `stride` is the geometry's.
    #[inline(always)]
    pub(crate) unsafe fn take(&self, stride: usize) -> Option<ChunkPtr> {
        let recent = self.recent.get();
        // One comparison serves null and `BLOCKED`.
        if recent > BLOCKED {
            self.recent.set(ptr::null_mut());
            // SAFETY: it is more than `BLOCKED`.
            let recent = unsafe { NonNull::new_unchecked(recent) };
            // SAFETY: it is a chunk (H3).
            return Some(unsafe { ChunkPtr::new(recent) });
        }
        let word = self.word.get();
        if word == 0 {
            return None;
        }
        self.word.set(word & (word - 1));
        // SAFETY: bit i of a word that is not 0 is the chunk i strides (1) behind `word_base` (H2).
        let chunk = unsafe { self.word_base.get().byte_add(word.trailing_zeros() as usize * stride) };
        // SAFETY: it lies behind `word_base`, which is not null.
        let chunk = unsafe { NonNull::new_unchecked(chunk) };
        // SAFETY: as above.
        Some(unsafe { ChunkPtr::new(chunk) })
    }

    /// Takes the next word of free chunks out of a block. False if no block has any.
    pub(crate) fn refill(&self, geometry: &Geometry) -> bool {
        debug_assert_eq!(self.word.get(), 0);
        while let Some(block) = self.room.first() {
            let summary = block.header().summary.get();
            if summary != 0 {
                let word = self.order.choose(summary) as usize;
                let (bits, base) = if self.order.takes_words() {
                    // SAFETY: the summary has bits for the block's words that are not 0 (B3).
                    unsafe { block.take_word(word, geometry) }
                } else {
                    // SAFETY: the same.
                    unsafe { block.take_one(word, |free| self.order.choose(free), geometry) }
                };
                self.set_word(bits, base);
                return true;
            }
            self.room.remove(block);
        }
        false
    }

    /// Sets a chunk's bit in its block.
    ///
    /// # Safety
    ///
    /// 1. `chunk` is one of a block of this front's, and its bit is 0.
    /// 2. `shape` is the pool's.
    #[inline(always)]
    pub(crate) unsafe fn put(&self, chunk: ChunkPtr, shape: impl Shape) {
        // SAFETY: (2).
        let (block, at) = unsafe { chunk.place::<K>(shape) };
        // SAFETY: a chunk's word is one of its block's.
        let word = unsafe { block.word(at.word) };
        let before = word.get();
        if before == 0 {
            // SAFETY: a chunk's place.
            return unsafe { self.put_first_slow(block, at) };
        }
        let after = before | at.mask();
        if after == u64::MAX {
            // SAFETY: a chunk's word.
            return unsafe { self.fill_word_slow(block, at.word) };
        }
        word.publish(after);
    }

    /// The first chunk that comes back to a word: the block has room again.
    ///
    /// # Safety
    ///
    /// 1. `at` is the place of one of the block's chunks.
    #[cold]
    #[inline(never)]
    unsafe fn put_first_slow(&self, block: Block<K>, at: BitIndex) {
        self.list_word(block, at.word);
        // A word that is not 0 has ones beyond the last chunk, so that a full word is all ones (B2).
        let after = at.mask() | !block.chunk_bits(at.word);
        if after == u64::MAX {
            // SAFETY: a chunk's word (1).
            return unsafe { self.fill_word_slow(block, at.word) };
        }
        // SAFETY: a chunk's word (1).
        unsafe { block.word(at.word) }.publish(after);
    }

    /// All chunks of a word are back; so may be all of the block.
    ///
    /// # Safety
    ///
    /// 1. `word` is one of the block's words.
    #[cold]
    #[inline(never)]
    unsafe fn fill_word_slow(&self, block: Block<K>, word: usize) {
        let header = block.header();
        header.full_words.set(header.full_words.get() + 1);
        // SAFETY: (1).
        let register = unsafe { block.word(word) };
        if block.is_full_of_free_chunks() {
            K::block_emptied(block, register);
        } else {
            register.publish(u64::MAX);
        }
    }

    /// A word of the block is about to have free chunks again.
    fn list_word(&self, block: Block<K>, word: usize) {
        let header = block.header();
        header.summary.set(header.summary.get() | 1 << word);
        if !header.listed.get() {
            self.room.push(block);
        }
    }

    /// Adds free chunks, whose bits are 0, to a word of a block. The block may be full of free chunks then.
    ///
    /// # Safety
    ///
    /// 1. `word` is one of the block's words, and the block one of this front's.
    #[cfg(feature = "std")]
    pub(crate) unsafe fn merge(&self, block: Block<K>, word: usize, bits: u64) {
        // SAFETY: (1).
        let register = unsafe { block.word(word) };
        let before = register.get();
        debug_assert_eq!(before & bits, 0, "a chunk was freed twice");
        if before == 0 {
            self.list_word(block, word);
        }
        let after = before | bits | !block.chunk_bits(word);
        register.set(after);
        if after == u64::MAX {
            let full = &block.header().full_words;
            full.set(full.get() + 1);
        }
    }

    #[inline(always)]
    pub(crate) fn recent(&self) -> *mut u8 {
        self.recent.get()
    }

    /// The chunk in `recent`, if there is one.
    pub(crate) fn recent_chunk(&self) -> Option<NonNull<u8>> {
        NonNull::new(self.recent.get()).filter(|recent| recent.as_ptr() != BLOCKED)
    }

    /// The same for a thread that is not the owner, and needs to know what the free did before.
    #[cfg(feature = "std")]
    pub(crate) fn observe_recent(&self) -> Option<NonNull<u8>> {
        NonNull::new(self.recent.observe()).filter(|recent| recent.as_ptr() != BLOCKED)
    }

    /// As the last step of a free, or by the owner.
    #[inline(always)]
    pub(crate) fn set_recent(&self, recent: *mut u8) {
        self.recent.publish(recent);
    }

    /// No chunk is in `recent` any more; it is blocked again if the order says so.
    pub(crate) fn clear_recent(&self) {
        self.recent.set(if self.order.keeps_recent() { ptr::null_mut() } else { BLOCKED });
    }

    /// Whether the order alone blocks `recent`.
    pub(crate) fn never_keeps_recent(&self) -> bool {
        !self.order.keeps_recent()
    }

    /// Splits chunks of one word: those that the hand may have at once, and the others.
    #[cfg(feature = "std")]
    pub(crate) fn split_word(&self, bits: u64) -> (u64, u64) {
        let mine = if bits == 0 || self.order.takes_words() { bits } else { 1 << self.order.choose(bits) };
        (mine, bits & !mine)
    }

    /// The free chunks in the word, and the address of its first.
    pub(crate) fn word(&self) -> (u64, *mut u8) {
        (self.word.get(), self.word_base.get())
    }

    pub(crate) fn set_word(&self, bits: u64, base: *mut u8) {
        self.word_base.set(base);
        self.word.set(bits);
    }

    /// Puts the word's chunks back into their block.
    pub(crate) fn flush_word(&self, geometry: &Geometry) {
        let (word, base) = self.word();
        self.word.set(0);
        for bit in (0..64).filter(|bit| word & (1 << bit) != 0) {
            // SAFETY: bit i of `word` is the chunk i strides behind `word_base` (H2).
            let chunk = unsafe { base.byte_add(bit * geometry.stride()) };
            // SAFETY: it lies behind `word_base`, which is not null.
            let chunk = unsafe { NonNull::new_unchecked(chunk) };
            // SAFETY: as above.
            let chunk = unsafe { ChunkPtr::new(chunk) };
            // SAFETY: it was held, so its bit is 0 (H1).
            unsafe { self.put(chunk, *geometry) };
        }
    }

    /// Forgets the chunks in the hand, as part of a reset.
    pub(crate) fn forget_held(&self) {
        self.word.set(0);
        self.clear_recent();
    }
}
