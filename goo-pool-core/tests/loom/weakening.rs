//! What makes the models fail: each ordering weakened by one half, and each touch that has to come first moved behind.
//!
//! A model asks here for its orderings. `GOO_LOOM_WEAKEN="remote.rs mark=Release"` makes one place of them weaker, for
//! one run; the tests below do that for each line of the table, in a process of its own.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use loom::sync::atomic::Ordering;

const VARIABLE: &str = "GOO_LOOM_WEAKEN";
const SWAPPED: &str = "swapped";
const OMITTED: &str = "omitted";

/// Place, what it is weakened to, and the model that fails.
const NOTICED: &[(&str, &str, &str)] = &[
    ("class_engine.rs get", "Relaxed", "class_engine::two_threads_that_make_one_class_use_the_same"),
    ("class_engine.rs set", "Relaxed", "class_engine::two_threads_that_make_one_class_use_the_same"),
    ("closing.rs count_block swap", "Acquire", "closing::a_remote_free_is_counted_once"),
    ("closing.rs count_block swap", "Release", "closing::a_remote_free_is_counted_once"),
    ("closing.rs count_off", "Acquire", "closing::two_remote_frees_are_counted_once_each"),
    ("closing.rs count_off", "Release", "closing::two_remote_frees_are_counted_once_each"),
    ("closing.rs bury, return", SWAPPED, "closing::a_local_and_a_remote_free_are_counted_once_each"),
    ("closing.rs COUNTING, count_block", SWAPPED, "closing::a_remote_free_is_counted_once"),
    (
        "closing.rs has_threads_but_this, count_chunks",
        SWAPPED,
        "thread_index::what_a_thread_freed_before_it_ended_is_counted",
    ),
    ("closing.rs remove, destroy", SWAPPED, "graveyard::pools_leave_the_list_once_each_while_it_is_walked"),
    ("kind.rs AtomicU64::observe", "Relaxed", "closing::a_local_free_under_way_is_counted_once"),
    ("kind.rs AtomicU64::publish", "Relaxed", "closing::a_local_free_under_way_is_counted_once"),
    ("kind.rs AtomicPtr::observe", "Relaxed", "closing::a_free_to_recent_under_way_is_counted_once"),
    ("kind.rs AtomicPtr::publish", "Relaxed", "closing::a_free_to_recent_under_way_is_counted_once"),
    ("front.rs put, publish", SWAPPED, "closing::a_local_free_under_way_is_counted_once"),
    ("shard.rs free, set_recent", SWAPPED, "closing::a_free_to_recent_under_way_is_counted_once"),
    ("shard.rs block_emptied, drop(handle)", SWAPPED, "closing::a_block_emptied_while_the_pool_closes_is_counted_once"),
    ("lock.rs lock", "Relaxed", "lock::the_spinning_lock_lets_one_in_at_a_time"),
    ("lock.rs drop", "Relaxed", "lock::the_spinning_lock_lets_one_in_at_a_time"),
    ("remote.rs free_remotely", "Acquire", "remote::two_frees_in_one_word_are_collected_once_each"),
    ("remote.rs free_remotely", "Release", "closing::a_remote_free_is_counted_once"),
    ("remote.rs free_remotely, fetch_or", SWAPPED, "closing::a_remote_free_is_counted_once"),
    ("remote.rs free_remotely, fetch_or", SWAPPED, "reserve::a_pending_block_is_not_given_away"),
    ("remote.rs mark", "Relaxed", "remote::two_frees_in_one_word_are_collected_once_each"),
    ("remote.rs take_marks", "Relaxed", "remote::two_frees_in_one_word_are_collected_once_each"),
    ("remote.rs take_all, take_marks", SWAPPED, "remote::two_frees_in_one_word_are_collected_once_each"),
    ("remote.rs take_remote", "Relaxed", "remote::two_frees_in_one_word_are_collected_once_each"),
    ("remote.rs take_remote", "Relaxed", "reserve::a_pending_block_is_not_given_away"),
    ("remote.rs push", "Relaxed", "remote::a_free_is_collected_once"),
    ("remote.rs take_all", "Relaxed", "remote::a_free_is_collected_once"),
    ("shard.rs set_aside, is_pending", OMITTED, "reserve::a_pending_block_is_not_given_away"),
    ("kind.rs assign, allocate", SWAPPED, "reserve::a_block_from_the_reserve_is_its_new_owners"),
    ("remote.rs push", "Relaxed", "pending::pushed_blocks_are_taken_once_each"),
    ("remote.rs take_all", "Relaxed", "pending::pushed_blocks_are_taken_once_each"),
    ("shard_table.rs get", "Relaxed", "shard_table::a_shard_that_is_found_is_whole"),
    ("shard_table.rs set", "Relaxed", "shard_table::a_shard_that_is_found_is_whole"),
    ("shard_table.rs bucket", "Relaxed", "shard_table::two_threads_that_make_one_bucket_use_the_same"),
    ("shard_table.rs prepare", "Relaxed", "shard_table::two_threads_that_make_one_bucket_use_the_same"),
    ("shared.rs release_handle", "Acquire", "handles::the_last_one_closes_after_all_uses"),
    ("shared.rs release_handle", "Release", "handles::the_last_one_closes_after_all_uses"),
    ("thread_index.rs release", "Relaxed", "thread_index::a_claimed_shard_is_as_its_thread_left_it"),
    ("thread_index.rs try_take", "Relaxed", "thread_index::a_claimed_shard_is_as_its_thread_left_it"),
    ("thread_index.rs release", "Relaxed", "thread_index::what_a_thread_freed_before_it_ended_is_counted"),
    ("thread_index.rs try_take", "Relaxed", "thread_index::what_a_thread_freed_before_it_ended_is_counted"),
    ("thread_index.rs release", "Relaxed", "thread_index::who_gets_an_index_knows_of_the_pools_closed_before"),
    ("thread_index.rs try_take", "Relaxed", "thread_index::who_gets_an_index_knows_of_the_pools_closed_before"),
];

