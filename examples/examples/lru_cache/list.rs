//! The cache to write with a pool: entries that know their neighbours by key, in safe code.
//!
//! ```text
//!  places: id ──► key            ┌── newer ──┐┌── newer ──┐
//!                                ▼           │▼           │
//!  newest ──────────────► │ id, page │ │ id, page │ │ id, page │ ◄── oldest
//!                             │           ▲│           ▲
//!                             └── older ──┘└── older ──┘
//! ```
//!
//! A key is copied as often as one likes and borrows nothing, so a list that leads both ways is a struct with two keys.

use std::mem;

use crate::cache::{Cache, Id, Page, Places};
use crate::store_kind::StoreKind;

/// A cache whose entries are in a store of kind `K`.
pub(crate) struct ListCache<K: StoreKind> {
    capacity: usize,
    places: Places<K::Key<Entry<K>>>,
    entries: K::Store<Entry<K>>,
    newest: Option<K::Key<Entry<K>>>,
    oldest: Option<K::Key<Entry<K>>>,
}

pub(crate) struct Entry<K: StoreKind> {
    id: Id,
    page: Page,
    newer: Option<K::Key<Entry<K>>>,
    older: Option<K::Key<Entry<K>>>,
}

/// Why no key of ours is ever stale.
const LINKED: &str = "an entry goes with all that lead to it";

impl<K: StoreKind> Cache for ListCache<K> {
    const NAME: &'static str = K::NAME;

    fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "a cache for nothing");
        ListCache {
            capacity,
            places: Places::with_capacity(capacity),
            entries: K::new(capacity),
            newest: None,
            oldest: None,
        }
    }

    fn get<R>(&mut self, id: Id, read: impl FnOnce(&Page) -> R) -> Option<R> {
        let key = *self.places.get(&id)?;
        self.renew(key);
        Some(read(&self.entry(key).page))
    }

    fn push(&mut self, id: Id, page: Page) -> Option<(Id, Page)> {
        if let Some(&key) = self.places.get(&id) {
            self.renew(key);
            return Some((id, mem::replace(&mut self.entry(key).page, page)));
        }
        let gone = if self.places.len() == self.capacity { self.pop_oldest() } else { None };
        let key = K::insert(&mut self.entries, Entry { id, page, newer: None, older: None });
        self.link_as_newest(key);
        self.places.insert(id, key);
        gone
    }

    fn for_each(&self, mut visit: impl FnMut(Id, &Page)) {
        let mut next = self.newest;
        while let Some(key) = next {
            let entry = K::get(&self.entries, key).expect(LINKED);
            visit(entry.id, &entry.page);
            next = entry.older;
        }
    }
}

impl<K: StoreKind> ListCache<K> {
    fn renew(&mut self, key: K::Key<Entry<K>>) {
        if self.newest != Some(key) {
            self.unlink(key);
            self.link_as_newest(key);
        }
    }

    fn pop_oldest(&mut self) -> Option<(Id, Page)> {
        let key = self.oldest?;
        self.unlink(key);
        let Entry { id, page, .. } = K::remove(&mut self.entries, key).expect(LINKED);
        self.places.remove(&id);
        Some((id, page))
    }

    /// Its neighbours become each other's. Its own links stay as they were.
    fn unlink(&mut self, key: K::Key<Entry<K>>) {
        let &mut Entry { newer, older, .. } = self.entry(key);
        match newer {
            Some(newer) => self.entry(newer).older = older,
            None => self.newest = older,
        }
        match older {
            Some(older) => self.entry(older).newer = newer,
            None => self.oldest = newer,
        }
    }

    fn link_as_newest(&mut self, key: K::Key<Entry<K>>) {
        let older = self.newest.replace(key);
        let entry = self.entry(key);
        entry.newer = None;
        entry.older = older;
        match older {
            Some(older) => self.entry(older).newer = Some(key),
            None => self.oldest = Some(key),
        }
    }

    #[inline]
    fn entry(&mut self, key: K::Key<Entry<K>>) -> &mut Entry<K> {
        K::get_mut(&mut self.entries, key).expect(LINKED)
    }
}
