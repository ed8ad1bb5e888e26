//! The workloads notice a pool that loses objects, and no rival is measured in a debug build.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use goo_pool_benches::{
    subject::{Subject, Value},
    subjects::{Core, Harness, Place, Typed},
    workloads::{BinaryTrees, FillDrain, HalfRefill, Order, Pair, Replace, Scale, WalkAfterChurn, Workload},
};

/// Hands out the same place again and again, as the do-nothing subject does, and does not admit it.
struct Forgetful;

impl Subject for Forgetful {
    const NAME: &'static str = "forgetful";
    type Pool<T: Value> = <Harness as Subject>::Pool<T>;
    type Handle<T: Value> = Place<T>;

    fn pool<T: Value>() -> Self::Pool<T> {
        Harness::pool()
    }

    fn alloc<T: Value>(pool: &mut Self::Pool<T>, value: T) -> Place<T> {
        Harness::alloc(pool, value)
    }

    unsafe fn get<'a, T: Value>(pool: &'a Self::Pool<T>, handle: &'a Place<T>) -> &'a T {
        // SAFETY: the caller's promise.
        unsafe { Harness::get(pool, handle) }
    }

    unsafe fn get_mut<'a, T: Value>(pool: &'a mut Self::Pool<T>, handle: &'a mut Place<T>) -> &'a mut T {
        // SAFETY: the caller's promise.
        unsafe { Harness::get_mut(pool, handle) }
    }

    unsafe fn free<T: Value>(pool: &mut Self::Pool<T>, handle: Place<T>) {
        // SAFETY: the caller's promise.
        unsafe { Harness::free(pool, handle) };
    }

    fn word<T: Value>(handle: &Place<T>) -> *const u8 {
        Harness::word(handle)
    }
}

/// Runs three rounds of each workload but the trees. Gives the names of those that panicked.
fn failing<S: Subject>() -> Vec<String> {
    let Scale { few, many, list, .. } = Scale::SMOKE;
    let mut failing = Vec::new();
    failing.extend(failure::<S, _>(Pair));
    for read in [false, true] {
        failing.extend(failure::<S, _>(FillDrain { count: few, order: Order::Lifo, read }));
        failing.extend(failure::<S, _>(FillDrain { count: many, order: Order::Random, read }));
        failing.extend(failure::<S, _>(Replace { count: few, operations: 10 * few, read }));
        failing.extend(failure::<S, _>(HalfRefill { count: many, read }));
    }
    failing.extend(failure::<S, _>(WalkAfterChurn { count: list, churn: many }));
    failing
}

fn failure<S: Subject, W: Workload + std::fmt::Debug>(workload: W) -> Option<String> {
    let rounds = AssertUnwindSafe(|| {
        let mut routine = workload.start::<S, W::Large>();
        assert!(routine(2) + routine(1) > Duration::ZERO, "no time passed");
    });
    catch_unwind(rounds).is_err().then(|| format!("{workload:?}"))
}

#[test]
fn pools_that_keep_their_objects_pass() {
    assert_eq!(failing::<Core>(), [""; 0]);
    assert_eq!(failing::<Typed>(), [""; 0]);
    // A forgetful pool would make a tree without an end of this one, so it is not in `failing`.
    let trees = BinaryTrees { depth: Scale::SMOKE.depth };
    assert_eq!(failure::<Core, _>(trees), None);
    assert_eq!(failure::<Typed, _>(trees), None);
}

#[test]
fn a_pool_that_forgets_objects_is_caught_wherever_more_than_one_is_alive() {
    let failing = failing::<Forgetful>();
    assert_eq!(failing.len(), 9, "{failing:#?}");
    assert!(!failing.contains(&"Pair".to_owned()), "one object at a time has a place for itself");
}

/// snmalloc once took 180 ns for a pair instead of 7: with any debug information asked for, line tables too, the build
/// scripts of these two build for debugging.
#[test]
fn rivals_in_c_are_built_for_release() {
    let manifest = include_str!("../../Cargo.toml");
    for package in ["snmalloc-sys", "libmimalloc-sys"] {
        let setting = format!("[profile.release.package.{package}]\ndebug = false\n");
        assert!(manifest.contains(&setting), "the workspace's Cargo.toml lacks:\n{setting}");
    }
}
