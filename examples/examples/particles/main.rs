//! A million particles that live for some frames, and some that fly after others which may be gone.
//!
//! ```text
//! cargo run --release --example particles                   # a million particles, 20 frames
//! cargo run --release --example particles -- 100000 200     # so many particles, so many frames
//! ```
//!
//! In each frame (`simulation.rs`) those with a target turn to it, all move, those that are too old are gone, and as many
//! are new. This is what games, simulations and servers do with entities, sessions and timers, and the question is always
//! the same: how does one thing refer to another that may be gone?
//!
//! With a [`KeyedPool`](goo_pool_typed::KeyedPool) by a key of 8 bytes (`keyed.rs`). It is copied freely, leads straight to
//! the particle, which never moves, and to `None` once that is gone, even if another one is in its place. Compare
//!
//! - `slot_maps.rs`: `SlotMap` and `DenseSlotMap` of the crate `slotmap`, whose keys do the same;
//! - `vectors.rs`: boxes in the slots of a vector, with a list of free slots and an id to tell one from its successor;
//! - `vectors.rs` again: particles side by side in a vector, the last of which moves to where one is gone. If nobody
//!   refers to anybody, that is the thing to take. If somebody does, it takes a map besides.
//!
//! The simulation is written once, against one trait (`world.rs`), and every world must be in the same state after every
//! frame; before the race they are compared with one that is too simple to be wrong (`naive.rs`). `contest.rs` does both.
#![forbid(unsafe_code)]

mod contest;
mod keyed;
mod naive;
mod particle;
mod simulation;
mod slot_maps;
mod vectors;
mod world;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use goo_pool_examples::heap::Counting;
use goo_pool_examples::{Better, Column, Table};

use crate::contest::Figures;
use crate::simulation::Targets;

#[global_allocator]
static GLOBAL: Counting = Counting;

const USAGE: &str = "usage: particles [PARTICLES [FRAMES]], from 1 to 10000000, and from 1 to 10000";
const PARTICLES: usize = 1_000_000;
const FRAMES: usize = 20;
/// Those that are checked beside the naive world, and for how many frames.
const CHECKED: (usize, usize) = (500, 100);

const COLUMNS: [Column; 6] = [
    Column { name: "speed", unit: "frames/s", better: Better::More },
    Column { name: "advance", unit: "ns/particle", better: Better::Less },
    Column { name: "expire", unit: "ns/particle", better: Better::Less },
    Column { name: "spawn", unit: "ns/new one", better: Better::Less },
    // Of a new world. A vector grows to twice its size, and a million is just below 2^20, which flatters those in vectors.
    Column { name: "memory", unit: "bytes each", better: Better::Less },
    // Only if there are targets.
    Column { name: "steer", unit: "ns/particle", better: Better::Less },
];

fn main() -> ExitCode {
    let args: Vec<_> = env::args().skip(1).map(|arg| arg.parse().unwrap_or(0)).collect();
    let (particles, frames) = match args[..] {
        [] => (PARTICLES, FRAMES),
        [particles] => (particles, FRAMES),
        [particles, frames] => (particles, frames),
        _ => (0, 0),
    };
    if !(1..=10_000_000).contains(&particles) || !(1..=10_000).contains(&frames) {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    }
    match run(particles, frames, &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has seen enough: `particles | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("particles: cannot write the answer: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(particles: usize, frames: usize, out: &mut dyn Write) -> io::Result<()> {
    let (few, checked) = CHECKED;
    contest::check(few, checked, Targets::None);
    contest::check(few, checked, Targets::Some);
    writeln!(out, "With {few} particles all worlds are as a naive one is, after each of {checked} frames.")?;
    for targets in [Targets::None, Targets::Some] {
        let results = contest::compare(particles, frames, targets);
        let (alive, new, lost) = (results.alive, results.spawned_each_frame, results.lost_targets);
        let (who, columns) = match targets {
            Targets::None => ("Nobody refers to anybody".to_owned(), &COLUMNS[..5]),
            Targets::Some => (format!("One in four has a target, {lost} times it was found gone"), &COLUMNS[..]),
        };
        writeln!(out, "\n{who}: {alive} particles, {new} of them new in each frame.")?;
        writeln!(out, "All worlds were in the same state after each of {frames} frames.\n")?;
        let mut table = Table::new(columns);
        for row in &results.figures {
            let Figures { name, frames_per_second, steer, advance, expire, spawn, bytes } = *row;
            let figures = [frames_per_second, advance, expire, spawn, bytes, steer];
            table.row(name, &figures[..columns.len()]);
        }
        write!(out, "{table}")?;
    }
    Ok(())
}
