//! The single-owner engine: hands out chunks and takes them back.
//!
//! A chunk is looked for in `recent` (the one freed last), in `word` (up to 64 chunks taken out of a
//! block in one piece), and then by the slow half: the next word of a block with room, a fresh block, a
//! new segment. A freed chunk goes to `recent` if that is empty, else its bit goes to its block. Neither
//! half counts anything or touches a chunk's bytes.
//!
//! Taking 64 bits at once is what keeps alloc and free from waiting for each other's stores
//! (`fill_drain` in the benches shows it); `recent` serves the alternating pattern (`pair`).

use core::alloc::Layout;
use core::cell::Cell;
use core::ops::Deref;
use core::ptr::{self, NonNull};

use crate::block::{BitIndex, Block, ChunkPtr};
use crate::config::Config;
use crate::error::AllocError;
use crate::geometry::{Geometry, Shape, Stored};
use crate::parent::Parent;
use crate::room::RoomList;
use crate::segment::SegmentList;

/// What `recent` holds while the heap is closed. No chunk has this address.
const CLOSED: *mut u8 = ptr::without_provenance_mut(1);

/// The engine's state. All of it is in cells: no borrow of it is ever held across foreign code.
pub(crate) struct Heap {
    /// Null, the chunk freed last, or [`CLOSED`] (H3).
    recent: Cell<*mut u8>,
    /// Free chunks taken out of one block's word (H1); 0 if there are none, or never were.
    word: Cell<u64>,
    /// The chunk that bit 0 of `word` stands for (H2).
    word_base: Cell<*mut u8>,
    pub(crate) geometry: Stored,
    pub(crate) room: RoomList,
    pub(crate) segments: SegmentList,
    /// See [`Hold`](crate::growth::Hold).
    pub(crate) holds: Cell<usize>,
    /// A segment was emptied while there was a hold.
    pub(crate) unsettled: Cell<bool>,
    /// A spare segment goes back if the others have at least this many chunks.
    pub(crate) keep: Cell<usize>,
    /// All spare segments go back, once.
    pub(crate) shrinking: Cell<bool>,
    /// A segment went back to the parent since the heap grew last.
    pub(crate) gave_back: Cell<bool>,
    /// Owners that may allocate; the heap is closed while there are none (H3).
    pub(crate) handles: Cell<usize>,
    pub(crate) layout: Layout,
    pub(crate) config: Config,
    pub(crate) parent: NonNull<dyn Parent>,
    /// Bytes of the heap's own memory, from the parent like all else.
    pub(crate) own_bytes: usize,
    /// Gives the heap's own memory back to the parent.
    pub(crate) destroy: unsafe fn(HeapPtr),
}

/// A live heap, by address (H5).
///
/// The engine's functions take this by value: one of them may end the heap, which must not happen under
/// a reference that is still somebody's argument.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct HeapPtr(NonNull<Heap>);

impl Deref for HeapPtr {
    type Target = Heap;

    #[inline(always)]
    fn deref(&self) -> &Heap {
        // SAFETY: whoever has a `HeapPtr` in use has a handle, a hold or a live chunk, so the heap is
        // alive (H5); it is only changed through cells, by one thread.
        unsafe { self.0.as_ref() }
    }
}

impl Heap {
    pub(crate) fn new(
        layout: Layout,
        geometry: Geometry,
        config: Config,
        parent: NonNull<dyn Parent>,
        own_bytes: usize,
        destroy: unsafe fn(HeapPtr),
    ) -> Self {
        Self {
            recent: Cell::new(ptr::null_mut()),
            word: Cell::new(0),
            word_base: Cell::new(ptr::null_mut()),
            geometry: Stored::new(geometry),
            room: RoomList::default(),
            segments: SegmentList::default(),
            holds: Cell::new(0),
            unsettled: Cell::new(false),
            keep: Cell::new(crate::growth::KEEP_ONE),
            shrinking: Cell::new(false),
            gave_back: Cell::new(false),
            handles: Cell::new(1),
            layout,
            config,
            parent,
            own_bytes,
            destroy,
        }
    }
}

impl HeapPtr {
    /// # Safety
    ///
    /// 1. `heap` is alive, and the pointer may be used for the whole allocation it lies in.
    pub(crate) const unsafe fn new(heap: NonNull<Heap>) -> Self {
        Self(heap)
    }

    pub(crate) const fn get(self) -> NonNull<Heap> {
        self.0
    }

    /// A free chunk, from now on the caller's.
    ///
    /// # Safety
    ///
    /// 1. `stride` is the geometry's. (A typed pool knows it as a constant.)
    #[inline(always)]
    pub(crate) unsafe fn allocate(self, stride: usize) -> Result<ChunkPtr, AllocError> {
        // SAFETY: (1).
        match unsafe { self.take(stride) } {
            Some(chunk) => Ok(chunk),
            None => self.allocate_slow(),
        }
    }

