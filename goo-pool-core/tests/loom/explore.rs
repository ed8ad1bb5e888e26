//! Running a model to the end, and making sure that it gets where it is meant to get.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use crate::weakening;

/// Runs all executions of a model, each of which says what came out. Just these outcomes must have been seen: loom leaves
/// executions out that it takes for repetitions, sometimes wrongly, and a model that never gets to the point proves
/// nothing.
///
/// What helps: when a thread looks at an atomic that another loads and then stores to, loom does not see by itself
/// that the look may come later. So such a look is preceded by `yield_now`: the others go first, and loom tries the rest.
pub(crate) fn explore<const N: usize>(outcomes: [u64; N], model: impl Fn() -> u64 + Send + Sync + 'static) {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let all_seen = seen.clone();
    loom::model(move || {
        let outcome = model();
        seen.lock().unwrap().insert(outcome);
    });
    if !weakening::asked_for() {
        assert_eq!(*all_seen.lock().unwrap(), BTreeSet::from(outcomes), "the outcomes of all executions");
    }
}
