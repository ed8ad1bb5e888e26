//! What can go wrong, one type for each way to fail.

use core::alloc::Layout;
use core::fmt;

/// No chunk to be had. The pool is as it was, and every live chunk stays valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AllocError {
    /// The pool may not grow beyond the limit it was built with. Freeing a chunk helps.
    LimitReached {
        /// The limit, in chunks.
        max_chunks: usize,
    },
    /// The parent allocator had no memory for another segment.
    OutOfMemory {
        /// What the parent was asked for.
        layout: Layout,
    },
    /// So many chunks would not fit into the address space.
    CapacityOverflow,
}

impl fmt::Display for AllocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LimitReached { max_chunks } => write!(f, "the pool's limit of {max_chunks} chunks is reached"),
            Self::OutOfMemory { layout } => {
                write!(f, "the parent allocator has no {} bytes aligned to {}", layout.size(), layout.align())
            }
            Self::CapacityOverflow => f.write_str("so many chunks do not fit into the address space"),
        }
    }
}

impl core::error::Error for AllocError {}

impl AllocError {
    /// Fails as `Box::new` does when there is no memory: by the global hook for that. A limit of our own is no lack of memory, so it
    /// panics.
    ///
    /// # Panics
    ///
    /// Unless it is [`OutOfMemory`](Self::OutOfMemory), of which the hook decides.
    ///
    /// # Examples
    ///
    /// ```should_panic
    /// use std::alloc::Layout;
    /// use goo_pool_core::RawPool;
    ///
    /// let pool = RawPool::builder(Layout::new::<u64>()).max_chunks(0).build().unwrap();
    /// let chunk = pool.allocate().unwrap_or_else(|error| error.fail());
    /// ```
    #[cold]
    pub fn fail(self) -> ! {
        match self {
            #[cfg(feature = "alloc")]
            Self::OutOfMemory { layout } => alloc::alloc::handle_alloc_error(layout),
            error => panic!("{error}"),
        }
    }
}

/// A layout whose blocks would not fit into the address space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayoutTooLarge {
    /// The layout that was asked for.
    pub layout: Layout,
}

impl fmt::Display for LayoutTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no pool for chunks of {} bytes aligned to {}", self.layout.size(), self.layout.align())
    }
}

impl core::error::Error for LayoutTooLarge {}

/// A pool that could not be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// Chunks of that layout do not fit into any block.
    Layout(LayoutTooLarge),
    /// The parent had no memory, or the initial capacity is above the limit.
    Alloc(AllocError),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layout(error) => error.fmt(f),
            Self::Alloc(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Layout(error) => Some(error),
            Self::Alloc(error) => Some(error),
        }
    }
}

impl From<LayoutTooLarge> for BuildError {
    fn from(error: LayoutTooLarge) -> Self {
        Self::Layout(error)
    }
}

impl From<AllocError> for BuildError {
    fn from(error: AllocError) -> Self {
        Self::Alloc(error)
    }
}
