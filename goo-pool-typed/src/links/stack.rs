//! What is still to be visited.

use alloc::vec::Vec;

/// A stack whose top has a place of its own: as long as nodes have one link, it needs no memory.
///
/// What a node adds is pushed in order, and then comes in order, before all that was there:
///
/// ```text
/// pop();  let kept = kept();  push(first);  push(second);  ...  turn(kept);
/// ```
#[derive(Clone, Debug)]
pub(crate) struct Stack<X> {
    top: Option<X>,
    /// What comes after `top`; the end of it first.
    rest: Vec<X>,
}

impl<X> Stack<X> {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self { top: None, rest: Vec::new() }
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.top.is_none() && self.rest.is_empty()
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        usize::from(self.top.is_some()) + self.rest.len()
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<X> {
        self.top.take().or_else(|| self.rest.pop())
    }

    /// How much lies below the top.
    #[inline]
    pub(crate) const fn kept(&self) -> usize {
        self.rest.len()
    }

    /// Adds `x`. Without memory it fails as `Vec::push` does.
    #[inline]
    pub(crate) fn push(&mut self, x: X) {
        match self.top {
            None => self.top = Some(x),
            Some(_) => self.rest.push(x),
        }
    }

    /// Adds `x`, or gives it back if there is no memory.
    #[inline]
    pub(crate) fn try_push(&mut self, x: X) -> Result<(), X> {
        if self.top.is_some() && self.rest.try_reserve(1).is_err() {
            return Err(x);
        }
        self.push(x);
        Ok(())
    }

    /// Turns what was pushed since `kept` was returned by [`kept`](Self::kept), so that it comes in order.
    #[inline]
    pub(crate) fn turn(&mut self, kept: usize) {
        self.rest[kept..].reverse();
    }
}
