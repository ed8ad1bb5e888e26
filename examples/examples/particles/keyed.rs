//! The world to write with a pool.

use goo_pool_typed::{Key, KeyedPool};

use crate::particle::Particle;
use crate::world::World;

/// Particles that never move in memory, and 8-byte keys that know theirs from its successors.
#[derive(Default)]
pub(crate) struct Keyed {
    particles: KeyedPool<Particle<Keyed>>,
}

impl World for Keyed {
    const NAME: &'static str = "KeyedPool";

    type Handle = Key<Particle<Keyed>>;

    fn spawn(&mut self, particle: Particle<Self>) -> Self::Handle {
        self.particles.insert(particle)
    }

    fn get(&self, key: Self::Handle) -> Option<&Particle<Self>> {
        self.particles.get(key)
    }

    fn iter(&self) -> impl Iterator<Item = &Particle<Self>> {
        self.particles.values()
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut Particle<Self>> {
        self.particles.values_mut()
    }

    fn retain(&mut self, mut keep: impl FnMut(&Particle<Self>) -> bool) {
        self.particles.retain(|_, particle| keep(particle));
    }

    fn len(&self) -> usize {
        self.particles.len()
    }
}
