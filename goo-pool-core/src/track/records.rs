//! One record for each live chunk.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::panic::Location;
use std::vec::Vec;

use slab::Slab;

use super::address_map::AddressMap;
use super::report::LiveSite;

/// Who has a chunk.
///
/// The compiler keeps one `Location` for each line that allocates, so that a site is one word here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub(crate) objects: usize,
    pub(crate) bytes: usize,
    pub(crate) site: &'static Location<'static>,
}

/// The records of a pool's live chunks.
///
/// They lie side by side in a slab, and the map from addresses to them grows by moving two words an entry.
#[derive(Debug, Default)]
pub(crate) struct Records {
    records: Slab<Record>,
    /// Invariant: the key of each record, by its chunk's address.
    keys: AddressMap<usize>,
}

impl Records {
    /// The record that was there, if any.
    pub(crate) fn insert(&mut self, address: usize, record: Record) -> Option<Record> {
        let key = self.records.insert(record);
        let before = self.keys.insert(address, key)?;
        Some(self.records.remove(before))
    }

    pub(crate) fn remove(&mut self, address: usize) -> Option<Record> {
        let key = self.keys.remove(&address)?;
        Some(self.records.remove(key))
    }

    pub(crate) fn get(&self, address: usize) -> Option<&Record> {
        let key = *self.keys.get(&address)?;
        self.records.get(key)
    }

    pub(crate) fn clear(&mut self) {
        self.records.clear();
        self.keys.clear();
    }

    /// Sums by call site, the largest first.
    pub(crate) fn by_site(&self) -> Vec<LiveSite> {
        // By value: two crates may have a copy each of the location of one generic function's line.
        let mut sums = BTreeMap::<&'static Location<'static>, (usize, usize)>::new();
        for (_, record) in &self.records {
            let (objects, bytes) = sums.entry(record.site).or_default();
            *objects += record.objects;
            *bytes += record.bytes;
        }
        let mut sites: Vec<_> =
            sums.into_iter().map(|(location, (objects, bytes))| LiveSite { location, objects, bytes }).collect();
        // Stable: what is equal stays in the order of files and lines.
        sites.sort_by_key(|site| Reverse((site.bytes, site.objects)));
        sites
    }
}