/// The ordering of a place in the source.
pub(crate) fn order(place: &str, ordering: Ordering) -> Ordering {
    match weakened(place) {
        Some("Relaxed") => Ordering::Relaxed,
        Some("Acquire") => Ordering::Acquire,
        Some("Release") => Ordering::Release,
        _ => ordering,
    }
}

/// Two steps of which the first must come first.
pub(crate) fn in_order<T>(place: &str, first: impl FnOnce(), second: impl FnOnce() -> T) -> T {
    if weakened(place) == Some(SWAPPED) {
        let result = second();
        first();
        return result;
    }
    first();
    second()
}

/// Something that has to be looked at.
pub(crate) fn check(place: &str, condition: bool) -> bool {
    condition || weakened(place) == Some(OMITTED)
}

/// Whether this run is one with a weaker place.
pub(crate) fn asked_for() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

fn weakened(place: &str) -> Option<&'static str> {
    static ASKED_FOR: OnceLock<String> = OnceLock::new();
    let (weak, to) = ASKED_FOR.get_or_init(|| std::env::var(VARIABLE).unwrap_or_default()).split_once('=')?;
    (weak == place).then_some(to)
}

/// Runs the models whose names have `model` in them. True if all pass.
fn passes((place, to, model): (&str, &str, &str)) -> bool {
    let mut run = Command::new(std::env::current_exe().unwrap());
    run.env(VARIABLE, format!("{place}={to}")).arg(model);
    let output = run.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(!text.contains("running 0 tests"), "there is no model {model}");
    let why = text.lines().find(|line| !line.trim().is_empty() && line.contains("panicked at"));
    println!("{place} = {to}: {}", why.map_or("passes", |_| why_it_failed(&text)));
    output.status.success()
}

/// The line after "panicked at".
fn why_it_failed(text: &str) -> &str {
    text.lines().skip_while(|line| !line.contains("panicked at")).nth(1).unwrap_or_default()
}

#[test]
fn each_weakening_makes_its_model_fail() {
    // The models' places are written in them as `order` or `in_order` and a string.
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/loom");
    for file in fs::read_dir(models).unwrap().map(|file| file.unwrap().path()) {
        for code in fs::read_to_string(file).unwrap().split("order(\"").skip(1) {
            let place = code.split('"').next().unwrap_or_default();
            assert!(NOTICED.iter().any(|line| line.0 == place), "{place} is never weakened");
        }
    }
    let unnoticed: Vec<_> = NOTICED.iter().filter(|&&line| passes(line)).collect();
    assert!(unnoticed.is_empty(), "{unnoticed:#?}");
}
