//! A block: one aligned piece of memory, its header and its free bitmap.
//!
//! All that finds a bit from an address, and an address from a bit, is here. A bit is 1 while its chunk
//! is free and in the block (B1); the chunks' own bytes are never touched.

use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::NonNull;

use crate::geometry::{Geometry, HEADER_BYTES, Shape, WORD_BITS};
use crate::kind::{Kind, Local, Register};
use crate::segment::{Record, Segment};

/// What stands at the start of a block.
#[repr(C)]
pub(crate) struct Header<K: Kind> {
    pub(crate) owner: K::Owner,
    pub(crate) segment: Segment,
    /// Bit `w` is 1 exactly while bitmap word `w` is not 0 (B3).
    pub(crate) summary: Cell<u64>,
    /// Neighbours in a list of blocks, while `listed`.
    pub(crate) previous: Cell<Option<Block<K>>>,
    pub(crate) next: Cell<Option<Block<K>>>,
    /// Chunks in this block; fewer than the geometry's in a segment that ends early.
    chunks: u32,
    /// Bitmap words that are all ones (B5).
    pub(crate) full_words: Cell<u32>,
    pub(crate) listed: Cell<bool>,
    /// Tells a header from other memory, in builds with checks.
    cookie: Cell<u32>,
}

/// The first block of a segment holds the segment's record behind its own header.
pub(crate) const RECORD_OFFSET: usize = 64;

const _: () = assert!(size_of::<Header<Local>>() <= RECORD_OFFSET);
#[cfg(feature = "std")]
const _: () = assert!(size_of::<Header<crate::sync::Threads>>() <= RECORD_OFFSET);
const _: () = assert!(RECORD_OFFSET + size_of::<Record>() <= HEADER_BYTES);
const _: () = assert!(RECORD_OFFSET % align_of::<Record>() == 0 && HEADER_BYTES % align_of::<u64>() == 0);

/// A block of a live segment whose header is written (S3). Its pointer may be used for the whole segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Block<K: Kind>(NonNull<Header<K>>);

/// The address of a chunk: it lies in a block, at one of the multiples of the stride (G2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct ChunkPtr(NonNull<u8>);

/// Where a chunk's bit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BitIndex {
    pub(crate) word: usize,
    pub(crate) bit: u32,
}

impl ChunkPtr {
    /// # Safety
    ///
    /// 1. `ptr` is the start of a chunk, and may be used for that chunk's whole segment.
    #[inline(always)]
    pub(crate) const unsafe fn new(ptr: NonNull<u8>) -> Self {
        Self(ptr)
    }

    #[inline(always)]
    pub(crate) const fn get(self) -> NonNull<u8> {
        self.0
    }

    /// The block that the chunk lies in.
    ///
    /// # Safety
    ///
    /// 1. `shape` is that of the chunk's pool.
    #[inline(always)]
    pub(crate) unsafe fn block<K: Kind>(self, shape: impl Shape) -> Block<K> {
        let offset = self.0.addr().get() & shape.mask();
        // SAFETY: the chunk lies in a block, whose base is the multiple of the block size (1) below (G1), in
        // the same segment, which the pointer may be used for.
        Block(unsafe { self.0.byte_sub(offset) }.cast())
    }

    /// The block that the chunk lies in, for a pool of that layout.
    ///
    /// # Safety
    ///
    /// 1. The chunk's pool is for `layout`, with no hint of chunks per block.
    #[inline]
    pub(crate) unsafe fn block_of_layout<K: Kind>(self, layout: Layout) -> Block<K> {
        let offset = self.0.addr().get() & (Geometry::block_size_of(layout, K::HEADER) - 1);
        // SAFETY: as in `block`: that is the size of the chunk's block (1).
        Block(unsafe { self.0.byte_sub(offset) }.cast())
    }

    /// The block that the chunk lies in, and where in it its bit is.
    ///
    /// # Safety
    ///
    /// 1. `shape` is that of the chunk's pool.
    #[inline(always)]
    pub(crate) unsafe fn place<K: Kind>(self, shape: impl Shape) -> (Block<K>, BitIndex) {
        // SAFETY: (1).
        let block = unsafe { self.block(shape) };
        (block, BitIndex::new(shape.index_of(self.0.addr().get())))
    }
}

impl BitIndex {
    #[inline(always)]
    pub(crate) const fn new(chunk: usize) -> Self {
        Self { word: chunk / WORD_BITS, bit: (chunk % WORD_BITS) as u32 }
    }

    #[inline(always)]
    pub(crate) const fn mask(self) -> u64 {
        1 << self.bit
    }
}

