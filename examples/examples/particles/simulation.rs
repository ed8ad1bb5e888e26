//! Frames: some particles turn to others, all move, some are gone, and as many are new.

use std::cell::Cell;
use std::num::NonZeroU32;
use std::time::Duration;

use goo_pool_examples::{Random, mix, time};

use crate::particle::Particle;
use crate::world::World;

/// In frames. All lifetimes up to it are as likely.
const LONGEST_LIFE: u16 = 20;
/// One particle of so many has a target, if any have.
const PARTICLES_FOR_EACH_TARGET: u64 = 4;
/// A new particle's target is one of the last ones before it; of all that are there, one of so many.
const PARTICLES_FOR_EACH_RECENT: usize = 4;
const SEED: u64 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Targets {
    /// Nobody refers to anybody, so `Particle::target` is always `None`.
    None,
    Some,
}

pub(crate) struct Simulation<W: World> {
    world: W,
    random: Random,
    targets: Targets,
    /// What new particles may have as their target: the last ones before them, some of which are gone by now.
    recent: Vec<W::Handle>,
    most_recent: usize,
    spawned_each_frame: usize,
    last_id: u32,
    lost_targets: u64,
}

/// What a frame took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    pub(crate) steer: Duration,
    pub(crate) advance: Duration,
    pub(crate) expire: Duration,
    pub(crate) spawn: Duration,
}

/// What there is after a frame, in whatever order it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) alive: usize,
    /// How often somebody's target was found gone.
    pub(crate) lost_targets: u64,
    /// Of every particle's id, age, place and velocity.
    digest: u64,
}

impl<W: World> Simulation<W> {
    /// A world with so many particles, and about as many after each frame.
    pub(crate) fn new(particles: usize, targets: Targets) -> Self {
        let mut simulation = Simulation {
            world: W::default(),
            random: Random::new(SEED),
            targets,
            recent: Vec::new(),
            most_recent: particles.div_ceil(PARTICLES_FOR_EACH_RECENT),
            spawned_each_frame: particles.div_ceil(usize::from(LONGEST_LIFE) / 2),
            last_id: 0,
            lost_targets: 0,
        };
        for _ in 0..particles {
            // The shorter of two lives: what is left of one that is looked at when it has begun already.
            let lifetime = simulation.lifetime().min(simulation.lifetime());
            simulation.spawn(lifetime);
        }
        simulation
    }

    pub(crate) fn spawned_each_frame(&self) -> usize {
        self.spawned_each_frame
    }

    /// What the simulation itself holds of the heap.
    pub(crate) fn bytes_besides_world(&self) -> usize {
        self.recent.capacity() * size_of::<W::Handle>()
    }

    pub(crate) fn frame(&mut self) -> Times {
        Times {
            steer: if self.targets == Targets::Some { time(|| self.steer()).1 } else { Duration::ZERO },
            advance: time(|| self.world.iter_mut().for_each(Particle::advance)).1,
            expire: time(|| self.world.retain(Particle::is_alive)).1,
            spawn: time(|| {
                for _ in 0..self.spawned_each_frame {
                    let lifetime = self.lifetime();
                    self.spawn(lifetime);
                }
            })
            .1,
        }
    }

    fn steer(&mut self) {
        for particle in self.world.iter() {
            let Some(target) = particle.target.get() else { continue };
            if let Some(target) = self.world.get(target) {
                particle.steer_to(target);
            } else {
                particle.target.set(None);
                self.lost_targets += 1;
            }
        }
    }

    fn lifetime(&mut self) -> u16 {
        self.random.below(u64::from(LONGEST_LIFE)) as u16 + 1
    }

    fn spawn(&mut self, lifetime: u16) {
        self.last_id += 1;
        let mut number = || self.random.fraction() as f32 - 0.5;
        let position = [number(), number(), number()];
        let velocity = [number(), number(), number()];
        let wants_target = self.targets == Targets::Some && self.random.below(PARTICLES_FOR_EACH_TARGET) == 0;
        let target = if wants_target && !self.recent.is_empty() {
            Some(self.recent[self.random.below(self.recent.len() as u64) as usize])
        } else {
            None
        };
        let handle = self.world.spawn(Particle {
            id: NonZeroU32::new(self.last_id).expect("the first is 1"),
            age: 0,
            lifetime,
            position,
            velocity: Cell::new(velocity),
            target: Cell::new(target),
        });
        if self.targets == Targets::Some {
            if self.recent.len() < self.most_recent {
                self.recent.push(handle);
            } else {
                self.recent[self.last_id as usize % self.most_recent] = handle;
            }
        }
    }

    pub(crate) fn state(&self) -> State {
        let digest = self.world.iter().fold(0_u64, |sum, particle| {
            let mut digest = mix(u64::from(particle.id.get()) << 32 | u64::from(particle.age));
            for number in particle.position.into_iter().chain(particle.velocity.get()) {
                digest = (digest ^ u64::from(number.to_bits())).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            }
            // A sum, as everybody keeps them in another order.
            sum.wrapping_add(mix(digest))
        });
        State { alive: self.world.len(), lost_targets: self.lost_targets, digest }
    }
}
