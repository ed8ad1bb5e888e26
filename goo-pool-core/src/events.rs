//! What a subscriber of `tracing` hears of a pool. Without the feature these are empty.
//!
//! All are cold, and come while the pool is whole and nothing is locked or borrowed: a subscriber may use the pool. What
//! that causes is not told, or one that allocates in a pool that is full would hear of itself for ever.

use core::alloc::Layout;

use crate::error::AllocError;

/// An event with the crate's own target, unless it comes from a subscriber.
#[cfg(feature = "tracing")]
macro_rules! event {
    ($level:ident, $($fields:tt)+) => {
        $crate::events::unless_heard_now(|| tracing::event!(target: "goo_pool", tracing::Level::$level, $($fields)+))
    };
}

#[cfg(feature = "tracing")]
#[inline]
pub(crate) fn grown(chunks: usize, layout: Layout) {
    event!(DEBUG, chunks, bytes = layout.size(), "a pool has grown");
}

#[cfg(feature = "tracing")]
pub(crate) fn refused(error: &AllocError) {
    event!(WARN, %error, "a pool cannot grow");
}

#[cfg(feature = "tracing")]
#[inline]
pub(crate) fn reset(chunks: usize) {
    event!(DEBUG, chunks, "a pool was reset");
}

/// Whether somebody listens, and heard it: one event for the whole, and one for each call site.
#[cfg(all(feature = "tracing", feature = "tracking"))]
pub(crate) fn leaked(report: &crate::LeakReport) -> bool {
    if !tracing::dispatcher::has_been_set() {
        return false;
    }
    let (pool, objects, bytes) = (report.name(), report.objects(), report.bytes());
    let heard = event!(WARN, pool, objects, bytes, "a pool ends with live chunks");
    for site in report.sites() {
        event!(WARN, pool, objects = site.objects, bytes = site.bytes, site = %site.location, "live chunks of a call site");
    }
    heard
}

#[cfg(feature = "tracing")]
fn unless_heard_now(tell: impl FnOnce()) -> bool {
    use std::cell::Cell;

    std::thread_local! {
        static TELLING: Cell<bool> = const { Cell::new(false) };
    }

    /// Also when the subscriber panics.
    struct Told;

    impl Drop for Told {
        fn drop(&mut self) {
            TELLING.set(false);
        }
    }

    if TELLING.replace(true) {
        return false;
    }
    let _told = Told;
    tell();
    true
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn grown(_chunks: usize, _layout: Layout) {}

#[cfg(not(feature = "tracing"))]
pub(crate) fn refused(_error: &AllocError) {}

#[cfg(not(feature = "tracing"))]
pub(crate) fn reset(_chunks: usize) {}

#[cfg(all(not(feature = "tracing"), feature = "tracking"))]
pub(crate) fn leaked(_report: &crate::LeakReport) -> bool {
    false
}
