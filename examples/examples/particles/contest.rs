//! The same frames in every world, which must be in the same state after each.

use std::time::Duration;

use goo_pool_examples::heap::tally;
use goo_pool_examples::median;

use crate::keyed::Keyed;
use crate::naive::Naive;
use crate::simulation::{Simulation, State, Targets, Times};
use crate::slot_maps::{DenseSlots, Slots};
use crate::vectors::{Boxes, Mapped, Plain};
use crate::world::World;

/// Frames that are not measured.
const FRAMES_BEFORE: usize = 10;

/// A simulation in whatever world.
trait Contestant {
    fn name(&self) -> &'static str;

    fn frame(&mut self) -> Times;

    fn state(&self) -> State;

    fn spawned_each_frame(&self) -> usize;
}

impl<W: World> Contestant for Simulation<W> {
    fn name(&self) -> &'static str {
        W::NAME
    }

    fn frame(&mut self) -> Times {
        Simulation::frame(self)
    }

    fn state(&self) -> State {
        Simulation::state(self)
    }

    fn spawned_each_frame(&self) -> usize {
        Simulation::spawned_each_frame(self)
    }
}

/// Begins a simulation, and tells what its world holds of the heap.
type Start = fn(usize, Targets) -> (Box<dyn Contestant>, usize);

fn start<W: World + 'static>(particles: usize, targets: Targets) -> (Box<dyn Contestant>, usize) {
    let (simulation, held) = tally(|| Simulation::<W>::new(particles, targets));
    let bytes = held.bytes - simulation.bytes_besides_world();
    (Box::new(simulation), bytes)
}

/// Ours first.
fn worlds(targets: Targets) -> [Start; 5] {
    let vector = match targets {
        Targets::None => start::<Plain>,
        Targets::Some => start::<Mapped>,
    };
    [start::<Keyed>, start::<Slots>, start::<DenseSlots>, start::<Boxes>, vector]
}

fn assert_same_states(contestants: &[Box<dyn Contestant>]) -> State {
    let first = contestants[0].state();
    for other in &contestants[1..] {
        assert_eq!(other.state(), first, "{} and {} disagree", other.name(), contestants[0].name());
    }
    first
}

/// Puts all worlds beside the naive one, and compares them after each frame.
///
/// # Panics
///
/// If one is in another state.
pub(crate) fn check(particles: usize, frames: usize, targets: Targets) {
    let starts = worlds(targets).into_iter().chain([start::<Naive> as Start]);
    let mut all: Vec<_> = starts.map(|start| start(particles, targets).0).collect();
    assert_same_states(&all);
    for _ in 0..frames {
        for contestant in &mut all {
            contestant.frame();
        }
        assert_same_states(&all);
    }
}

pub(crate) struct Results {
    /// The mean after a frame.
    pub(crate) alive: usize,
    pub(crate) spawned_each_frame: usize,
    pub(crate) lost_targets: u64,
    /// Ours first.
    pub(crate) figures: Vec<Figures>,
}

/// Medians of the frames.
pub(crate) struct Figures {
    pub(crate) name: &'static str,
    pub(crate) frames_per_second: f64,
    /// Nanoseconds for each particle that is there.
    pub(crate) steer: f64,
    pub(crate) advance: f64,
    pub(crate) expire: f64,
    /// Nanoseconds for each new particle.
    pub(crate) spawn: f64,
    /// For each particle of a new world.
    pub(crate) bytes: f64,
}

/// # Panics
///
/// If two worlds disagree.
pub(crate) fn compare(particles: usize, frames: usize, targets: Targets) -> Results {
    let (mut all, bytes): (Vec<_>, Vec<_>) = worlds(targets).into_iter().map(|start| start(particles, targets)).unzip();
    assert_same_states(&all);
    // The worlds take turns, so that a slow moment of the machine meets all of them.
    let mut frame = || {
        let times: Vec<Times> = all.iter_mut().map(|contestant| contestant.frame()).collect();
        (times, assert_same_states(&all))
    };
    // Until few are left of those that came in order.
    for _ in 0..FRAMES_BEFORE {
        frame();
    }
    let (times, states): (Vec<Vec<Times>>, Vec<State>) = (0..frames).map(|_| frame()).unzip();

    let alive = states.iter().map(|state| state.alive).sum::<usize>() / frames;
    let spawned_each_frame = all[0].spawned_each_frame();
    let figures = all.iter().zip(bytes).enumerate().map(|(index, (contestant, bytes))| {
        let nanos = |part: fn(&Times) -> Duration, particles: usize| {
            median(times.iter().map(|times| part(&times[index]).as_nanos() as f64 / particles as f64).collect())
        };
        Figures {
            name: contestant.name(),
            frames_per_second: 1e9 / nanos(|times| times.steer + times.advance + times.expire + times.spawn, 1),
            steer: nanos(|times| times.steer, alive),
            advance: nanos(|times| times.advance, alive),
            expire: nanos(|times| times.expire, alive),
            spawn: nanos(|times| times.spawn, spawned_each_frame),
            bytes: bytes as f64 / particles as f64,
        }
    });
    let lost_targets = states[frames - 1].lost_targets;
    Results { figures: figures.collect(), alive, spawned_each_frame, lost_targets }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Targets; 2] = [Targets::None, Targets::Some];

    #[test]
    fn worlds_of_every_small_size_do_as_the_naive_one() {
        for particles in if cfg!(miri) { vec![1, 20] } else { vec![1, 2, 7, 64, 65, 1_000] } {
            for targets in BOTH {
                check(particles, if cfg!(miri) { 5 } else { 100 }, targets);
            }
        }
    }

    #[test]
    fn another_state_is_noticed() {
        let mut worlds = worlds(Targets::Some).map(|start| start(100, Targets::Some).0);
        worlds[3].frame();
        assert_ne!(worlds[3].state(), worlds[0].state());
        worlds[0].frame();
        assert_eq!(worlds[3].state(), worlds[0].state());
    }

    #[test]
    fn targets_are_lost_where_there_are_any() {
        let particles = if cfg!(miri) { 20 } else { 1_000 };
        for targets in BOTH {
            let results = compare(particles, 5, targets);
            assert_eq!(results.lost_targets > 0, targets == Targets::Some);
            assert!((particles / 2..particles * 2).contains(&results.alive), "{} alive", results.alive);
            for figures in &results.figures {
                // What a particle is made of takes 40 bytes, and 36 where a target takes fewer or none.
                assert!(figures.bytes >= 36.0, "{}: {} bytes", figures.name, figures.bytes);
            }
        }
    }
}
