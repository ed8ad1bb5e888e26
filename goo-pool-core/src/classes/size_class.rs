//! Size classes: which chunk serves a request. Pure arithmetic.
//!
//! Up to 64 bytes a class every 8, from there on four classes to each doubling, up to 32 KiB:
//!
//! ```text
//! 8 16 24 32  40 48 56 64  80 96 112 128  160 192 224 256  ...  20480 24576 28672 32768
//! ```
//!
//! A chunk has the largest alignment that its size allows: the largest power of two that divides it. That is enough for every
//! request of the class, if its size is rounded up to its alignment first. For a size in (2^k, 2^(k+1)] is rounded up to a multiple
//! of 2^(k-2): either the alignment divides that step, and so the class, or the size is a multiple of the step, and
//! so is itself the class.

use core::alloc::Layout;

/// How many classes there are.
pub(crate) const CLASSES: usize = index_of_last(LARGEST - 1) + 1;
/// The size of the largest class.
pub(crate) const LARGEST: usize = 32 * 1024;
/// The step between the smallest classes, as a power of two.
const LEAST_STEP: u32 = 3;
/// Classes to each doubling, as a power of two.
const PER_DOUBLING: u32 = 2;

/// The class that serves a layout, or a number of [`CLASSES`] or more: then it is none's. One comparison tells both
/// too large and zero-sized.
#[inline(always)]
pub(crate) const fn index_of(layout: Layout) -> usize {
    // The last byte of the size rounded up to its alignment. 0 becomes the largest number of all.
    index_of_last(layout.size().wrapping_sub(1) | (layout.align() - 1))
}

/// The smallest class whose chunks have a byte of that number.
#[inline(always)]
const fn index_of_last(last: usize) -> usize {
    // Below the first doubling the steps stay as they are.
    let step = (last | 1 << (LEAST_STEP + PER_DOUBLING)).ilog2() - PER_DOUBLING;
    (((step - LEAST_STEP) << PER_DOUBLING) as usize) + (last >> step)
}

/// What the chunks of a class look like.
pub(crate) const fn layout_of(index: usize) -> Layout {
    assert!(index < CLASSES);
    let doubling = index >> PER_DOUBLING;
    let place = index & ((1 << PER_DOUBLING) - 1);
    let size = if doubling == 0 {
        (place + 1) << LEAST_STEP
    } else {
        ((1 << PER_DOUBLING) + place + 1) << (doubling - 1 + LEAST_STEP as usize)
    };
    match Layout::from_size_align(size, 1 << size.trailing_zeros()) {
        Ok(layout) => layout,
        Err(_) => unreachable!(),
    }
}

/// How long the block for a layout is, and that of all other layouts that fit it.
#[cfg(feature = "tracking")]
pub(crate) const fn bytes_of(layout: Layout) -> usize {
    let index = index_of(layout);
    if index < CLASSES { layout_of(index).size() } else { layout.size() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class_of(size: usize, align: usize) -> Layout {
        layout_of(index_of(Layout::from_size_align(size, align).unwrap()))
    }

    #[test]
    fn classes_grow_and_each_serves_its_own_size() {
        let sizes: std::vec::Vec<_> = (0..CLASSES).map(|index| layout_of(index).size()).collect();
        assert!(sizes.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(sizes[..13], [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160]);
        assert_eq!((CLASSES, sizes[CLASSES - 1]), (44, LARGEST));
        assert!((0..CLASSES).all(|index| index_of(layout_of(index)) == index));
    }

    #[test]
    fn every_size_gets_the_smallest_class_that_holds_it() {
        for size in (1..=LARGEST).step_by(if cfg!(miri) { 97 } else { 1 }) {
            let index = index_of(Layout::from_size_align(size, 1).unwrap());
            assert!(layout_of(index).size() >= size);
            assert!(index == 0 || layout_of(index - 1).size() < size, "{size}");
        }
    }

    #[test]
    fn a_chunk_has_the_alignment_that_was_asked_for() {
        for align in (0..=15).map(|shift| 1 << shift) {
            for size in (1..=LARGEST).step_by(if cfg!(miri) { 997 } else { 1 }) {
                let class = class_of(size, align);
                assert!(class.size() >= size && class.align() >= align, "{size} aligned to {align}: {class:?}");
            }
        }
    }

    /// What `Allocator` calls a layout that fits: all of them must lead to the class that the block came from.
    #[test]
    fn every_size_up_to_the_chunks_own_stays_in_its_class() {
        for align in (0..=15).map(|shift| 1 << shift) {
            for size in (1..=LARGEST).step_by(if cfg!(miri) { 997 } else { 7 }) {
                let class = class_of(size, align);
                assert_eq!(class_of(class.size(), align), class, "{size} aligned to {align}");
            }
        }
    }

    #[test]
    fn what_is_too_large_or_zero_sized_is_no_classes() {
        for (size, align) in [(0, 1), (LARGEST + 1, 1), (1, 2 * LARGEST), (0, 2 * LARGEST), (isize::MAX as usize, 1)] {
            assert!(index_of(Layout::from_size_align(size, align).unwrap()) >= CLASSES, "{size} aligned to {align}");
        }
    }

    /// Of a chunk, the part that its request does not use. The crate's documentation has these figures.
    #[test]
    fn an_eighth_of_a_chunk_is_wasted_in_the_mean_at_most() {
        let waste = |size: usize| 1.0 - size as f64 / class_of(size, 1).size() as f64;
        let mean = |sizes: std::ops::RangeInclusive<usize>| {
            let count = sizes.clone().count() as f64;
            sizes.map(waste).sum::<f64>() / count
        };
        let all = mean(1..=LARGEST);
        assert!((0.0785..0.0795).contains(&all), "{all}");
        // Whatever the largest request of a program is, if it is not tiny.
        let mut sum = (1..=128).map(waste).sum::<f64>();
        for most in 129..=LARGEST {
            sum += waste(most);
            assert!(sum / most as f64 <= 0.125, "{most}");
        }
        // At most a fifth above the small end, where it is what a step of 8 wastes.
        assert!((33..=LARGEST).all(|size| waste(size) < 0.2));
        assert!((1..=64).all(|size| class_of(size, 1).size() - size < 8));
    }
}
