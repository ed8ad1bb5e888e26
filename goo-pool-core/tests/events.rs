//! What a subscriber of `tracing` hears, and that it may use the pool while it does.
#![cfg(feature = "tracing")]

mod common;

use std::alloc::Layout;
use std::cell::RefCell;
use std::fmt::{Debug, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Once;

use common::Watched;
use goo_pool_core::{AllocError, RawPool};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

type Listener = Rc<dyn Fn(&str)>;

thread_local! {
    /// Who listens on this thread.
    static LISTENER: RefCell<Option<Listener>> = const { RefCell::new(None) };
}

/// Hands each event as a line to the thread's listener. The one of the whole process: `tracing` itself keeps a scoped one
/// from hearing what it causes, a global one it does not.
struct Lines;

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let Self(line) = self;
        match field.name() {
            "message" => *line = format!("{value:?}{line}"),
            name => write!(line, " {name}={value:?}").unwrap(),
        }
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "goo_pool"
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        let line = format!("{} {}", event.metadata().level(), line.0);
        // Nothing is borrowed while the listener runs: it may be here again.
        let listener = LISTENER.with_borrow(Option::clone);
        if let Some(listener) = listener {
            listener(&line);
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

fn listen(listener: impl Fn(&str) + 'static) {
    static GLOBAL: Once = Once::new();
    GLOBAL.call_once(|| tracing::subscriber::set_global_default(Lines).unwrap());
    LISTENER.set(Some(Rc::new(listener)));
}

/// Everything heard on this thread from now on.
fn heard() -> Rc<RefCell<Vec<String>>> {
    let lines = Rc::new(RefCell::new(Vec::new()));
    let own = lines.clone();
    listen(move |line| own.borrow_mut().push(line.to_string()));
    lines
}

#[test]
fn growth_refusals_and_resets_are_told_and_nothing_else() {
    let lines = heard();
    let parent = Watched::default();
    let watch = parent.watch();
    let pool = RawPool::builder(Layout::new::<u64>()).max_chunks(1000).parent(parent).build().unwrap();
    for _ in 0..2 {
        let chunk = pool.allocate().unwrap();
        // SAFETY: the chunk is live.
        unsafe { pool.deallocate(chunk) };
    }
    let (chunks, bytes) = (pool.capacity(), watch.bytes());
    let [line] = &lines.take()[..] else { panic!("one event") };
    let own = line.rsplit_once("bytes=").unwrap().1.parse::<usize>().unwrap();
    assert_eq!(*line, format!("DEBUG a pool has grown chunks={chunks} bytes={own}"));
    assert!(own < bytes, "the pool's own record is no growth");

    pool.reserve(1001).unwrap_err();
    assert_eq!(lines.take(), ["WARN a pool cannot grow error=the pool's limit of 1000 chunks is reached"]);
    // SAFETY: no chunk is live.
    unsafe { pool.reset() };
    assert_eq!(lines.take(), [format!("DEBUG a pool was reset chunks={chunks}")]);
    watch.budget.set(Some(0));
    pool.reserve(1000).unwrap_err();
    let [line] = &lines.take()[..] else { panic!("one event") };
    assert!(line.starts_with("WARN a pool cannot grow error=the parent allocator has no "), "{line}");
    drop(pool);
    assert!(lines.take().is_empty());
}

#[test]
fn a_thread_safe_pool_tells_the_same() {
    let lines = heard();
    let pool = RawPool::builder(Layout::new::<u64>()).max_chunks(100).build_sync().unwrap();
    let chunk = pool.allocate().unwrap();
    // SAFETY: the chunk is live.
    unsafe { pool.deallocate(chunk) };
    pool.reserve(101).unwrap_err();
    let lines = lines.take();
    assert!(lines[0].starts_with("DEBUG a pool has grown chunks="), "{lines:?}");
    assert_eq!(lines[1..], ["WARN a pool cannot grow error=the pool's limit of 100 chunks is reached"]);
}

/// A pool that its own subscriber uses.
fn shared(limit: usize) -> Rc<RawPool> {
    Rc::new(
        RawPool::builder(Layout::new::<u64>()).first_segment(200).max_segment(5000).max_chunks(limit).build().unwrap(),
    )
}

#[test]
fn a_subscriber_may_allocate_and_free_in_the_pool_it_hears_of() {
    let pool = shared(2000);
    let taken = Rc::new(RefCell::new(Vec::<NonNull<u8>>::new()));
    let (own, chunks) = (pool.clone(), taken.clone());
    listen(move |_| {
        if let Ok(chunk) = own.allocate() {
            chunks.borrow_mut().push(chunk);
        }
        own.reserve(1).ok();
        if chunks.borrow().len() % 3 == 0 {
            if let Some(chunk) = chunks.borrow_mut().pop() {
                // SAFETY: the chunk is live.
                unsafe { own.deallocate(chunk) };
            }
        }
    });
    let mut live = Vec::new();
    let error = loop {
        match pool.allocate() {
            Ok(chunk) => live.push(chunk),
            Err(error) => break error,
        }
        pool.assert_valid();
    };
    // The subscriber heard that the pool is full, tried, and was not told that it failed.
    assert_eq!(error, AllocError::LimitReached { max_chunks: 2000 });
    assert!(!taken.borrow().is_empty());
    assert_eq!(pool.len(), live.len() + taken.borrow().len());

    let own = pool.clone();
    listen(move |_| assert!(own.allocate().is_ok()));
    // SAFETY: no chunk is used again.
    unsafe { pool.reset() };
    pool.assert_valid();
    assert_eq!(pool.len(), 1, "what the subscriber took when it heard of the reset");
    LISTENER.take();
}

#[test]
fn a_subscriber_that_panics_leaves_the_pool_whole() {
    let parent = Watched::default();
    let watch = parent.watch();
    let pool = RawPool::builder(Layout::new::<u64>()).max_chunks(50).parent(parent).build().unwrap();
    listen(|line| panic!("{line}"));
    catch_unwind(AssertUnwindSafe(|| pool.allocate())).unwrap_err();
    pool.assert_valid();
    assert!(pool.capacity() > 0, "it had grown");
    pool.allocate().unwrap();
    catch_unwind(AssertUnwindSafe(|| pool.reserve(1000))).unwrap_err();
    // SAFETY: no chunk is used again.
    catch_unwind(AssertUnwindSafe(|| unsafe { pool.reset() })).unwrap_err();
    pool.assert_valid();
    assert_eq!(pool.len(), 0);
    let lines = heard();
    pool.reserve(1000).unwrap_err();
    assert_eq!(lines.take().len(), 1, "events are told again");
    drop(pool);
    assert_eq!(watch.pieces(), 0);
}

#[cfg(feature = "tracking")]
mod tracked {
    use std::alloc::Layout;
    use std::rc::Rc;

    use goo_pool_core::{RawPool, Tracking};

    use super::{LISTENER, heard, listen, shared};

    #[test]
    fn a_leak_report_is_one_event_and_one_for_each_site() {
        let lines = heard();
        let pool = Tracking::new().name("jobs").call_sites().track(RawPool::new(Layout::new::<u64>()).unwrap());
        pool.allocate().unwrap();
        let line = line!() - 1;
        for _ in 0..2 {
            pool.allocate().unwrap();
        }
        lines.take();
        drop(pool);
        let file = file!();
        assert_eq!(
            lines.take(),
            [
                r#"WARN a pool ends with live chunks pool="jobs" objects=3 bytes=24"#.to_string(),
                format!(
                    r#"WARN live chunks of a call site pool="jobs" objects=2 bytes=16 site={file}:{}:18"#,
                    line + 3
                ),
                format!(r#"WARN live chunks of a call site pool="jobs" objects=1 bytes=8 site={file}:{line}:14"#),
            ]
        );
    }

    #[test]
    fn a_sink_of_ones_own_comes_before_the_events() {
        let lines = heard();
        let pool = Tracking::new().on_leak(|_| ()).track(RawPool::new(Layout::new::<u64>()).unwrap());
        pool.allocate().unwrap();
        lines.take();
        drop(pool);
        assert!(lines.take().is_empty());
    }

    #[test]
    fn a_subscriber_may_use_the_tracked_pool_it_hears_of() {
        let inner = Rc::try_unwrap(shared(1000)).unwrap();
        let pool = Rc::new(Tracking::new().call_sites().on_leak(|_| ()).track(inner));
        let own = pool.clone();
        listen(move |_| {
            if let Ok(chunk) = own.allocate() {
                // SAFETY: the chunk is live.
                unsafe { own.deallocate(chunk) };
            }
            drop(own.live_by_site());
        });
        let allocated = (0..1200).filter(|_| pool.allocate().is_ok()).count();
        // SAFETY: no chunk is used again.
        unsafe { pool.reset() };
        let usage = pool.usage();
        assert_eq!((allocated, usage.objects), (1000, 0));
        assert_eq!(usage.allocations, usage.frees);
        assert!(usage.allocations > 1000 && usage.failures > 200, "the subscriber's are counted too: {usage}");
        LISTENER.take();
    }
}
