//! Which models cover which `ORDERING` comment. A test compares the table with the source.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// File in `src/sync/`, function, how many comments there are, and the models.
const COVERED: &[(&str, &str, usize, &[&str])] = &[
    ("class_engine.rs", "SharedPtr::get", 1, &["class_engine::"]),
    ("class_engine.rs", "SharedPtr::set", 1, &["class_engine::"]),
    ("closing.rs", "SharedPtr::count_chunks", 2, &["closing::"]),
    ("closing.rs", "count_block", 2, &["closing::"]),
    ("closing.rs", "count_word", 2, &["closing::a_local_free_under_way", "closing::two_local_frees"]),
    ("closing.rs", "Segment::count_off", 1, &["closing::two_remote_frees", "graveyard::", "successor::"]),
    ("inspect.rs", "free_chunks", 1, &["counting::"]),
    ("kind.rs", "Owner::assign", 2, &["reserve::a_block_from_the_reserve"]),
    ("kind.rs", "Owner::disown", 1, &["closing::an_owner_that_sees_the_pool_close", "reserve::"]),
    ("kind.rs", "Owner::id", 1, &["closing::an_owner_that_sees_the_pool_close", "reserve::"]),
    ("kind.rs", "Owner::is", 1, &["reserve::a_block_from_the_reserve"]),
    ("kind.rs", "Owner::shard", 1, &["reserve::"]),
    ("kind.rs", "AtomicU64::get", 1, &["closing::a_local_free_under_way", "counting::", "handles::the_last_one"]),
    ("kind.rs", "AtomicU64::observe", 1, &["closing::a_local_free_under_way"]),
    ("kind.rs", "AtomicU64::set", 1, &["handles::the_last_one", "reserve::"]),
    ("kind.rs", "AtomicU64::publish", 1, &["closing::a_local_free_under_way"]),
    ("kind.rs", "AtomicPtr::get", 1, &["closing::two_local_frees"]),
    ("kind.rs", "AtomicPtr::observe", 1, &["closing::a_free_to_recent"]),
    ("kind.rs", "AtomicPtr::set", 1, &["closing::two_local_frees"]),
    ("kind.rs", "AtomicPtr::publish", 1, &["closing::a_free_to_recent"]),
    ("lock.rs", "Lock::lock", 1, &["lock::"]),
    ("lock.rs", "Guard::drop", 1, &["lock::"]),
    ("raid.rs", "Locked::is_there_plenty", 1, &["counting::"]),
    ("raid.rs", "take_any_remote", 1, &["remote::a_stolen_chunk"]),
    ("remote.rs", "Block::free_remotely", 2, &["remote::", "closing::a_remote_free", "reserve::"]),
    ("remote.rs", "Block::show_freed", 2, &["closing::a_remote_free"]),
    ("remote.rs", "Block::mark", 1, &["remote::two_frees", "pending::a_block_with_two_marked_words"]),
    ("remote.rs", "Block::is_pending", 1, &["reserve::a_pending_block"]),
    ("remote.rs", "Block::take_marks", 1, &["remote::two_frees", "pending::a_block_with_two_marked_words"]),
    ("remote.rs", "Block::take_remote", 1, &["remote::two_frees", "reserve::a_pending_block"]),
    ("remote.rs", "Shard::sweep", 1, &["remote::a_sweep", "pending::"]),
    ("remote.rs", "Pending::push", 3, &["pending::"]),
    ("remote.rs", "Pending::take_all", 2, &["pending::"]),
    ("remote.rs", "Pending::iter", 1, &["pending::"]),
    ("remote.rs", "linked", 1, &["pending::"]),
    ("shard_id.rs", "ShardId::new", 1, &["counting::"]),
    ("shard_table.rs", "ShardTable::get", 1, &["shard_table::a_shard_that_is_found"]),
    ("shard_table.rs", "ShardTable::set", 1, &["shard_table::a_shard_that_is_found"]),
    ("shard_table.rs", "ShardTable::bucket", 1, &["shard_table::two_threads"]),
    ("shard_table.rs", "ShardTable::prepare", 1, &["shard_table::two_threads"]),
    ("shared_parent.rs", "SharedParent::clone", 1, &["handles::a_clone"]),
    ("shared_parent.rs", "SharedParent::drop", 1, &["handles::the_last_one"]),
    ("shared.rs", "SharedPtr::add_handle", 1, &["handles::a_clone", "successor::"]),
    ("shared.rs", "SharedPtr::try_add_handle", 1, &["handles::a_handle_from_a_chunk", "closing::a_block_emptied"]),
    ("shared.rs", "SharedPtr::release_handle", 1, &["handles::", "successor::"]),
    ("shared.rs", "SharedPtr::is_open", 1, &["closing::a_remote_free"]),
    ("thread_index.rs", "lowest_free", 1, &["thread_index::no_two_threads"]),
    ("thread_index.rs", "release", 1, &["thread_index::"]),
    ("thread_index.rs", "try_take", 1, &["thread_index::"]),
];

#[test]
fn each_ordering_comment_has_a_model() {
    let covered: BTreeMap<_, _> =
        COVERED.iter().map(|&(file, function, count, _)| (format!("{file} {function}"), count)).collect();
    assert_eq!(comments(), covered);
}

#[test]
fn each_model_named_is_there() {
    let list = Command::new(std::env::current_exe().unwrap()).arg("--list").output().unwrap().stdout;
    let list = String::from_utf8(list).unwrap();
    for model in COVERED.iter().flat_map(|&(.., models)| models) {
        assert!(list.lines().any(|line| line.starts_with(model)), "there is no model {model}");
    }
}

/// How many `ORDERING` comments each function of the source has.
fn comments() -> BTreeMap<String, usize> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    for folder in [source.join("sync"), source] {
        for file in fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).filter(|file| file.is_file()) {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let (mut of, mut function) = ("", "");
            for line in fs::read_to_string(&file).unwrap().lines() {
                let code = line.trim_start();
                if line == "}" {
                    of = "";
                }
                if code.starts_with("impl") {
                    of = subject(code);
                }
                if let Some(at) = code.find("fn ").filter(|_| !code.starts_with("//")) {
                    function = identifier(&code[at + 3..]);
                }
                if code.starts_with("// ORDERING:") {
                    let of = if of.is_empty() { String::new() } else { format!("{of}::") };
                    *found.entry(format!("{name} {of}{function}")).or_insert(0) += 1;
                }
            }
        }
    }
    found
}

/// The type that an `impl` is for, without its parameters.
fn subject(code: &str) -> &str {
    let of = code.split_once(" for ").map_or_else(|| code.split_once(' ').map_or("", |(_, of)| of), |(_, of)| of);
    identifier(of)
}

fn identifier(code: &str) -> &str {
    let end = code.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(code.len());
    &code[..end]
}
