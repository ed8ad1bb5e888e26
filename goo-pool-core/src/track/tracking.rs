//! How a pool is tracked.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::ledger::Ledger;
use super::report::LeakReport;
use super::tracked::Tracked;

pub(crate) type Sink = Arc<dyn Fn(&LeakReport) + Send + Sync>;

/// Settings for tracking a pool: what is recorded, and who hears of leaks.
///
/// # Examples
///
/// ```
/// use goo_pool_core::{SyncRawPool, Tracking};
/// use std::{alloc::Layout, sync::mpsc};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (sender, reports) = mpsc::channel();
/// let pool = SyncRawPool::new(Layout::new::<[u8; 64]>())?;
/// let pool = Tracking::new()
///     .name("packets")
///     .call_sites()
///     .on_leak(move |report| sender.send(report.clone()).unwrap())
///     .track(pool);
/// pool.allocate()?;
/// drop(pool);
/// assert_eq!(reports.recv()?.bytes(), 64);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "settings do nothing until they track a pool"]
pub struct Tracking {
    pub(crate) name: Cow<'static, str>,
    pub(crate) call_sites: bool,
    /// `None` is the default sink.
    pub(crate) on_leak: Option<Sink>,
}

impl Tracking {
    /// Sums alone: what is live, its peak, totals. That is a few words under a lock, and allocates nothing but the ledger
    /// itself.
    pub const fn new() -> Self {
        Self { name: Cow::Borrowed("pool"), call_sites: false, on_leak: None }
    }

    /// What the pool is called in reports, instead of "pool".
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Keeps a record of each live chunk: its call site, as `#[track_caller]` has it, for reports. Also finds every double
    /// or foreign free, in all builds.
    ///
    /// The records, and a map's entry for each, take memory of the global allocator; without it the program ends, as with a
    /// `Vec`. So a pool that is itself the global allocator cannot have this.
    pub const fn call_sites(mut self) -> Self {
        self.call_sites = true;
        self
    }

    /// Who is told what is live when the pool ends. Nobody is called if nothing is.
    ///
    /// The default sink is quiet about pools without [`call_sites`](Self::call_sites). With them, it is a `tracing` event for the
    /// whole and one for each call site, all of level `WARN`, if the feature `tracing` is on and a subscriber is set; otherwise
    /// the report goes to the standard error stream.
    ///
    /// The sink is called with nothing locked. It lives as long as the ledger, which the boxes of a typed pool keep too: one
    /// that is never dropped, for ever. If it panics, the pool's memory is given back all the same; but if the
    /// pool is dropped because of another panic, the process aborts, as with any destructor.
    pub fn on_leak(mut self, sink: impl Fn(&LeakReport) + Send + Sync + 'static) -> Self {
        self.on_leak = Some(Arc::new(sink));
        self
    }

    /// The pool, or [`Parent`](crate::Parent), with a ledger of its own. What was allocated before is not in it.
    pub fn track<P>(self, pool: P) -> Tracked<P> {
        Tracked::from_parts(pool, Ledger::new(self))
    }
}

impl Default for Tracking {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Tracking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracking")
            .field("name", &self.name)
            .field("call_sites", &self.call_sites)
            .finish_non_exhaustive()
    }
}
