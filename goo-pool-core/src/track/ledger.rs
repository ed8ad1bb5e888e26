//! The ledger: sums and records of one tracked pool, under a lock.

use std::fmt;
use std::io::{self, Write as _};
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::AcqRel, Ordering::Relaxed};
use std::vec::Vec;

use super::records::{Record, Records};
use super::report::{LeakReport, LiveSite};
use super::tracking::Tracking;
use crate::events;
use crate::sync::Lock;

/// A tracked pool's sums at one moment.
///
/// They fit together: `allocations - frees == objects`, always, also after a reset, which counts as the free of all that was
/// live.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Chunks that are live.
    pub objects: usize,
    /// Their bytes, as they were asked for: what the pool rounds up is not in it. Of a pool of many sizes, the chunks' own.
    pub bytes: usize,
    /// The most chunks that were live at once.
    pub peak_objects: usize,
    /// The most bytes that were live at once.
    pub peak_bytes: usize,
    /// Chunks that were ever handed out.
    pub allocations: u64,
    /// Chunks that came back, alone or by a reset.
    pub frees: u64,
    /// Requests that were refused.
    pub failures: u64,
}

impl Usage {
    fn free(&mut self, objects: usize, bytes: usize) {
        self.frees += objects as u64;
        self.objects -= objects;
        self.bytes -= bytes;
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} objects, {} bytes; peak: {} objects, {} bytes; allocations: {}, frees: {}, failures: {}",
            self.objects, self.bytes, self.peak_objects, self.peak_bytes, self.allocations, self.frees, self.failures,
        )
    }
}

/// What is known of a [`Tracked`](crate::Tracked) pool. A handle: clones are the same ledger.
///
/// It may be read on any thread, and stays when the pool is gone: what was live then stays as it was.
///
/// # Examples
///
/// What a pool takes from the system, and when:
///
/// ```
/// use goo_pool_core::{Global, RawPool, Tracked};
/// use std::alloc::Layout;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let parent = Tracked::new(Global);
/// let system = parent.ledger().clone();
/// let pool = RawPool::builder(Layout::new::<u64>()).parent(parent).build()?;
/// for _ in 0..1000 {
///     pool.allocate()?;
/// }
/// assert_eq!(system.usage().bytes, pool.stats().bytes_reserved);
/// drop(pool);
/// assert_eq!(system.usage().bytes, 0);
/// assert!(system.usage().peak_bytes > 8000);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Ledger(Arc<Inner>);

struct Inner {
    tracking: Tracking,
    /// Handles to the pool that this is about; boxes that outlive them do not count.
    handles: AtomicUsize,
    reported: AtomicBool,
    books: Lock<Books>,
}

struct Books {
    usage: Usage,
    /// `None` if call sites are not recorded.
    records: Option<Records>,
}

/// The ledger is whole whenever code that may panic runs: only ours runs under its lock.
impl UnwindSafe for Ledger {}
impl RefUnwindSafe for Ledger {}

impl Ledger {
    pub(crate) fn new(tracking: Tracking) -> Self {
        let records = tracking.call_sites.then(Records::default);
        let books = Lock::new(Books { usage: Usage::default(), records });
        Self(Arc::new(Inner { tracking, handles: AtomicUsize::new(0), reported: AtomicBool::new(false), books }))
    }

    /// The sums.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.0.books.lock().usage
    }

    /// What is live, by call site: most bytes first, then most objects, then by file and line. Empty if call sites are not
    /// recorded. One step for each live chunk, during which the ledger is locked.
    #[must_use]
    pub fn live_by_site(&self) -> Vec<LiveSite> {
        self.report().sites.unwrap_or_default()
    }

    /// What is live now, as it would be reported if the pool ended. The same price.
    #[must_use]
    pub fn report(&self) -> LeakReport {
        let (usage, sites) = {
            let books = self.0.books.lock();
            (books.usage, books.records.as_ref().map(Records::by_site))
        };
        LeakReport { name: self.0.tracking.name.clone(), objects: usage.objects, bytes: usage.bytes, sites }
    }

    /// Whether both are the same ledger.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// A chunk, or several side by side, is live from now on.
    pub(crate) fn enter(&self, address: usize, objects: usize, bytes: usize, site: &'static Location<'static>) {
        let mut books = self.0.books.lock();
        books.put_record(address, Record { objects, bytes, site });
        let usage = &mut books.usage;
        usage.allocations += objects as u64;
        usage.objects += objects;
        usage.bytes += bytes;
        usage.peak_objects = usage.peak_objects.max(usage.objects);
        usage.peak_bytes = usage.peak_bytes.max(usage.bytes);
    }

    /// The chunk is about to be freed.
    ///
    /// # Panics
    ///
    /// If the chunk has no record, or one of another size. Nothing is changed then.
    #[track_caller]
    pub(crate) fn strike(&self, address: usize, objects: usize, bytes: usize) {
        let mut books = self.0.books.lock();
        let taken = books.take_record(address, objects, bytes);
        if taken.is_ok() {
            books.usage.free(objects, bytes);
        }
        drop(books);
        if let Err(fault) = taken {
            fault.report(address, bytes, self.0.tracking.name.as_ref());
        }
    }

    /// The chunk is about to be moved or resized, or to stay as it is if [`Lifted`] is dropped. It stays live meanwhile.
    ///
    /// # Panics
    ///
    /// As [`strike`](Self::strike).
    #[track_caller]
    pub(crate) fn lift(&self, address: usize, bytes: usize) -> Lifted<'_> {
        let taken = self.0.books.lock().take_record(address, 1, bytes);
        match taken {
            Ok(record) => Lifted { ledger: self, address, bytes, record },
            Err(fault) => fault.report(address, bytes, self.0.tracking.name.as_ref()),
        }
    }

    pub(crate) fn count_failure(&self) {
        self.0.books.lock().usage.failures += 1;
    }

    /// All chunks are about to be freed.
    pub(crate) fn strike_all(&self) {
        let mut books = self.0.books.lock();
        if let Some(records) = &mut books.records {
            records.clear();
        }
        let usage = &mut books.usage;
        usage.free(usage.objects, usage.bytes);
    }

    fn report_leaks(&self) {
        let report = self.report();
        if report.objects == 0 {
            return;
        }
        match &self.0.tracking.on_leak {
            Some(sink) => sink(&report),
            // Sums alone do not say whether something was forgotten, or only outlives the pool.
            None if report.sites.is_none() => {}
            None if events::leaked(&report) => {}
            // Nobody can be told of a stream that is closed.
            None => drop(writeln!(io::stderr(), "{report}")),
        }
    }
}

