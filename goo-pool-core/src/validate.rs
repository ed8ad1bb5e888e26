//! The invariants as code: what `INVARIANTS.md` states, checked in full. One body for both kinds of pools;
//! `sync/validate.rs` adds what only threads can break.

use core::ptr::NonNull;

use crate::block::{BitIndex, Block};
use crate::block_list::BlockList;
use crate::front::{BLOCKED, Front};
use crate::geometry::Geometry;
use crate::heap::HeapPtr;
use crate::kind::Kind;
use crate::segment::Segment;
use crate::store::Store;

/// A pool of either kind, as far as these checks are concerned. Nobody uses it meanwhile.
pub(crate) struct Audit<'p, K: Kind> {
    pub(crate) geometry: &'p Geometry,
    /// One, or one for each home (sync/stores.rs).
    pub(crate) stores: &'p [Store<K>],
    /// All lists of blocks but the stores'.
    pub(crate) lists: &'p [&'p BlockList<K>],
    /// What the fronts hold.
    pub(crate) hands: &'p [Hand],
    /// Which chunks of a block's word are free in it, whoever freed them.
    pub(crate) free_bits: fn(Block<K>, usize) -> u64,
}

/// The free chunks that a front holds.
pub(crate) struct Hand {
    word: u64,
    /// The chunk of the word's first bit (H2).
    base: *mut u8,
    recent: Option<NonNull<u8>>,
}

/// What an audit counted.
#[derive(Default)]
pub(crate) struct Sums {
    bytes: usize,
    spare_chunks: usize,
    chunks: usize,
    listed: usize,
    /// Blocks whose chunks are all free and in the block.
    full: usize,
}

impl HeapPtr {
    /// Panics, with the invariant's number, if the heap is not whole. Takes a look at every block.
    pub(crate) fn assert_valid(self) {
        let hand = Hand::new(&self.front);
        let blocked = self.is_closed() || self.front.never_keeps_recent();
        assert_eq!(self.front.recent() == BLOCKED, blocked, "H3: blocked if closed, or if the order says so");
        assert!(!self.is_closed() || hand.word == 0, "H3: a closed heap holds chunks");
        let audit = Audit {
            geometry: &self.geometry,
            stores: core::slice::from_ref(&self.store),
            lists: &[&self.front.room],
            hands: &[hand],
            free_bits: local_bits,
        };
        let sums = audit.run(|block| assert!(block.header().owner == self, "S3: a block's owner"));
        assert_eq!(sums.full, self.store.empties.iter().count(), "S4: an empty block is not in the store");
    }
}

/// What the owner itself freed of a word.
pub(crate) fn local_bits<K: Kind>(block: Block<K>, word: usize) -> u64 {
    block.bitmap().nth(word).map_or(0, |(bits, chunks)| bits & chunks)
}

