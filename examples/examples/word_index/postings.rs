//! Where one word occurs: a list of line numbers, six to a page.
//!
//! A `Vec<u32>` would be the first thing to reach for, but it takes its memory from the global allocator
//! whatever box the node lives in, and the comparison would be about `Vec`. Pages have one size, so they
//! too can come from a pool, and then all of the index does.

use std::iter;

use crate::box_kind::BoxKind;

/// With the link this makes a page 32 bytes.
const LINES_PER_PAGE: usize = 6;

pub(crate) struct Page<K: BoxKind> {
    lines: [u32; LINES_PER_PAGE],
    older: Option<K::Owner<Page<K>>>,
}

/// The line of each occurrence; a line is there twice when the word is.
pub(crate) struct Postings<K: BoxKind> {
    /// The page written to. It holds 1 to 6 lines, all older pages are full.
    newest: Option<K::Owner<Page<K>>>,
    len: u32,
}

impl<K: BoxKind> Postings<K> {
    pub(crate) fn new() -> Self {
        Postings { newest: None, len: 0 }
    }

    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    pub(crate) fn push(&mut self, line: u32, pages: &K::Source<Page<K>>) {
        let slot = self.len as usize % LINES_PER_PAGE;
        if slot == 0 {
            let page = Page { lines: [0; LINES_PER_PAGE], older: self.newest.take() };
            self.newest = Some(K::put(pages, page));
        }
        let page = self.newest.as_mut().expect("a page was added with the first line");
        page.lines[slot] = line;
        self.len += 1;
    }

    /// From the newest page back to the oldest.
    pub(crate) fn pages(&self) -> impl Iterator<Item = &[u32]> {
        let mut used = match self.len as usize % LINES_PER_PAGE {
            0 => LINES_PER_PAGE,
            partly => partly,
        };
        let newest = self.newest.as_deref();
        iter::successors(newest, |page| page.older.as_deref())
            .map(move |page| &page.lines[..std::mem::replace(&mut used, LINES_PER_PAGE)])
    }

    /// In reading order.
    pub(crate) fn to_vec(&self) -> Vec<u32> {
        let mut lines: Vec<u32> = self.pages().flat_map(|page| page.iter().rev()).copied().collect();
        lines.reverse();
        lines
    }
}

impl<K: BoxKind> Drop for Postings<K> {
    /// Without this a page would drop the page behind it from within its own drop, and a word that occurs
    /// a million times would overflow the stack.
    fn drop(&mut self) {
        let mut next = self.newest.take();
        while let Some(mut page) = next {
            next = page.older.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::box_kind::{GlobalBoxes, PoolBoxes};

    fn keeps_every_line_in_order<K: BoxKind>() {
        let pages = K::Source::default();
        let mut postings = Postings::<K>::new();
        for len in 0..=20 {
            assert_eq!(postings.to_vec(), (0..len).collect::<Vec<_>>());
            assert_eq!(postings.len(), len);
            postings.push(len, &pages);
        }
    }

    #[test]
    fn every_line_is_kept_in_order() {
        keeps_every_line_in_order::<GlobalBoxes>();
        keeps_every_line_in_order::<PoolBoxes>();
    }

    #[test]
    fn a_million_occurrences_do_not_overflow_the_stack() {
        let len = if cfg!(miri) { 1_000 } else { 1_000_000 };
        let pages = Default::default();
        let mut postings = Postings::<PoolBoxes>::new();
        for line in 0..len {
            postings.push(line, &pages);
        }
        drop(postings);
        assert_eq!(pages.len(), 0);
    }
}
