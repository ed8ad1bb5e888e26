//! How pools grow and give memory back: `cargo bench -p goo-pool-benches --bench strategies`.
//!
//! The figures of `strategies` are for one object that is allocated, written to and freed. `strategies_memory` counts, and needs no
//! quiet machine.

use std::fs;

use goo_pool_benches::{
    contest::{Contest, is_smoke},
    report::{home, machine, target},
    strategies::{CHOICES, LOADS, memory, rounds},
};

fn main() {
    let mut contest = Contest::new("strategies", "64-byte objects");
    for load in &LOADS {
        let row = contest.row(load.name, load.objects);
        for choice in CHOICES {
            row.run(choice.0, rounds(load, choice));
        }
    }
    contest.finish();
    if !is_smoke() {
        let text = format!("{}.\n\n{}", machine::describe(home()), memory());
        println!("{text}");
        let folder = target().join("contests");
        fs::create_dir_all(&folder).expect("a folder for the tables");
        fs::write(folder.join("strategies_memory.md"), text).expect("a file for the table");
    }
}
