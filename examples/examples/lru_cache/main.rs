//! A cache that forgets what was not asked for longest, of a million pages.
//!
//! ```text
//! cargo run --release --example lru_cache               # a million entries
//! cargo run --release --example lru_cache -- 100000     # so many
//! ```
//!
//! Such a cache is a hash map and a list that leads both ways: what is asked for goes to its front, what goes leaves from
//! its end. Lists like this are where Rust makes one choose between `unsafe`, counted pointers behind `RefCell`, and
//! indices that anything may have happened to. With a [`KeyedPool`](goo_pool_typed::KeyedPool) the links are keys: 8 bytes,
//! copied freely, and one that outlives its entry leads to `None` and not to another entry.
//!
//! The same requests (`stream.rs`) go to six caches behind one trait (`cache.rs`):
//!
//! - `list.rs`, the list in safe code, written once and kept in a `KeyedPool`, in a `slab::Slab` and in a
//!   `slotmap::SlotMap` (`store_kind.rs`);
//! - `lru_crate.rs`, the crate `lru`, which has raw pointers inside, and is what to take if a cache is all you want;
//! - `rc_list.rs`, the list of `RefCell`s behind counted pointers, weak ones in one direction, which is what std alone
//!   offers: once with `Rc`, and once with `PoolRc`, which is put in its place without another change (`rc_kind.rs`).
//!
//! All of them use the same hash map and hasher. They must agree on every page read, every page that went, and on what is
//! left in which order; before the race they are compared, after every single operation, with a cache that is too simple to
//! be wrong (`naive.rs`). `contest.rs` does both.
#![forbid(unsafe_code)]

mod cache;
mod contest;
mod list;
mod lru_crate;
mod naive;
mod rc_kind;
mod rc_list;
mod store_kind;
mod stream;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use goo_pool_examples::heap::Counting;
use goo_pool_examples::{Better, Column, Table};

use crate::contest::{PAGES_FOR_EACH_ENTRY, Results};

#[global_allocator]
static GLOBAL: Counting = Counting;

const USAGE: &str = "usage: lru_cache [ENTRIES], from 1 to 100000000";
const ENTRIES: usize = 1_000_000;
/// The cache that is checked against the naive one, and how often.
const CHECKED: (usize, usize) = (50, 5_000);

const COLUMNS: [Column; 4] = [
    Column { name: "filling", unit: "ns/request", better: Better::Less },
    Column { name: "when full", unit: "ns/request", better: Better::Less },
    Column { name: "tear down", unit: "ns/entry", better: Better::Less },
    Column { name: "memory", unit: "bytes/entry", better: Better::Less },
];

fn main() -> ExitCode {
    let args: Vec<_> = env::args().skip(1).collect();
    let entries = match &args[..] {
        [] => Some(ENTRIES),
        [entries] => entries.parse().ok().filter(|entries| (1..=100_000_000).contains(entries)),
        _ => None,
    };
    let Some(entries) = entries else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    match run(entries, &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has seen enough: `lru_cache | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lru_cache: cannot write the answer: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(entries: usize, out: &mut dyn Write) -> io::Result<()> {
    let (capacity, operations) = CHECKED;
    contest::check(capacity, operations);
    writeln!(out, "With {capacity} entries all caches do as a naive one does, after each of {operations} operations.")?;

    let Results { filling, requests, hits, figures } = contest::compare(entries);
    let pages = entries * PAGES_FOR_EACH_ENTRY;
    let share = hits as f64 / requests as f64 * 100.0;
    writeln!(out, "\nWith {entries} entries, and {pages} pages of which few are asked for often:")?;
    writeln!(
        out,
        "the caches were full after {filling} requests; of {requests} more, {hits} were hits ({share:.1}%)."
    )?;
    writeln!(
        out,
        "They read the same pages, dropped the same pages, and ended with the same ones in the same order.\n"
    )?;
    let mut table = Table::new(&COLUMNS);
    for row in &figures {
        table.row(row.name, &[row.filling, row.request, row.tear_down, row.bytes]);
    }
    write!(out, "{table}")
}
