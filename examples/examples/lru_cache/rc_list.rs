//! The cache as it is written with nothing but std, and with the pool's pointers in the place of std's: counted entries
//! behind `RefCell`.

use std::cell::RefCell;
use std::mem;

use crate::cache::{Cache, Id, Page, Places};
use crate::rc_kind::RcKind;

/// A cache whose entries own the next older one, as does the map.
pub(crate) struct RcCache<K: RcKind> {
    capacity: usize,
    places: Places<Link<K>>,
    newest: Option<Link<K>>,
    oldest: Option<Link<K>>,
    source: K::Source<RefCell<Entry<K>>>,
}

type Link<K> = <K as RcKind>::Strong<RefCell<Entry<K>>>;

pub(crate) struct Entry<K: RcKind> {
    id: Id,
    page: Page,
    /// Weak: entries that own each other would never go.
    newer: Option<K::Weak<RefCell<Entry<K>>>>,
    older: Option<Link<K>>,
}

impl<K: RcKind> Entry<K> {
    fn newer(&self) -> Option<Link<K>> {
        self.newer.as_ref().and_then(K::upgrade)
    }
}

impl<K: RcKind> Cache for RcCache<K> {
    const NAME: &'static str = K::NAME;

    fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "a cache for nothing");
        RcCache {
            capacity,
            places: Places::with_capacity(capacity),
            newest: None,
            oldest: None,
            source: K::source(capacity),
        }
    }

    fn get<R>(&mut self, id: Id, read: impl FnOnce(&Page) -> R) -> Option<R> {
        let link = self.places.get(&id)?.clone();
        self.renew(&link);
        Some(read(&link.borrow().page))
    }

    fn push(&mut self, id: Id, page: Page) -> Option<(Id, Page)> {
        if let Some(link) = self.places.get(&id).cloned() {
            self.renew(&link);
            return Some((id, mem::replace(&mut link.borrow_mut().page, page)));
        }
        let gone = if self.places.len() == self.capacity { self.pop_oldest() } else { None };
        let link = K::put(&self.source, RefCell::new(Entry { id, page, newer: None, older: None }));
        self.places.insert(id, link.clone());
        self.link_as_newest(link);
        gone
    }

    fn for_each(&self, mut visit: impl FnMut(Id, &Page)) {
        let mut next = self.newest.clone();
        while let Some(link) = next {
            let entry = link.borrow();
            visit(entry.id, &entry.page);
            next = entry.older.clone();
        }
    }
}

impl<K: RcKind> RcCache<K> {
    fn renew(&mut self, link: &Link<K>) {
        // Without a newer one it is the newest.
        if link.borrow().newer.is_some() {
            self.unlink(link);
            self.link_as_newest(link.clone());
        }
    }

    fn pop_oldest(&mut self) -> Option<(Id, Page)> {
        let link = self.oldest.clone()?;
        self.unlink(&link);
        self.places.remove(&link.borrow().id);
        let Entry { id, page, .. } = K::into_inner(link).expect("nothing else leads to it").into_inner();
        Some((id, page))
    }

    fn unlink(&mut self, link: &Link<K>) {
        let mut entry = link.borrow_mut();
        let (newer, older) = (entry.newer(), entry.older.take());
        entry.newer = None;
        match &older {
            Some(older) => older.borrow_mut().newer = newer.as_ref().map(K::downgrade),
            None => self.oldest.clone_from(&newer),
        }
        match newer {
            Some(newer) => newer.borrow_mut().older = older,
            None => self.newest = older,
        }
    }

    fn link_as_newest(&mut self, link: Link<K>) {
        let older = self.newest.replace(link.clone());
        match &older {
            Some(older) => older.borrow_mut().newer = Some(K::downgrade(&link)),
            None => self.oldest = Some(link.clone()),
        }
        link.borrow_mut().older = older;
    }
}

impl<K: RcKind> Drop for RcCache<K> {
    /// One after the other: each would drop the next from inside its own drop, and a long list overflow the stack.
    fn drop(&mut self) {
        self.places.clear();
        self.oldest = None;
        let mut next = self.newest.take();
        while let Some(link) = next {
            next = link.borrow_mut().older.take();
        }
    }
}
