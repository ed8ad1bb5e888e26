//! The worlds to write with the crate `slotmap`.

use slotmap::{DefaultKey, DenseSlotMap, SlotMap};

use crate::particle::Particle;
use crate::world::World;

/// A vector with a version in each slot; free slots stay where they are, and are stepped over.
#[derive(Default)]
pub(crate) struct Slots {
    particles: SlotMap<DefaultKey, Particle<Slots>>,
}

impl World for Slots {
    const NAME: &'static str = "SlotMap";

    type Handle = DefaultKey;

    fn spawn(&mut self, particle: Particle<Self>) -> DefaultKey {
        self.particles.insert(particle)
    }

    fn get(&self, key: DefaultKey) -> Option<&Particle<Self>> {
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

/// No holes: the last particle moves to where one is gone, and keys lead through a table.
#[derive(Default)]
pub(crate) struct DenseSlots {
    particles: DenseSlotMap<DefaultKey, Particle<DenseSlots>>,
}

impl World for DenseSlots {
    const NAME: &'static str = "DenseSlotMap";

    type Handle = DefaultKey;

    fn spawn(&mut self, particle: Particle<Self>) -> DefaultKey {
        self.particles.insert(particle)
    }

    fn get(&self, key: DefaultKey) -> Option<&Particle<Self>> {
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