    /// As `allocate`, for callers that do not come back from an error.
    ///
    /// # Safety
    ///
    /// 1. `stride` is the geometry's.
    #[inline(always)]
    pub(crate) unsafe fn allocate_or(self, stride: usize, fail: fn(AllocError) -> !) -> ChunkPtr {
        // SAFETY: (1).
        match unsafe { self.take(stride) } {
            Some(chunk) => chunk,
            None => self.allocate_slow_or(fail),
        }
    }

    #[cold]
    #[inline(never)]
    fn allocate_slow_or(self, fail: fn(AllocError) -> !) -> ChunkPtr {
        self.allocate_slow().unwrap_or_else(|error| fail(error))
    }

    /// The chunk freed last, or the next of the word.
    ///
    /// # Safety
    ///
    /// 1. `stride` is the geometry's.
    #[inline(always)]
    unsafe fn take(self, stride: usize) -> Option<ChunkPtr> {
        debug_assert!(!self.is_closed(), "allocation from a closed heap");
        if let Some(recent) = NonNull::new(self.recent.get()) {
            self.recent.set(ptr::null_mut());
            // SAFETY: an open heap's `recent` is null or a chunk (H3).
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

    #[cold]
    #[inline(never)]
    fn allocate_slow(self) -> Result<ChunkPtr, AllocError> {
        // The parent may free or allocate here while it is asked for memory, so look again from the start.
        loop {
            // SAFETY: it is the geometry's.
            if let Some(chunk) = unsafe { self.take(self.geometry.stride()) } {
                return Ok(chunk);
            }
            if self.refill() {
                continue;
            }
            let grown = self.grow(1);
            // Also a parent that refuses may have freed a chunk.
            if self.word.get() == 0 && self.recent.get().is_null() && !self.refill() {
                grown?;
            }
        }
    }

    /// Takes the next word of free chunks out of a block. False if no block has any.
    fn refill(self) -> bool {
        debug_assert_eq!(self.word.get(), 0);
        loop {
            let Some(block) = self.room.first().or_else(|| self.cut_block()) else { return false };
            let summary = block.header().summary.get();
            if summary == 0 {
                self.room.remove(block);
                continue;
            }
            self.take_word(block, summary.trailing_zeros() as usize);
            return true;
        }
    }

    /// Moves a block's word, which is not 0, into the heap's (H1).
    fn take_word(self, block: Block, word: usize) {
        let header = block.header();
        // SAFETY: the summary has bits for the block's words only (B3).
        let cell = unsafe { block.word(word) };
        let bits = cell.replace(0);
        header.summary.set(header.summary.get() & !(1 << word));
        if bits == u64::MAX {
            if block.is_full_of_free_chunks() {
                let empty = &header.segment.record().empty;
                empty.set(empty.get() - 1);
            }
            header.full_words.set(header.full_words.get() - 1);
        }
        self.word.set(bits & block.chunk_bits(word));
        // SAFETY: a word that is not 0 has a chunk for its first bit (B2).
        let base = unsafe { block.chunk(BitIndex { word, bit: 0 }, &self.geometry) };
        self.word_base.set(base.get().as_ptr());
    }

    /// A block that was never used, or not since its segment was emptied; listed.
    fn cut_block(self) -> Option<Block> {
        let (segment, index) = self.segments.next_block(&self.geometry)?;
        // SAFETY: the segment has that many blocks.
        let base = unsafe { segment.base().byte_add(index * self.geometry.block_size()) };
        let chunks = segment.chunks_in(index, &self.geometry);
        // SAFETY: `base` is block `index` of a live segment, sized for these chunks (S1); the block is not in
        // use (S2).
        let block = unsafe { Block::write(base, self, segment, chunks) };
        self.room.push(block);
        Some(block)
    }

    /// Takes a chunk back.
    ///
    /// This may be the end of a closed heap: the caller must not use it afterwards unless it has a handle.
    ///
    /// # Safety
    ///
    /// 1. `chunk` came from this heap and has not been given back since.
    /// 2. Nobody touches its bytes after this call.
    /// 3. `shape` is the heap's.
    #[inline(always)]
    #[track_caller]
    pub(crate) unsafe fn free(self, chunk: ChunkPtr, shape: impl Shape) {
        #[cfg(debug_assertions)]
        self.check_freed(chunk.get());
        let recent = self.recent.get();
        // One comparison serves all three cases; a closed heap costs an open one nothing.
        if recent > CLOSED {
            // SAFETY: (1) and (3).
            unsafe { self.put(chunk, shape) };
        } else if recent.is_null() {
            self.recent.set(chunk.get().as_ptr());
        } else {
            // SAFETY: (1).
            unsafe { self.free_closed(chunk) };
        }
    }

    /// Sets a chunk's bit in its block.
    ///
    /// # Safety
    ///
    /// 1. `chunk` is one of this heap's, and its bit is 0.
    /// 2. `shape` is the heap's.
    #[inline(always)]
    unsafe fn put(self, chunk: ChunkPtr, shape: impl Shape) {
        // SAFETY: (2).
        let (block, at) = unsafe { chunk.place(shape) };
        // SAFETY: a chunk's word is one of its block's.
        let word = unsafe { block.word(at.word) };
        let before = word.get();
        if before == 0 {
            return self.put_first_slow(block, at);
        }
        let after = before | at.mask();
        word.set(after);
        if after == u64::MAX {
            self.word_filled_slow(block);
        }
    }

    /// The first chunk that comes back to a word: the block has room again.
    #[cold]
    #[inline(never)]
    fn put_first_slow(self, block: Block, at: BitIndex) {
        let header = block.header();
        header.summary.set(header.summary.get() | 1 << at.word);
        if !header.listed.get() {
            self.room.push(block);
        }
        // A word that is not 0 has ones beyond the last chunk, so that a full word is all ones (B2).
        let after = at.mask() | !block.chunk_bits(at.word);
        // SAFETY: a chunk's word is one of its block's.
        unsafe { block.word(at.word) }.set(after);
        if after == u64::MAX {
            self.word_filled_slow(block);
        }
    }

    /// All chunks of a word are back; so may be all of the block, and all of the segment.
    #[cold]
    #[inline(never)]
    fn word_filled_slow(self, block: Block) {
        let header = block.header();
        header.full_words.set(header.full_words.get() + 1);
        if !block.is_full_of_free_chunks() {
            return;
        }
        let segment = header.segment;
        let empty = &segment.record().empty;
        empty.set(empty.get() + 1);
        if segment.is_emptied() {
            self.segment_emptied(segment);
        } else {
            // Blocks in use are looked at before it, so that it may stay empty.
            self.room.remove(block);
            self.room.push(block);
        }
    }

    /// A closed heap keeps nothing in its hand. This may be its end.
    ///
    /// # Safety
    ///
    /// 1. `chunk` is one of this heap's, and its bit is 0.
    #[cold]
    #[inline(never)]
    unsafe fn free_closed(self, chunk: ChunkPtr) {
        // SAFETY: (1).
        unsafe { self.put(chunk, self.geometry) };
    }

    /// Puts the chunks that the heap holds itself back into their blocks.
    ///
    /// Only under a hold: no segment goes back to the parent meanwhile.
    pub(crate) fn flush(self) {
        debug_assert!(self.holds.get() != 0);
        let word = self.word.take();
        for bit in (0..64).filter(|bit| word & (1 << bit) != 0) {
            // SAFETY: bit i of `word` is the chunk i strides behind `word_base` (H2).
            let chunk = unsafe { self.word_base.get().byte_add(bit * self.geometry.stride()) };
            // SAFETY: it lies behind `word_base`, which is not null.
            let chunk = unsafe { NonNull::new_unchecked(chunk) };
            // SAFETY: as above.
            let chunk = unsafe { ChunkPtr::new(chunk) };
            // SAFETY: it was held, so its bit is 0 (H1).
            unsafe { self.put(chunk, self.geometry) };
        }
        let recent = self.recent.replace(ptr::null_mut());
        if recent > CLOSED {
            // SAFETY: it is neither null nor `CLOSED`.
            let chunk = unsafe { NonNull::new_unchecked(recent) };
            // SAFETY: so it is a chunk (H3).
            let chunk = unsafe { ChunkPtr::new(chunk) };
            // SAFETY: it was held, so its bit is 0 (H1).
            unsafe { self.put(chunk, self.geometry) };
        } else {
            self.recent.set(recent);
        }
    }

    /// Forgets the chunks that the heap holds itself, as part of a reset: all blocks are about to be empty.
    pub(crate) fn forget_held(self) {
        self.word.set(0);
        self.recent.set(ptr::null_mut());
    }

    pub(crate) fn is_closed(self) -> bool {
        self.recent.get() == CLOSED
    }

    /// Blocks `recent`, so that every free takes the slow half, or opens it again. Nothing may be held: to close,
    /// after `flush`.
    pub(crate) fn mark_closed(self, closed: bool) {
        debug_assert!(self.word.get() == 0 && self.recent.get() <= CLOSED);
        self.recent.set(if closed { CLOSED } else { ptr::null_mut() });
    }

    /// The chunk in `recent`, if there is one.
    pub(crate) fn recent(self) -> Option<NonNull<u8>> {
        NonNull::new(self.recent.get()).filter(|_| !self.is_closed())
    }

    /// The free chunks in the heap's word, and the address of its first.
    pub(crate) fn held_word(self) -> (u64, *mut u8) {
        (self.word.get(), self.word_base.get())
    }
}
