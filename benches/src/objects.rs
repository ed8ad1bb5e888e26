//! What the workloads allocate.

/// A value that is written in full when it is made and read at both ends before it is freed.
///
/// It has no destructor, so that what is measured is the pool and not the value.
pub trait Object: Copy + Unpin + 'static {
    /// Builds the value.
    fn new(cookie: u64) -> Self;

    /// Reads the first and the last word. What went in must come out again.
    fn stamp(&self) -> u64;
}

/// `N` words of eight bytes: the cookie at both ends, zeros between.
///
/// The zeros are written sixteen bytes at a time, so that writing the object, the same for all, is a small part of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words<const N: usize>([u64; N]);

impl<const N: usize> Object for Words<N> {
    #[inline(always)]
    fn new(cookie: u64) -> Self {
        let mut words = [0; N];
        words[0] = cookie;
        words[N - 1] = cookie;
        Words(words)
    }

    // Both ends, because an object that straddles two cache lines costs its reader two.
    #[inline(always)]
    fn stamp(&self) -> u64 {
        self.0[0].wrapping_add(self.0[N - 1])
    }
}
