//! The cache to take from crates.io: `lru`, which keeps its entries in boxes and links them by raw pointers.

use std::num::NonZeroUsize;

use lru::LruCache;

use crate::cache::{Cache, Id, Page};

impl Cache for LruCache<Id, Page> {
    const NAME: &'static str = "crate lru";

    fn new(capacity: usize) -> Self {
        LruCache::new(NonZeroUsize::new(capacity).expect("a cache for nothing"))
    }

    fn get<R>(&mut self, id: Id, read: impl FnOnce(&Page) -> R) -> Option<R> {
        LruCache::get(self, &id).map(read)
    }

    fn push(&mut self, id: Id, page: Page) -> Option<(Id, Page)> {
        LruCache::push(self, id, page)
    }

    fn for_each(&self, mut visit: impl FnMut(Id, &Page)) {
        for (&id, page) in self {
            visit(id, page);
        }
    }
}
