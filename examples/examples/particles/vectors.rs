//! The worlds that are written with nothing but std.

use std::num::NonZeroU32;

use hashbrown::HashMap;

use crate::particle::Particle;
use crate::world::World;

/// A slot for each particle, which stays where it is in a box of its own, and a list of free slots.
#[derive(Default)]
pub(crate) struct Boxes {
    slots: Vec<Option<Box<Particle<Boxes>>>>,
    free: Vec<u32>,
}

/// Where it is, and who: the slot may be another's by now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlotOf {
    slot: u32,
    id: NonZeroU32,
}

impl World for Boxes {
    const NAME: &'static str = "Vec<Option<Box>>";

    type Handle = SlotOf;

    fn spawn(&mut self, particle: Particle<Self>) -> SlotOf {
        let id = particle.id;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            (self.slots.len() - 1) as u32
        });
        self.slots[slot as usize] = Some(Box::new(particle));
        SlotOf { slot, id }
    }

    fn get(&self, SlotOf { slot, id }: SlotOf) -> Option<&Particle<Self>> {
        self.slots[slot as usize].as_deref().filter(|particle| particle.id == id)
    }

    fn iter(&self) -> impl Iterator<Item = &Particle<Self>> {
        self.slots.iter().flatten().map(|particle| &**particle)
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut Particle<Self>> {
        self.slots.iter_mut().flatten().map(|particle| &mut **particle)
    }

    fn retain(&mut self, mut keep: impl FnMut(&Particle<Self>) -> bool) {
        for (number, slot) in self.slots.iter_mut().enumerate() {
            if slot.take_if(|particle| !keep(particle)).is_some() {
                self.free.push(number as u32);
            }
        }
    }

    fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}

/// One particle after the other, and the last one moves to where one is gone. Nothing is faster to go through, and nobody
/// can refer to a particle.
#[derive(Default)]
pub(crate) struct Plain {
    particles: Vec<Particle<Plain>>,
}

impl World for Plain {
    const NAME: &'static str = "Vec";

    type Handle = ();

    fn spawn(&mut self, particle: Particle<Self>) {
        self.particles.push(particle);
    }

    fn get(&self, (): ()) -> Option<&Particle<Self>> {
        None
    }

    fn iter(&self) -> impl Iterator<Item = &Particle<Self>> {
        self.particles.iter()
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut Particle<Self>> {
        self.particles.iter_mut()
    }

    fn retain(&mut self, mut keep: impl FnMut(&Particle<Self>) -> bool) {
        let mut index = 0;
        while let Some(particle) = self.particles.get(index) {
            if keep(particle) {
                index += 1;
            } else {
                self.particles.swap_remove(index);
            }
        }
    }

    fn len(&self) -> usize {
        self.particles.len()
    }
}

/// The same vector, and a map that tells where in it a particle is just now: what it takes to refer to one.
#[derive(Default)]
pub(crate) struct Mapped {
    particles: Vec<Particle<Mapped>>,
    places: HashMap<NonZeroU32, u32>,
}

impl World for Mapped {
    const NAME: &'static str = "Vec and HashMap";

    type Handle = NonZeroU32;

    fn spawn(&mut self, particle: Particle<Self>) -> NonZeroU32 {
        let id = particle.id;
        self.places.insert(id, self.particles.len() as u32);
        self.particles.push(particle);
        id
    }

    fn get(&self, id: NonZeroU32) -> Option<&Particle<Self>> {
        self.places.get(&id).map(|&place| &self.particles[place as usize])
    }

    fn iter(&self) -> impl Iterator<Item = &Particle<Self>> {
        self.particles.iter()
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut Particle<Self>> {
        self.particles.iter_mut()
    }

    fn retain(&mut self, mut keep: impl FnMut(&Particle<Self>) -> bool) {
        let mut index = 0;
        while let Some(particle) = self.particles.get(index) {
            if keep(particle) {
                index += 1;
                continue;
            }
            self.places.remove(&particle.id);
            self.particles.swap_remove(index);
            if let Some(moved) = self.particles.get(index) {
                self.places.insert(moved.id, index as u32);
            }
        }
    }

    fn len(&self) -> usize {
        self.particles.len()
    }
}
