//! How a pool is set up, as plain data.

use crate::parent::Parent;
use crate::reuse::Reuse;
use crate::strategy::{Growth, Return};

/// A pool's settings.
///
/// # Examples
///
/// ```
/// use goo_pool_core::Config;
///
/// let config = Config::default().with_capacity(1_000).with_max_chunks(50_000);
/// assert_eq!(config.max_chunks, Some(50_000));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct Config {
    /// Chunks to have ready when the pool is built. Default: 0, and the first allocation asks the parent.
    pub capacity: usize,
    /// Chunks that the pool never grows beyond. Default: none.
    pub max_chunks: Option<usize>,
    /// Bytes of the first segment, at least one chunk. Default: 2000, so that a small pool touches two pages
    /// together with what the system's allocator writes beside it (the `memory` program of the benches shows it).
    pub first_segment: usize,
    /// Segments double the pool until they have this many bytes. Default: 4 MiB.
    pub max_segment: usize,
    /// How the pool grows. Default: doubling.
    pub growth: Growth,
    /// When the pool gives memory back. Default: with hysteresis.
    pub returns: Return,
    /// What is reused first. Default: the chunk freed last; with the feature `hardened`, a random one.
    pub reuse: Reuse,
}

impl Config {
    /// The same with another initial capacity, in chunks.
    #[must_use]
    pub const fn with_capacity(mut self, chunks: usize) -> Self {
        self.capacity = chunks;
        self
    }

    /// The same with a hard limit, in chunks.
    #[must_use]
    pub const fn with_max_chunks(mut self, chunks: usize) -> Self {
        self.max_chunks = Some(chunks);
        self
    }

    /// The same with another size of the first segment, in bytes.
    #[must_use]
    pub const fn with_first_segment(mut self, bytes: usize) -> Self {
        self.first_segment = bytes;
        self
    }

    /// The same with another cap on a segment's size, in bytes.
    #[must_use]
    pub const fn with_max_segment(mut self, bytes: usize) -> Self {
        self.max_segment = bytes;
        self
    }

    /// The same with another way to grow.
    #[must_use]
    pub const fn with_growth(mut self, growth: Growth) -> Self {
        self.growth = growth;
        self
    }

    /// The same with another way to give memory back.
    #[must_use]
    pub const fn with_returns(mut self, returns: Return) -> Self {
        self.returns = returns;
        self
    }

    /// The same with another order of reuse.
    #[must_use]
    pub const fn with_reuse(mut self, reuse: Reuse) -> Self {
        self.reuse = reuse;
        self
    }

    /// The same with segments of the parent's only size, if it has one.
    pub(crate) fn fitted_to(&self, parent: &impl Parent) -> Self {
        match parent.piece_size() {
            Some(bytes) => self.clone().with_growth(Growth::Fixed { bytes }),
            None => self.clone(),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            capacity: 0,
            max_chunks: None,
            first_segment: 2000,
            max_segment: 4 * 1024 * 1024,
            growth: Growth::Doubling,
            returns: Return::Hysteresis,
            reuse: Reuse::default(),
        }
    }
}
