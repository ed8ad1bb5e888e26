//! The thread-safe pool's stores: one for each home, so that threads get memory that is near to them.
//!
//! What a home is, the parent says ([`Parent::home`]); for most there is one. A segment stays in the store of the home that it was asked
//! for at, and so do its blocks. A thread takes a block from its home's store, and lets the pool grow there, before it takes one of
//! another home.

use std::alloc::Layout;

use super::kind::{Owner, Threads};
use crate::block::Block;
use crate::config::Config;
use crate::geometry::Geometry;
use crate::parent::Parent;
use crate::segment::Segment;
use crate::store::Store;

/// Homes that a pool tells apart: as many as most machines have sockets. Others share a store.
const HOMES: usize = 4;

/// A home, by the number of its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Home(u32);

/// How far a thread looks for free chunks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reach {
    /// At its home, before the pool grows.
    Near(Home),
    /// Wherever there are some, whatever it costs, because the pool cannot grow.
    Anywhere,
}

/// The stores, by home. Their segments together are the pool's.
pub(crate) struct Stores([Store<Threads>; HOMES]);

impl Home {
    /// Where this thread is now. Calls the parent.
    pub(crate) fn of_this_thread(parent: &dyn Parent) -> Self {
        Self(parent.home() % HOMES as u32)
    }

    pub(crate) fn of(segment: Segment) -> Self {
        Self(segment.record().home)
    }
}

impl Reach {
    pub(crate) fn includes(self, home: Home) -> bool {
        match self {
            Self::Near(near) => near == home,
            Self::Anywhere => true,
        }
    }
}

impl Stores {
    pub(crate) fn new(layout: Layout, config: &Config) -> Self {
        Self(std::array::from_fn(|home| Store::new(layout, home as u32, config.clone())))
    }

    pub(crate) fn all(&self) -> &[Store<Threads>] {
        &self.0
    }

    /// The home's store, which may grow by what the limit leaves of the whole pool.
    pub(crate) fn at(&self, home: Home) -> &Store<Threads> {
        let store = self.get(home);
        store.elsewhere.set(self.chunks() - store.segments.chunks.get());
        store
    }

    fn get(&self, home: Home) -> &Store<Threads> {
        &self.0[home.0 as usize]
    }

    /// The store that has the segment.
    pub(crate) fn of(&self, segment: Segment) -> &Store<Threads> {
        self.get(Home::of(segment))
    }

    pub(crate) fn within(&self, reach: Reach) -> impl Iterator<Item = &Store<Threads>> {
        self.0.iter().zip(0..).filter(move |&(_, home)| reach.includes(Home(home))).map(|(store, _)| store)
    }

    /// All segments.
    pub(crate) fn segments(&self) -> impl Iterator<Item = Segment> {
        self.0.iter().flat_map(|store| store.segments.iter())
    }

    /// The first segment of each store, for a walk on which segments may go.
    pub(crate) fn firsts(&self) -> [Option<Segment>; HOMES] {
        self.0.each_ref().map(|store| store.segments.first.get())
    }

    /// Chunks of all segments together.
    pub(crate) fn chunks(&self) -> usize {
        self.0.iter().map(|store| store.segments.chunks.get()).sum()
    }

    /// Bytes of all segments together.
    pub(crate) fn bytes(&self) -> usize {
        self.0.iter().map(|store| store.segments.bytes.get()).sum()
    }

    /// As [`Store::give_block`].
    pub(crate) fn give_block(
        &self,
        reach: Reach,
        owner: impl Fn() -> Owner,
        geometry: &Geometry,
    ) -> Option<Block<Threads>> {
        self.within(reach).find_map(|store| store.give_block(owner(), geometry))
    }

    /// Takes a block back, as [`Store::take_back`]. True if that makes its segment a spare one.
    pub(crate) fn take_back(&self, block: Block<Threads>, geometry: &Geometry) -> bool {
        let segment = block.header().segment;
        let store = self.of(segment);
        let emptied = store.take_back(block);
        if emptied {
            store.retire(segment, geometry);
        }
        emptied
    }
}
