//! What is live, by call site: for people, and for sinks.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::vec::Vec;

/// The live chunks that one line of the program allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LiveSite {
    /// The line.
    pub location: &'static Location<'static>,
    /// How many chunks.
    pub objects: usize,
    /// Their bytes.
    pub bytes: usize,
}

/// What a tracked pool's ledger has live: at the pool's end, what was never freed.
///
/// Its `Display` is for people; it ends without a line break. The lines are sorted: most bytes first, then most objects, then by
/// file and line.
///
/// # Examples
///
/// ```
/// use goo_pool_core::{RawPool, Tracking};
/// use std::alloc::Layout;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = RawPool::new(Layout::new::<[u64; 4]>())?;
/// let pool = Tracking::new().name("requests").call_sites().on_leak(|_| ()).track(pool);
/// for _ in 0..3 {
///     pool.allocate()?;
/// }
/// let report = pool.ledger().report().to_string();
/// assert!(report.starts_with("requests: 3 objects (96 bytes) live\n    3 objects        96 bytes  at "));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeakReport {
    pub(crate) name: Cow<'static, str>,
    pub(crate) objects: usize,
    pub(crate) bytes: usize,
    /// `None` if call sites are not recorded.
    pub(crate) sites: Option<Vec<LiveSite>>,
}

impl LeakReport {
    /// The pool's name, as [`Tracking::name`](crate::Tracking::name) has it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many chunks are live.
    #[must_use]
    pub const fn objects(&self) -> usize {
        self.objects
    }

    /// Their bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The same by call site, in the report's order. Empty if call sites are not recorded.
    #[must_use]
    pub fn sites(&self) -> &[LiveSite] {
        self.sites.as_deref().unwrap_or_default()
    }
}

impl fmt::Display for LeakReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({}) live", self.name, Count(self.objects, "object"), Count(self.bytes, "byte"))?;
        let Some(sites) = &self.sites else {
            return f.write_str("; no call sites were recorded");
        };
        for LiveSite { location, objects, bytes } in sites {
            let (objects, bytes) = (Count(*objects, "object"), Count(*bytes, "byte"));
            write!(f, "\n{objects:>13}{bytes:>16}  at {location}")?;
        }
        Ok(())
    }
}

/// "1 object", "2 objects".
struct Count(usize, &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(count, noun) = self;
        let plural = if *count == 1 { "" } else { "s" };
        f.pad(&std::format!("{count} {noun}{plural}"))
    }
}
