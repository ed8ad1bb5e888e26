//! The world that nobody would use and everybody can check: whoever ever was has a place, and keeps it.

use crate::particle::Particle;
use crate::world::World;

#[derive(Default)]
pub(crate) struct Naive {
    particles: Vec<(Particle<Naive>, bool)>,
}

impl World for Naive {
    const NAME: &'static str = "naive";

    type Handle = usize;

    fn spawn(&mut self, particle: Particle<Self>) -> usize {
        self.particles.push((particle, true));
        self.particles.len() - 1
    }

    fn get(&self, place: usize) -> Option<&Particle<Self>> {
        let (particle, is_there) = &self.particles[place];
        is_there.then_some(particle)
    }

    fn iter(&self) -> impl Iterator<Item = &Particle<Self>> {
        self.particles.iter().filter_map(|(particle, is_there)| is_there.then_some(particle))
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut Particle<Self>> {
        self.particles.iter_mut().filter_map(|(particle, is_there)| is_there.then_some(particle))
    }

    fn retain(&mut self, mut keep: impl FnMut(&Particle<Self>) -> bool) {
        for (particle, is_there) in &mut self.particles {
            *is_there = *is_there && keep(particle);
        }
    }

    fn len(&self) -> usize {
        self.iter().count()
    }
}
