//! Wakers of tasks in a pool.

use std::mem::{ManuallyDrop, drop};
use std::task::{RawWaker, RawWakerVTable, Waker};

use crate::PoolArc;

/// A task in an [`ArcPool`](crate::ArcPool) that makes its own [`Waker`]s: `Waker::from(task)`. It is
/// [`std::task::Wake`], which is for an `Arc` alone, for a [`PoolArc`].
///
/// A waker is a handle to the task and allocates nothing, as little as its clones do.
///
/// # Examples
///
/// An executor for one future: its thread sleeps while there is nothing to poll.
///
/// ```
/// use goo_pool_typed::{ArcPool, PoolArc, PoolWake};
/// use std::future::Future;
/// use std::pin::pin;
/// use std::task::{Context, Poll, Waker};
/// use std::thread::{self, Thread};
///
/// struct Unpark(Thread);
///
/// impl PoolWake for Unpark {
///     fn wake(this: PoolArc<Self>) {
///         this.0.unpark();
///     }
/// }
///
/// static TASKS: ArcPool<Unpark> = ArcPool::new();
///
/// fn block_on<F: Future>(future: F) -> F::Output {
///     let waker = Waker::from(TASKS.alloc(Unpark(thread::current())));
///     let (mut future, mut context) = (pin!(future), Context::from_waker(&waker));
///     loop {
///         match future.as_mut().poll(&mut context) {
///             Poll::Ready(output) => return output,
///             Poll::Pending => thread::park(),
///         }
///     }
/// }
///
/// assert_eq!(block_on(async { 6 * 7 }), 42);
/// assert!(TASKS.is_empty());
/// ```
pub trait PoolWake: Send + Sync + Sized + 'static {
    /// Sees to it that the task is polled again, by any thread.
    fn wake(this: PoolArc<Self>);

    /// The same, for who keeps the handle.
    fn wake_by_ref(this: &PoolArc<Self>) {
        Self::wake(this.clone());
    }
}

impl<W: PoolWake> From<PoolArc<W>> for Waker {
    /// The handle as a waker.
    fn from(task: PoolArc<W>) -> Self {
        // SAFETY: the functions below do what the contract of `RawWaker` says, on any thread: the task is `Send` and `Sync`.
        // Each takes a pointer for which one handle is given up, as here.
        unsafe { Self::from_raw(raw(task)) }
    }
}

/// A waker's data is the pointer of a handle that was given up for it.
///
/// Not inlined, so that the functions have one address: by that `will_wake` tells clones, and inlined in two places they had
/// two.
#[inline(never)]
fn raw<W: PoolWake>(task: PoolArc<W>) -> RawWaker {
    let functions = const { &RawWakerVTable::new(clone::<W>, wake::<W>, wake_by_ref::<W>, drop_waker::<W>) };
    RawWaker::new(PoolArc::into_raw(task).cast(), functions)
}

/// The handle of a waker, which is still the waker's.
///
/// # Safety
///
/// 1. `data` is that of a live waker made by [`raw::<W>`](raw), for as long as the result is used.
unsafe fn borrow<W: PoolWake>(data: *const ()) -> ManuallyDrop<PoolArc<W>> {
    // SAFETY: it came from `into_raw` (1), of a task that is `Send` and `Sync`. This one is never dropped.
    ManuallyDrop::new(unsafe { PoolArc::from_raw(data.cast()) })
}

/// # Safety
///
/// 1. As for [`borrow`].
unsafe fn clone<W: PoolWake>(data: *const ()) -> RawWaker {
    // SAFETY: (1).
    let task = unsafe { borrow::<W>(data) };
    raw(PoolArc::clone(&task))
}

/// # Safety
///
/// 1. `data` is that of a waker made by [`raw::<W>`](raw), which is used up.
unsafe fn wake<W: PoolWake>(data: *const ()) {
    // SAFETY: it came from `into_raw` (1), and its handle is ours.
    W::wake(unsafe { PoolArc::from_raw(data.cast()) });
}

/// # Safety
///
/// 1. As for [`borrow`].
unsafe fn wake_by_ref<W: PoolWake>(data: *const ()) {
    // SAFETY: (1).
    let task = unsafe { borrow::<W>(data) };
    W::wake_by_ref(&task);
}

/// # Safety
///
/// 1. As for [`wake`].
unsafe fn drop_waker<W: PoolWake>(data: *const ()) {
    // SAFETY: it came from `into_raw` (1), and its handle is ours.
    drop(unsafe { PoolArc::<W>::from_raw(data.cast()) });
}