impl<K: Kind> Audit<'_, K> {
    /// Panics, with the invariant's number, if something is not as it should be. `check` gets every cut block.
    pub(crate) fn run(&self, check: impl Fn(Block<K>)) -> Sums {
        let mut sums = Sums::default();
        for store in self.stores {
            self.assert_store(store, &mut sums, &check);
        }
        if let Some(limit) = self.stores.first().and_then(|store| store.config.max_chunks) {
            assert!(sums.chunks <= limit, "H6: the limit is exceeded");
        }
        let empties = self.stores.iter().map(|store| &store.empties);
        let lists = self.lists.iter().copied().chain(empties).flat_map(BlockList::iter);
        let listed = lists.inspect(|block| assert!(block.header().listed.get(), "B4: listed flag")).count();
        assert_eq!(listed, sums.listed, "B4: blocks in the lists");
        self.assert_hands();
        sums
    }

    fn assert_store(&self, store: &Store<K>, all: &mut Sums, check: impl Fn(Block<K>)) {
        let segments = &store.segments;
        let mut sums = Sums::default();
        let mut seen_cutting = false;
        for segment in segments.iter() {
            let cutting = segments.cutting.get() == Some(segment);
            seen_cutting |= cutting;
            let cut = segment.record().cut.get() as usize;
            let blocks = segment.blocks(self.geometry);
            if cutting {
                assert!(cut < blocks, "S2: the segment to cut from has no uncut block");
            } else if seen_cutting {
                assert_eq!(cut, 0, "S2: a segment behind the one to cut from is cut");
            } else {
                assert_eq!(cut, blocks, "S2: a segment before the one to cut from has an uncut block");
            }
            self.assert_segment(store, segment, &mut sums, &check);
        }
        assert!(seen_cutting || segments.cutting.get().is_none(), "S2: the segment to cut from is not in the list");
        assert_eq!(sums.bytes, segments.bytes.get(), "S5: bytes");
        assert_eq!(sums.spare_chunks, segments.spare_chunks.get(), "S5: spare chunks");
        assert_eq!(sums.chunks, segments.chunks.get(), "S5: chunks");
        all.chunks += sums.chunks;
        all.listed += sums.listed;
        all.full += sums.full;
    }

    fn assert_segment(&self, store: &Store<K>, segment: Segment, sums: &mut Sums, check: impl Fn(Block<K>)) {
        let geometry = self.geometry;
        let base = segment.base().addr().get();
        assert_eq!(base % geometry.block_size(), 0, "G1: a segment's address");
        let last = segment.blocks(geometry) - 1;
        let end = last * geometry.block_size() + geometry.bytes_for(segment.chunks_in(last, geometry));
        assert!(end <= segment.bytes(), "S1: the last chunk reaches beyond the segment");
        for (index, block) in segment.cut_blocks(geometry).enumerate() {
            assert_eq!(block.base().addr().get(), base + index * geometry.block_size(), "G1: a block's address");
            assert!(block.header().segment == segment, "S3: a block's segment");
            assert_eq!(block.chunks(), segment.chunks_in(index, geometry), "S3: a block's chunks");
            assert_block(block);
            check(block);
            sums.listed += usize::from(block.header().listed.get());
            sums.full += usize::from(block.is_full_of_free_chunks());
        }
        assert_eq!(segment.record().home, store.home(), "S6: a segment of another home's");
        let in_store = store.empties.iter().filter(|block| block.header().segment == segment);
        let empty = in_store.inspect(|block| assert!(block.is_full_of_free_chunks(), "S4: a live chunk in the store"));
        assert_eq!(empty.count(), segment.record().empty.get() as usize, "S4: empty blocks");
        sums.bytes += segment.bytes();
        sums.chunks += segment.chunks();
        if segment.is_spare() {
            sums.spare_chunks += segment.chunks();
        }
    }

    /// What a hand holds are chunks, which are free nowhere else.
    fn assert_hands(&self) {
        for (index, hand) in self.hands.iter().enumerate() {
            if hand.word != 0 {
                let (block, at) = self.find(hand.base).expect("H2: a word that does not start with a chunk");
                assert_eq!(at.bit, 0, "H2: a word that starts in the middle of another");
                assert_eq!(hand.word & !block.chunk_bits(at.word), 0, "H2: a word has more than its chunks");
                assert_eq!(hand.word & (self.free_bits)(block, at.word), 0, "H1: a chunk is held, and in its block");
            }
            if let Some(recent) = hand.recent {
                let (block, at) = self.find(recent.as_ptr()).expect("H3: the chunk freed last is not a chunk");
                assert_eq!(at.mask() & (self.free_bits)(block, at.word), 0, "H1: a chunk is held, and in its block");
                assert!(!hand.has_in_word(recent, self.geometry), "H1: a chunk is held twice");
            }
            for other in &self.hands[index + 1..] {
                let shared = if hand.base == other.base { hand.word & other.word } else { 0 };
                let first = hand.recent.is_some_and(|recent| other.has_in_word(recent, self.geometry));
                let second = other.recent.is_some_and(|recent| hand.has_in_word(recent, self.geometry));
                let both = hand.recent.is_some() && hand.recent == other.recent;
                assert!(shared == 0 && !first && !second && !both, "H1: two hands hold one chunk");
            }
        }
    }

    /// The block with a chunk at that address.
    fn find(&self, ptr: *mut u8) -> Option<(Block<K>, BitIndex)> {
        let segments = self.stores.iter().flat_map(|store| store.segments.iter());
        let mut inside = segments.filter_map(|segment| {
            let offset = ptr.addr().checked_sub(segment.base().addr().get())?;
            (offset < segment.bytes()).then_some((segment, offset))
        });
        let (segment, offset) = inside.next()?;
        let block = segment.cut_blocks(self.geometry).nth(offset / self.geometry.block_size())?;
        let index = self.geometry.exact_index(self.geometry.offset_in_block(offset))?;
        (index < block.chunks()).then(|| (block, BitIndex::new(index)))
    }
}

fn assert_block<K: Kind>(block: Block<K>) {
    let header = block.header();
    let mut full = 0;
    for (word, (bits, chunks)) in block.bitmap().enumerate() {
        if bits != 0 {
            assert_eq!(bits | chunks, u64::MAX, "B2: ones beyond the last chunk");
            assert_ne!(bits & chunks, 0, "B2: a word of nothing but ones beyond the last chunk");
            assert!(header.listed.get(), "B4: a block with room is not in a list");
        }
        assert_eq!(header.summary.get() >> word & 1 != 0, bits != 0, "B3: summary of word {word}");
        full += u32::from(bits == u64::MAX);
    }
    assert_eq!(full, header.full_words.get(), "B5: full words");
    assert!(block.words() == 64 || header.summary.get() >> block.words() == 0, "B3: summary beyond the last word");
}

impl Hand {
    pub(crate) fn new<K: Kind>(front: &Front<K>) -> Self {
        let (word, base) = front.word();
        Self { word, base, recent: front.recent_chunk() }
    }

    fn has_in_word(&self, chunk: NonNull<u8>, geometry: &Geometry) -> bool {
        let offset = chunk.addr().get().checked_sub(self.base.addr());
        let bit = offset.map(|offset| offset / geometry.stride()).filter(|&bit| bit < 64);
        bit.is_some_and(|bit| self.word & (1 << bit) != 0)
    }
}
