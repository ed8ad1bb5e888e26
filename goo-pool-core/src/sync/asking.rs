//! Which pools' parents a thread is asking about a failure, so that none is asked again from within.

use std::cell::Cell;
use std::ptr::NonNull;

/// Pools whose handlers one thread may be in at once, each within another's.
const MOST: usize = 4;

std::thread_local! {
    /// Nothing to drop, so it is there also at a thread's very end.
    static ASKING: [Cell<Option<NonNull<()>>>; MOST] = const { [const { Cell::new(None) }; MOST] };
}

/// `ask`s, unless this thread is asking already because of this pool, or of `MOST` others. A pool is known by its address.
pub(super) fn unless_asking<R>(pool: NonNull<()>, ask: impl FnOnce() -> R) -> Option<R> {
    struct Asked(usize);

    impl Drop for Asked {
        fn drop(&mut self) {
            ASKING.with(|asking| asking[self.0].set(None));
        }
    }

    let place = ASKING.with(|asking| {
        if asking.iter().any(|other| other.get() == Some(pool)) {
            return None;
        }
        let place = asking.iter().position(|other| other.get().is_none())?;
        asking[place].set(Some(pool));
        Some(place)
    })?;
    let _asked = Asked(place);
    Some(ask())
}
