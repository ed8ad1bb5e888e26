use std::cell::Cell;
use std::num::NonZeroU32;

use crate::world::World;

/// What lives for some frames in a world of kind `W`.
#[derive(Debug)]
pub(crate) struct Particle<W: World> {
    /// Which one of all there ever were. Never used again.
    pub(crate) id: NonZeroU32,
    /// In frames.
    pub(crate) age: u16,
    /// The age at which it is gone.
    pub(crate) lifetime: u16,
    pub(crate) position: [f32; 3],
    /// `Cell`: while particles look at each other's positions, each changes its own velocity.
    pub(crate) velocity: Cell<[f32; 3]>,
    /// What it flies to, if that is still there.
    pub(crate) target: Cell<Option<W::Handle>>,
}

impl<W: World> Particle<W> {
    const PULL: f32 = 0.02;
    const DRAG: f32 = 0.99;
    const GRAVITY: [f32; 3] = [0.0, -0.01, 0.0];

    /// Turns to where the target is.
    #[inline]
    pub(crate) fn steer_to(&self, target: &Self) {
        let way = [0, 1, 2].map(|axis| target.position[axis] - self.position[axis]);
        let velocity = self.velocity.get();
        self.velocity.set([0, 1, 2].map(|axis| velocity[axis] + way[axis] * Self::PULL));
    }

    /// One frame older.
    #[inline]
    pub(crate) fn advance(&mut self) {
        let velocity = self.velocity.get_mut();
        for ((position, velocity), gravity) in self.position.iter_mut().zip(velocity).zip(Self::GRAVITY) {
            *velocity = *velocity * Self::DRAG + gravity;
            *position += *velocity;
        }
        self.age += 1;
    }

    #[inline]
    pub(crate) fn is_alive(&self) -> bool {
        self.age < self.lifetime
    }
}
