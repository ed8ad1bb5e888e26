//! What the workloads allocate.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::subject::Subject;

/// 64 bytes, written in full when it is made: a cookie at both ends.
///
/// No two live objects have the same cookie. So an object that another one overlaps, or whose memory was handed out
/// twice, has not the cookie that whoever holds it expects, or not at both ends.
#[derive(Clone, Copy, Debug)]
pub struct Record([u64; 8]);

impl Record {
    /// An object with this cookie.
    #[inline(always)]
    pub const fn new(cookie: u64) -> Self {
        Record([cookie, 0, 0, 0, 0, 0, 0, cookie])
    }

    /// The cookie.
    ///
    /// # Panics
    ///
    /// If the two ends differ.
    #[inline(always)]
    pub fn cookie(&self) -> u64 {
        let [first, .., last] = self.0;
        if first != last {
            torn(first, last);
        }
        first
    }
}

/// The object's cookie.
#[inline(always)]
pub fn cookie<S: Subject<Record>>(local: &S::Local<'_>, handle: &S::Handle) -> u64 {
    S::look(local, handle, Record::cookie)
}

/// The object must have this cookie.
#[inline(always)]
pub fn expect<S: Subject<Record>>(local: &S::Local<'_>, handle: &S::Handle, expected: u64) {
    let found = cookie::<S>(local, handle);
    if found != expected {
        lost::<S>(found, expected);
    }
}

#[cold]
#[inline(never)]
fn torn(first: u64, last: u64) -> ! {
    panic!("an object was overwritten: {first:#x} at its start, {last:#x} at its end")
}

#[cold]
#[inline(never)]
fn lost<S: Subject<Record>>(found: u64, expected: u64) -> ! {
    panic!("{} lost an object: {found:#x} where {expected:#x} was put", S::NAME)
}

/// Eight bytes, of which many fit into a cache line. Atomic, so that its owner can write through `&`; nobody else does.
#[derive(Debug)]
pub struct Counter(AtomicU64);

impl Counter {
    /// A counter that begins at `start`.
    pub const fn new(start: u64) -> Self {
        Counter(AtomicU64::new(start))
    }

    /// Adds one, with a plain load and a plain store.
    #[inline(always)]
    pub fn count(&self) {
        self.0.store(self.get() + 1, Relaxed);
    }

    /// Where it is now.
    #[inline(always)]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}