/// Other memory at that address has this value by an accident of one in four thousand million.
fn cookie_of(base: NonNull<u8>) -> u32 {
    ((base.addr().get() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32 ^ 0x600d_b10c
}

impl<K: Kind> Block<K> {
    /// Writes a block's header and bitmap: all its chunks are free, and it is in no list.
    ///
    /// # Safety
    ///
    /// 1. `base` is a multiple of the block size, may be used for the whole segment, and the segment holds
    ///    `geometry.bytes_for(chunks)` bytes from there.
    /// 2. No chunk of the block is live and no list names the block.
    /// 3. `chunks` is at least 1 and at most the geometry's.
    pub(crate) unsafe fn write(base: NonNull<u8>, owner: K::Owner, segment: Segment, chunks: usize) -> Self {
        let block = Self(base.cast());
        let words = chunks.div_ceil(WORD_BITS);
        let header = Header {
            owner,
            segment,
            summary: Cell::new(u64::MAX >> (WORD_BITS - words)),
            previous: Cell::new(None),
            next: Cell::new(None),
            chunks: chunks as u32,
            full_words: Cell::new(words as u32),
            listed: Cell::new(false),
            cookie: Cell::new(cookie_of(base)),
        };
        // SAFETY: a block starts with room for its header (1), which nobody uses (2). The record behind the
        // header of a segment's first block is not part of it.
        unsafe { block.0.write(header) };
        for word in 0..words {
            // SAFETY: one of the block's words.
            let word = unsafe { block.word_ptr(word) };
            // All ones is "every chunk free", the bits beyond the last chunk included (B2).
            // SAFETY: it lies in the block, aligned, and is nobody's (2).
            unsafe { word.write(K::Bits::new(u64::MAX)) };
        }
        // SAFETY: as above.
        unsafe { K::write_rest(base) };
        block
    }

    /// Block number `index` of a segment.
    ///
    /// # Safety
    ///
    /// 1. The segment is alive and has cut that block (S3).
    pub(crate) unsafe fn of_segment(segment: Segment, index: usize, geometry: &Geometry) -> Self {
        // SAFETY: (1).
        unsafe { Self::at(segment, index * geometry.block_size()) }
    }

    /// The block so many bytes behind a segment's base.
    ///
    /// # Safety
    ///
    /// 1. The segment is alive, and has cut a block there.
    pub(crate) unsafe fn at(segment: Segment, offset: usize) -> Self {
        // SAFETY: within the segment (1).
        Self(unsafe { segment.base().byte_add(offset) }.cast())
    }

    /// Says clearly that a freed address does not lead to a block of a pool of this kind, for callers that know no more than
    /// the address. Reads what stands where the header should be; if no memory is there, that faults.
    #[track_caller]
    pub(crate) fn check_header(self, chunk: ChunkPtr) {
        // SAFETY: a field's address; nothing is read.
        let cookie = unsafe { &raw const (*self.0.as_ptr()).cookie };
        // SAFETY: if the caller keeps the duties of a free, that is the block's header; if not, nothing better is left to do.
        let cookie = unsafe { cookie.cast::<u32>().read() };
        assert!(
            cookie == cookie_of(self.base()),
            "foreign pointer: {:p} is not from a pool for that layout",
            chunk.get()
        );
    }

    /// The block's memory goes back to the parent, where nobody is to find a header.
    pub(crate) fn forget_cookie(self) {
        self.header().cookie.set(!cookie_of(self.base()));
    }

    #[inline(always)]
    pub(crate) fn header<'a>(self) -> &'a Header<K> {
        // SAFETY: a block's header is written before the first `Block` is made, and stays until its segment
        // goes back (S3). All that changes in it is in cells, and only one thread sees it.
        unsafe { self.0.as_ref() }
    }

    /// Bitmap word `word`.
    ///
    /// # Safety
    ///
    /// 1. `word` is less than `words()`.
    #[inline(always)]
    pub(crate) unsafe fn word<'a>(self, word: usize) -> &'a K::Bits {
        debug_assert!(word < self.words());
        // SAFETY: (1).
        let word = unsafe { self.word_ptr(word) };
        // SAFETY: it is initialised (`write`), aligned, and reached through cells or atomics only.
        unsafe { word.as_ref() }
    }

    /// # Safety
    ///
    /// 1. `word` is less than `words()`.
    #[inline(always)]
    unsafe fn word_ptr(self, word: usize) -> NonNull<K::Bits> {
        let offset = K::HEADER + word * size_of::<u64>();
        // SAFETY: the bitmap's words (1) lie between the header and the first chunk (G2).
        unsafe { self.0.byte_add(offset) }.cast()
    }

    /// All bitmap words, each with the bits that stand for chunks.
    pub(crate) fn registers<'a>(self) -> impl Iterator<Item = (&'a K::Bits, u64)> {
        (0..self.words()).map(move |word| {
            // SAFETY: one of the block's words.
            (unsafe { self.word(word) }, self.chunk_bits(word))
        })
    }

    /// The bits of all words, each with those that stand for chunks.
    pub(crate) fn bitmap(self) -> impl Iterator<Item = (u64, u64)> {
        self.registers().map(|(register, chunks)| (register.get(), chunks))
    }

    pub(crate) fn chunks(self) -> usize {
        self.header().chunks as usize
    }

    pub(crate) fn words(self) -> usize {
        self.chunks().div_ceil(WORD_BITS)
    }

    /// The bits of a word that stand for chunks; the last word may have fewer than 64.
    pub(crate) fn chunk_bits(self, word: usize) -> u64 {
        let chunks = self.chunks() - word * WORD_BITS;
        if chunks >= WORD_BITS { u64::MAX } else { (1 << chunks) - 1 }
    }

    /// The chunk a bit stands for.
    ///
    /// # Safety
    ///
    /// 1. The bit is one of `chunk_bits(at.word)`, or is only used as an address to count from.
    pub(crate) unsafe fn chunk(self, at: BitIndex, geometry: &Geometry) -> ChunkPtr {
        let index = at.word * WORD_BITS + at.bit as usize;
        // SAFETY: a block is large enough for its chunks; the first one of each word exists.
        ChunkPtr(unsafe { self.0.byte_add(geometry.offset_of(index)) }.cast())
    }

    /// Takes all of a word's free chunks out, and says where the first bit's chunk is (H1, H2).
    ///
    /// # Safety
    ///
    /// 1. `word` is less than `words()`, and the word is not 0.
    pub(crate) unsafe fn take_word(self, word: usize, geometry: &Geometry) -> (u64, *mut u8) {
        let header = self.header();
        // SAFETY: (1).
        let register = unsafe { self.word(word) };
        let bits = register.get();
        register.set(0);
        header.summary.set(header.summary.get() & !(1 << word));
        if bits == u64::MAX {
            header.full_words.set(header.full_words.get() - 1);
        }
        // SAFETY: a word that is not 0 has a chunk for its first bit (B2).
        let base = unsafe { self.chunk(BitIndex { word, bit: 0 }, geometry) };
        (bits & self.chunk_bits(word), base.get().as_ptr())
    }

    /// Takes one of a word's free chunks out, and says where the first bit's chunk is (H1, H2).
    ///
    /// # Safety
    ///
    /// 1. As `take_word`.
    /// 2. `choose` gives one of the bits that it gets.
    pub(crate) unsafe fn take_one(
        self,
        word: usize,
        choose: impl FnOnce(u64) -> u32,
        geometry: &Geometry,
    ) -> (u64, *mut u8) {
        // SAFETY: (1).
        let (bits, base) = unsafe { self.take_word(word, geometry) };
        let one = 1 << choose(bits);
        let left = bits & !one;
        if left != 0 {
            let header = self.header();
            header.summary.set(header.summary.get() | 1 << word);
            // SAFETY: (1).
            unsafe { self.word(word) }.set(left | !self.chunk_bits(word));
        }
        (one, base)
    }

    /// Hands out all chunks of a block at once, which are all free and in the block. The block is in no list.
    pub(crate) fn take_all(self) {
        debug_assert!(self.is_full_of_free_chunks() && !self.header().listed.get());
        self.set_all(0, 0, 0);
    }

    /// Takes back all chunks of a block at once, none of which is free.
    pub(crate) fn put_all(self) {
        debug_assert!(self.header().summary.get() == 0 && !self.header().listed.get());
        self.set_all(u64::MAX, u64::MAX >> (WORD_BITS - self.words()), self.words() as u32);
    }

    fn set_all(self, bits: u64, summary: u64, full_words: u32) {
        for (register, _) in self.registers() {
            register.set(bits);
        }
        self.header().summary.set(summary);
        self.header().full_words.set(full_words);
    }

    /// Chunks that are free and in the block.
    pub(crate) fn free_chunks(self) -> usize {
        self.bitmap().map(|(bits, chunks)| (bits & chunks).count_ones() as usize).sum()
    }

    pub(crate) fn is_full_of_free_chunks(self) -> bool {
        self.header().full_words.get() as usize == self.words()
    }

    pub(crate) fn base(self) -> NonNull<u8> {
        self.0.cast()
    }

    #[cfg(feature = "std")]
    pub(crate) const fn as_header(self) -> NonNull<Header<K>> {
        self.0
    }

    /// # Safety
    ///
    /// 1. `header` is what `as_header` gave, and the block's segment is alive.
    #[cfg(feature = "std")]
    pub(crate) const unsafe fn from_header(header: NonNull<Header<K>>) -> Self {
        Self(header)
    }
}
