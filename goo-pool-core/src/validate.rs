//! The invariants as code: what `INVARIANTS.md` states, checked in full.

use crate::block::Block;
use crate::heap::HeapPtr;
use crate::kind::Local;
use crate::segment::Segment;

impl HeapPtr {
    /// Panics, with the invariant's number, if the heap is not whole. Takes a look at every block.
    pub(crate) fn assert_valid(self) {
        let mut sums = Sums::default();
        let mut seen_cutting = false;
        for segment in self.store.segments.iter() {
            let cutting = self.store.segments.cutting.get() == Some(segment);
            seen_cutting |= cutting;
            let cut = segment.record().cut.get() as usize;
            let blocks = segment.blocks(&self.geometry);
            if cutting {
                assert!(cut < blocks, "S2: the segment to cut from has no uncut block");
            } else if seen_cutting {
                assert_eq!(cut, 0, "S2: a segment behind the one to cut from is cut");
            } else {
                assert_eq!(cut, blocks, "S2: a segment before the one to cut from has an uncut block");
            }
            self.assert_segment(segment, &mut sums);
        }
        assert!(
            seen_cutting || self.store.segments.cutting.get().is_none(),
            "S2: the segment to cut from is not in the list"
        );
        assert_eq!(sums.bytes, self.store.segments.bytes.get(), "S5: bytes");
        assert_eq!(sums.spare_chunks, self.store.segments.spare_chunks.get(), "S5: spare chunks");
        assert_eq!(sums.chunks, self.store.segments.chunks.get(), "S5: chunks");
        if let Some(limit) = self.store.config.max_chunks {
            assert!(sums.chunks <= limit, "H6: the limit is exceeded");
        }
        let lists = self.front.room.iter().chain(self.store.empties.iter());
        let listed = lists.inspect(|block| assert!(block.header().listed.get(), "B4: listed flag")).count();
        assert_eq!(listed, sums.listed, "B4: blocks in the list");
        self.assert_held();
    }

    fn assert_segment(self, segment: Segment, sums: &mut Sums) {
        let base = segment.base().addr().get();
        assert_eq!(base % self.geometry.block_size(), 0, "G1: a segment's address");
        let last = segment.blocks(&self.geometry) - 1;
        let end = last * self.geometry.block_size() + self.geometry.bytes_for(segment.chunks_in(last, &self.geometry));
        assert!(end <= segment.bytes(), "S1: the last chunk reaches beyond the segment");
        let mut empty = 0;
        for (index, block) in segment.cut_blocks::<Local>(&self.geometry).enumerate() {
            assert!(block.header().segment == segment && block.header().owner == self, "S3: a block's owner");
            assert_eq!(block.base().addr().get(), base + index * self.geometry.block_size(), "G1: a block's address");
            assert_eq!(block.chunks(), segment.chunks_in(index, &self.geometry), "S3: a block's chunks");
            assert_block(block);
            empty += u32::from(block.is_full_of_free_chunks());
            sums.listed += usize::from(block.header().listed.get());
        }
        assert_eq!(empty, segment.record().empty.get(), "S4: empty blocks");
        sums.bytes += segment.bytes();
        sums.chunks += segment.chunks();
        if segment.is_spare() {
            sums.spare_chunks += segment.chunks();
        }
    }

    /// What the heap holds itself is a chunk, and its bit is 0.
    fn assert_held(self) {
        assert_eq!(self.is_closed(), self.handles.get() == 0, "H3: closed without handles, open with them");
        let (word, base) = self.front.word();
        let held = (0..64)
            .filter(|bit| word & (1 << bit) != 0)
            .map(|bit| base.wrapping_byte_add(bit * self.geometry.stride()));
        for ptr in held.chain(self.recent().map(|chunk| chunk.as_ptr())) {
            let geometry = &self.geometry;
            let holder = self.store.segments.iter().flat_map(|segment| segment.cut_blocks::<Local>(geometry)).find_map(
                |block| {
                    let offset = ptr.addr().checked_sub(block.base().addr().get())?;
                    let index = geometry.exact_index(offset).filter(|&index| index < block.chunks())?;
                    Some((block, index))
                },
            );
            let Some((block, index)) = holder else { panic!("H2: what the heap holds is not a chunk") };
            let bits = block.bitmap().nth(index / 64).map_or(0, |(bits, _)| bits);
            assert_eq!(bits & (1 << (index % 64)), 0, "H1: a chunk is held twice");
        }
    }
}

fn assert_block(block: Block<Local>) {
    let header = block.header();
    let mut full = 0;
    for (word, (bits, chunks)) in block.bitmap().enumerate() {
        if bits != 0 {
            assert_eq!(bits | chunks, u64::MAX, "B2: ones beyond the last chunk");
            assert_ne!(bits & chunks, 0, "B2: a word of nothing but ones beyond the last chunk");
            assert!(header.listed.get(), "B4: a block with room is not in the list");
        }
        assert_eq!(header.summary.get() >> word & 1 != 0, bits != 0, "B3: summary of word {word}");
        full += u32::from(bits == u64::MAX);
    }
    assert_eq!(full, header.full_words.get(), "B5: full words");
    assert!(block.words() == 64 || header.summary.get() >> block.words() == 0, "B3: summary beyond the last word");
}

#[derive(Default)]
struct Sums {
    bytes: usize,
    spare_chunks: usize,
    chunks: usize,
    listed: usize,
}
