//! How a piece lies in its mapping. Arithmetic alone: what a piece's mapping is follows from its layout, so nothing has to be
//! remembered to give it back.

use std::alloc::Layout;

/// What a piece takes of the address space.
///
/// ```text
/// asked of the system   ├───────────────────────────────────────────────┤   `asked` bytes
/// kept                       ├─guard─┼───────── len ─────────┼─guard─┤
///                                    ▲ the piece, aligned
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// Bytes that can be used, a multiple of the page size.
    pub(super) len: usize,
    /// Bytes of each guard: a page or nothing.
    pub(super) guard: usize,
    align: usize,
    page: usize,
}

/// Whole huge pages are used if that wastes at most a part in so many.
const WASTE: usize = 8;

impl Extent {
    /// `None` if that is more than the address space. `huge` is the size of huge pages, if they are wanted.
    pub(super) fn new(layout: Layout, page: usize, huge: Option<usize>, guarded: bool) -> Option<Self> {
        let mut align = layout.align().max(page);
        let mut len = layout.size().checked_next_multiple_of(page)?;
        if let Some(huge) = huge {
            let whole = len.checked_next_multiple_of(huge)?;
            // With guards, the one behind stands as near as it can.
            if !guarded && whole - len <= len / WASTE {
                len = whole;
            }
            if len >= huge {
                align = align.max(huge);
            }
        }
        let guard = if guarded { page } else { 0 };
        let extent = Self { len, guard, align, page };
        (extent.len.checked_add(2 * guard)?.checked_add(align)? <= isize::MAX as usize).then_some(extent)
    }

    /// Bytes that are kept, guards included.
    pub(super) fn kept(self) -> usize {
        self.len + 2 * self.guard
    }

    /// Bytes to ask for, so that an aligned piece with its guards lies somewhere in them.
    pub(super) fn asked(self) -> usize {
        self.kept() + (self.align - self.page)
    }

    /// How many bytes to give back in front of what is kept, and behind it, if the system gave `address`.
    pub(super) fn trimmed(self, address: usize) -> (usize, usize) {
        debug_assert!(address % self.page == 0);
        let front = (address + self.guard).next_multiple_of(self.align) - self.guard - address;
        (front, self.asked() - self.kept() - front)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 4096;
    const HUGE: usize = 2 << 20;

    fn extent(size: usize, align: usize, huge: bool, guarded: bool) -> Extent {
        let layout = Layout::from_size_align(size, align).unwrap();
        Extent::new(layout, PAGE, huge.then_some(HUGE), guarded).unwrap()
    }

    #[test]
    fn every_address_leaves_room_for_an_aligned_piece_and_its_guards() {
        for align in [1, PAGE, 16 * PAGE, HUGE, 4 * HUGE] {
            for (huge, guarded) in [(false, false), (false, true), (true, false), (true, true)] {
                for size in [1, PAGE, PAGE + 1, HUGE - 1, HUGE, 3 * HUGE + 5] {
                    let extent = extent(size, align, huge, guarded);
                    for page in [1, 2, 15, 16, 17, 511, 512, 513, 1000] {
                        let address = page * PAGE;
                        let (front, behind) = extent.trimmed(address);
                        let piece = address + front + extent.guard;
                        assert_eq!(piece % align, 0);
                        assert!(!huge || size < HUGE || piece % HUGE == 0);
                        assert!(extent.len >= size);
                        assert_eq!(front + extent.kept() + behind, extent.asked());
                    }
                }
            }
        }
    }

    #[test]
    fn a_piece_is_made_of_whole_huge_pages_if_that_wastes_little() {
        assert_eq!(extent(2 * HUGE - 40, 64, true, false).len, 2 * HUGE);
        assert_eq!(extent(2 * HUGE - 5 * PAGE, 64, true, false).len, 2 * HUGE);
        assert_eq!(extent(HUGE + PAGE, 64, true, false).len, HUGE + PAGE, "half of it would be wasted");
        assert_eq!(extent(2 * HUGE - 5 * PAGE, 64, true, true).len, 2 * HUGE - 5 * PAGE, "the guard is near");
        assert_eq!(
            extent(HUGE - 40, 64, true, false),
            extent(HUGE, 64, true, false),
            "a pool's segments have such sizes"
        );
        assert_eq!(extent(HUGE - 5 * PAGE, 64, true, false).len, HUGE);
        assert_eq!(extent(PAGE + 1, 64, true, false).len, 2 * PAGE, "small pieces have small pages");
    }

    #[test]
    fn what_does_not_fit_into_the_address_space_is_no_extent() {
        let size = isize::MAX as usize - 65535;
        let layout = Layout::from_size_align(size, 65536).unwrap();
        assert_eq!(Extent::new(layout, PAGE, None, true), None);
    }
}
