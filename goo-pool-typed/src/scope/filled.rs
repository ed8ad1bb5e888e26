//! A row with values in it, and where they lie.

use core::ptr::NonNull;

use goo_pool_core::Row;

/// A row and how many of its chunks are taken: the first ones. (Of the last row in use, `Rows::next` alone says so.)
pub(super) struct Filled {
    pub(super) row: Row,
    /// Invariant: not more than the row has.
    pub(super) taken: usize,
}

/// Values side by side.
pub(super) struct Run {
    pub(super) first: NonNull<u8>,
    pub(super) values: usize,
}

impl Filled {
    /// The row's values: all that is taken but the holes, which are those of all rows, sorted.
    pub(super) fn runs(&self, holes: &[NonNull<u8>], stride: usize) -> impl Iterator<Item = Run> {
        let (first, taken) = (self.row.first(), self.taken);
        let behind = &holes[holes.partition_point(|&hole| hole < first)..];
        let indices = behind.iter().map(move |hole| (hole.addr().get() - first.addr().get()) / stride);
        // A run ends before a hole, the last one with what is taken.
        let ends = indices.take_while(move |&hole| hole < taken).chain([taken]);
        let mut from = 0;
        ends.map(move |end| {
            // SAFETY: not beyond what is taken of the row.
            let first = unsafe { first.byte_add(from * stride) };
            let values = end - from;
            from = end + 1;
            Run { first, values }
        })
    }
}
