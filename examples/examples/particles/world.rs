//! What a simulation needs of whatever keeps its particles.

use crate::particle::Particle;

/// Keeps particles. The simulation is written once, against this trait.
pub(crate) trait World: Default {
    const NAME: &'static str;

    /// Leads to a particle, as long as it is there.
    type Handle: Copy;

    fn spawn(&mut self, particle: Particle<Self>) -> Self::Handle;

    /// Nothing if it is gone, whatever is where it was.
    fn get(&self, handle: Self::Handle) -> Option<&Particle<Self>>;

    /// In any order.
    fn iter(&self) -> impl Iterator<Item = &Particle<Self>>;

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut Particle<Self>>;

    fn retain(&mut self, keep: impl FnMut(&Particle<Self>) -> bool);

    fn len(&self) -> usize;
}
