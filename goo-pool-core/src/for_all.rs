//! A step for each of several things, also when one of them panics.

/// Calls `step` with each item. If it panics, the others still have their turn, and the panic goes on; a second panic
/// aborts, as any panic while unwinding does.
pub(crate) fn for_all<T>(items: impl Iterator<Item = T>, step: impl FnMut(T)) {
    struct Rest<I: Iterator<Item = T>, F: FnMut(T), T>(I, F);

    impl<I: Iterator<Item = T>, F: FnMut(T), T> Drop for Rest<I, F, T> {
        fn drop(&mut self) {
            self.0.by_ref().for_each(&mut self.1);
        }
    }

    let mut rest = Rest(items, step);
    for item in rest.0.by_ref() {
        (rest.1)(item);
    }
}