impl Books {
    fn put_record(&mut self, address: usize, record: Record) {
        let before = self.records.as_mut().and_then(|records| records.insert(address, record));
        if let Some(before) = before {
            // The pool gave it again, so it was freed in the pool itself.
            self.usage.free(before.objects, before.bytes);
        }
    }

    /// Takes the chunk's record out, if chunks have records, and leaves the sums.
    fn take_record(&mut self, address: usize, objects: usize, bytes: usize) -> Result<Option<Record>, Fault> {
        let Some(records) = &mut self.records else {
            let fits = self.usage.objects >= objects && self.usage.bytes >= bytes;
            return if fits { Ok(None) } else { Err(Fault::NotLive) };
        };
        match records.get(address) {
            None => Err(Fault::NotLive),
            Some(record) if record.bytes != bytes => Err(Fault::Size(*record)),
            Some(_) => Ok(records.remove(address)),
        }
    }
}

/// A chunk whose record is out of the books, while the pool perhaps moves it: another thread may have its old place before
/// the new one is known.
pub(crate) struct Lifted<'l> {
    ledger: &'l Ledger,
    address: usize,
    bytes: usize,
    record: Option<Record>,
}

impl Lifted<'_> {
    /// It is there now, and so large. Its call site stays: that of its allocation.
    pub(crate) fn settle(mut self, address: usize, bytes: usize) {
        {
            let usage = &mut self.ledger.0.books.lock().usage;
            usage.bytes = usage.bytes - self.bytes + bytes;
            usage.peak_bytes = usage.peak_bytes.max(usage.bytes);
        }
        (self.address, self.bytes) = (address, bytes);
    }

    /// It was freed.
    pub(crate) fn free(mut self) {
        self.record = None;
        self.ledger.0.books.lock().usage.free(1, self.bytes);
    }
}

impl Drop for Lifted<'_> {
    fn drop(&mut self) {
        let Some(record) = self.record else { return };
        let mut books = self.ledger.0.books.lock();
        books.put_record(self.address, Record { bytes: self.bytes, ..record });
    }
}

/// Why a chunk cannot be struck out.
enum Fault {
    NotLive,
    Size(Record),
}

impl Fault {
    #[cold]
    #[track_caller]
    fn report(self, address: usize, bytes: usize, name: &str) -> ! {
        match self {
            Self::NotLive => panic!("double or foreign free: {name} has no live chunk at {address:#x}"),
            Self::Size(Record { bytes: own, site, .. }) => panic!(
                "freed with another size: the chunk of {name} at {address:#x} has {own} bytes, not {bytes}; \
                 it was allocated at {site}"
            ),
        }
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("tracking", &self.0.tracking).field("usage", &self.usage()).finish()
    }
}

/// One of a pool's handles, as its ledger counts them. The last one reports what is live then.
#[derive(Debug)]
pub(crate) struct Owner(Ledger);

impl Owner {
    pub(crate) fn new(ledger: Ledger) -> Self {
        // ORDERING: Relaxed: as for any reference count; the ledger itself is kept by its `Arc`.
        ledger.0.handles.fetch_add(1, Relaxed);
        Self(ledger)
    }

    pub(crate) const fn ledger(&self) -> &Ledger {
        &self.0
    }
}

impl Clone for Owner {
    fn clone(&self) -> Self {
        Self::new(self.0.clone())
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let inner = &self.0.0;
        // ORDERING: AcqRel: what other threads did with their handles is in the last one's report.
        let last = inner.handles.fetch_sub(1, AcqRel) == 1;
        // A box may lead to a pool again whose last handle is gone; that is no second end.
        if last && !inner.reported.swap(true, Relaxed) {
            self.0.report_leaks();
        }
    }
}
