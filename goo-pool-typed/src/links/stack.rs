//! What is still to be visited.

use alloc::alloc::handle_alloc_error;
use alloc::vec::Vec;
use core::alloc::Layout;

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
    /// The first `near_len` of them come after `top`, the last first, as long as there are few.
    ///
    /// Invariant: exactly these are `Some`, and there are none if there is one in `far`.
    near: [Option<X>; NEAR],
    near_len: usize,
    /// What comes after `top`, the last first, if it has become too much.
    far: Vec<X>,
}

impl<X> Stack<X> {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self { top: None, near: [const { None }; NEAR], near_len: 0, far: Vec::new() }
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        usize::from(self.top.is_some()) + self.kept()
    }

    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Option<X> {
        if let Some(x) = self.top.take() {
            return Some(x);
        }
        if let Some(last) = self.near_len.checked_sub(1) {
            self.near_len = last;
            return self.near[last].take();
        }
        self.far.pop()
    }

    /// How much lies below the top.
    #[inline(always)]
    pub(crate) fn kept(&self) -> usize {
        // One of them is 0.
        self.near_len + self.far.len()
    }

    /// Adds `x`. Without memory it fails as `Vec::push` does.
    #[inline(always)]
    pub(crate) fn push(&mut self, x: X) {
        if self.try_push(x).is_err() {
            no_memory::<X>();
        }
    }

    /// Adds `x`, or gives it back if there is no memory.
    #[inline(always)]
    pub(crate) fn try_push(&mut self, x: X) -> Result<(), X> {
        match self.top {
            Some(_) => self.push_below(x),
            None => {
                self.top = Some(x);
                Ok(())
            }
        }
    }

    #[inline]
    fn push_below(&mut self, x: X) -> Result<(), X> {
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
    fn push_far(&mut self, x: X) {
        if self.near_len > 0 {
            self.far.extend(self.near.iter_mut().filter_map(Option::take));
            self.near_len = 0;
        }
        self.far.push(x);
    }

    /// Turns what was pushed since `kept` was returned by [`kept`](Self::kept), so that it comes in order.
    #[inline(always)]
    pub(crate) fn turn(&mut self, kept: usize) {
        // With one link or two there is nothing to turn.
        if self.kept() > kept + 1 {
            self.turn_slow(kept);
        }
    }

    fn turn_slow(&mut self, kept: usize) {
        if self.far.is_empty() {
            self.near[kept..self.near_len].reverse();
        } else {
            self.far[kept..].reverse();
        }
    }
}

/// Ends as `Vec::push` does.
#[cold]
fn no_memory<X>() -> ! {
    match Layout::array::<X>(NEAR + 1) {
        Ok(layout) => handle_alloc_error(layout),
        Err(_) => unreachable!("a few of what there is many of"),
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
        assert_eq!(stack.len(), reference.len());
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
        assert_eq!(stack.far.capacity(), 0);
    }
}
