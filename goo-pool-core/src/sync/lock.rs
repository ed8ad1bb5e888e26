//! A lock for what is ours alone. Nothing under it panics but a broken invariant, so it knows no poison.

#[cfg(not(goo_tsan))]
pub(crate) use by_std::Lock;
#[cfg(goo_tsan)]
pub(crate) use spinning::Lock;

#[cfg(not(goo_tsan))]
mod by_std {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    pub(crate) struct Lock<T>(Mutex<T>);

    impl<T> Lock<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }
}

/// ThreadSanitizer does not see the standard library's atomics, unless that is built anew; it sees these.
#[cfg(goo_tsan)]
mod spinning {
    use std::cell::UnsafeCell;
    use std::ops::{Deref, DerefMut};
    use std::sync::atomic::{AtomicBool, Ordering::Acquire, Ordering::Release};

    pub(crate) struct Lock<T> {
        locked: AtomicBool,
        value: UnsafeCell<T>,
    }

    pub(crate) struct Guard<'l, T>(&'l Lock<T>);

    // SAFETY: the value is used by one thread at a time.
    unsafe impl<T: Send> Sync for Lock<T> {}

    impl<T> Lock<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self { locked: AtomicBool::new(false), value: UnsafeCell::new(value) }
        }

        pub(crate) fn lock(&self) -> Guard<'_, T> {
            // ORDERING: Acquire pairs with the Release in `drop`.
            while self.locked.swap(true, Acquire) {
                std::thread::yield_now();
            }
            Guard(self)
        }
    }

    impl<T> Deref for Guard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            // SAFETY: only this guard's owner uses the value.
            unsafe { &*self.0.value.get() }
        }
    }

    impl<T> DerefMut for Guard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            // SAFETY: only this guard's owner uses the value.
            unsafe { &mut *self.0.value.get() }
        }
    }

    impl<T> Drop for Guard<'_, T> {
        fn drop(&mut self) {
            // ORDERING: Release pairs with the Acquire in `lock`.
            self.0.locked.store(false, Release);
        }
    }
}
