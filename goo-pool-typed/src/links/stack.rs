//! What is still to be visited.

use alloc::vec::Vec;

/// What needs no memory of its own besides the top: enough for binary trees of five levels. The bench `links` has the rows
/// "trees of 15" and "trees of 3" for it.
const NEAR: usize = 4;

/// A stack whose top has a place of its own, as the only one that lists need.
///
/// What a node adds is pushed in order, and then comes in order, before all that was there:
///
/// ```text
/// pop();  let kept = kept();  push(first);  push(second);  ...  turn(kept);
/// ```
#[derive(Clone, Debug)]
pub(crate) struct Stack<X> {
    top: Option<X>,
    /// What comes after `top`, if there was ever so much: each node that is dropped makes a stack, and most stay empty.
    below: Option<Below<X>>,
}

impl<X> Stack<X> {
    #[inline(always)]
    pub(crate) const fn new() -> Self {
        Self { top: None, below: None }
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        usize::from(self.top.is_some()) + self.kept()
    }

    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Option<X> {
        self.top.take().or_else(|| self.below.as_mut()?.pop())
    }

    /// How much lies below the top.
    #[inline(always)]
    pub(crate) fn kept(&self) -> usize {
        self.below.as_ref().map_or(0, Below::len)
    }

    /// Adds `x`. Without memory it fails as `Vec::push` does.
    #[inline(always)]
    pub(crate) fn push(&mut self, x: X) {
        if let Err(x) = self.try_push(x) {
            self.below.get_or_insert_with(Below::new).push(x);
        }
    }

    /// Adds `x`, or gives it back if there is no memory.
    #[inline(always)]
    pub(crate) fn try_push(&mut self, x: X) -> Result<(), X> {
        if self.top.is_none() {
            self.top = Some(x);
            return Ok(());
        }
        self.below.get_or_insert_with(Below::new).try_push(x)
    }

    /// Turns what was pushed since `kept` was returned by [`kept`](Self::kept), so that it comes in order.
    #[inline(always)]
    pub(crate) fn turn(&mut self, kept: usize) {
        // With one link or two there is nothing to turn.
        if self.kept() - kept < 2 {
            return;
        }
        if let Some(below) = &mut self.below {
            below.turn(kept);
        }
    }
}

/// The part of a stack below its top; its end comes first.
#[derive(Clone, Debug)]
struct Below<X> {
    /// All there is, as long as that is little.
    ///
    /// Invariant: the first `near_len` are `Some`, the others are not; and there are none if there is one in `far`.
    near: [Option<X>; NEAR],
    near_len: usize,
    /// All there is, if it is much.
    far: Vec<X>,
}

impl<X> Below<X> {
    #[inline]
    const fn new() -> Self {
        Self { near: [const { None }; NEAR], near_len: 0, far: Vec::new() }
    }

    #[inline]
    fn len(&self) -> usize {
        // One of them is 0.
        self.near_len + self.far.len()
    }

    #[inline]
    fn pop(&mut self) -> Option<X> {
        match self.near_len.checked_sub(1) {
            Some(last) => {
                self.near_len = last;
                self.near[last].take()
            }
            None => self.far.pop(),
        }
    }

    /// Adds what found no memory once more; fails as `Vec::push` does.
    #[cold]
    fn push(&mut self, x: X) {
        self.far.reserve(NEAR + 1);
        self.push_far(x);
    }

    #[inline]
    fn try_push(&mut self, x: X) -> Result<(), X> {
        if self.near_len < NEAR && self.far.is_empty() {
            self.near[self.near_len] = Some(x);
            self.near_len += 1;
        } else if self.far.try_reserve(NEAR + 1).is_ok() {
            self.push_far(x);
        } else {
            return Err(x);
        }
        Ok(())
    }

    /// Adds `x` where there is room for it and all that is near.
    #[inline]
    fn push_far(&mut self, x: X) {
        if self.near_len > 0 {
            self.far.extend(self.near.iter_mut().filter_map(Option::take));
            self.near_len = 0;
        }
        self.far.push(x);
    }

    fn turn(&mut self, kept: usize) {
        if self.far.is_empty() {
            self.near[kept..self.near_len].reverse();
        } else {
            self.far[kept..].reverse();
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::{NEAR, Stack};

    /// Pops one, and pushes `added` in its place, as a node's links.
    fn step(stack: &mut Stack<u32>, reference: &mut Vec<u32>, added: &[u32]) {
        assert_eq!(stack.pop(), reference.pop());
        let kept = stack.kept();
        added.iter().for_each(|&x| stack.push(x));
        stack.turn(kept);
        reference.extend(added.iter().rev());
        assert_eq!((stack.len(), stack.is_empty()), (reference.len(), reference.is_empty()));
    }

    #[test]
    fn what_is_pushed_together_comes_in_order_however_much_it_is() {
        let (mut stack, mut reference) = (Stack::new(), Vec::new());
        let mut random = 1_u32;
        for round in 0..if cfg!(miri) { 200 } else { 20_000 } {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Grows beyond `NEAR` and shrinks to nothing by turns.
            let most = if round / 50 % 2 == 0 { 2 * NEAR as u32 } else { 2 };
            let added: Vec<u32> = (0..(random >> 16) % most).map(|n| round * 100 + n).collect();
            step(&mut stack, &mut reference, &added);
        }
        while !reference.is_empty() {
            step(&mut stack, &mut reference, &[]);
        }
        step(&mut stack, &mut reference, &[]);
    }

    #[test]
    fn a_few_need_no_memory() {
        let mut stack = Stack::<u8>::new();
        (0..=NEAR).for_each(|_| assert_eq!(stack.try_push(0), Ok(())));
        assert_eq!(stack.below.map(|below| below.far.capacity()), Some(0));
    }
}
