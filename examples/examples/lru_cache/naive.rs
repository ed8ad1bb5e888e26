//! The cache that nobody would use and everybody can check: a list that is searched from end to end.

use std::collections::VecDeque;

use crate::cache::{Cache, Id, Page};

pub(crate) struct NaiveCache {
    capacity: usize,
    /// The newest first.
    entries: VecDeque<(Id, Page)>,
}

impl NaiveCache {
    fn take(&mut self, id: Id) -> Option<(Id, Page)> {
        let index = self.entries.iter().position(|entry| entry.0 == id)?;
        self.entries.remove(index)
    }
}

impl Cache for NaiveCache {
    const NAME: &'static str = "naive";

    fn new(capacity: usize) -> Self {
        NaiveCache { capacity, entries: VecDeque::new() }
    }

    fn get<R>(&mut self, id: Id, read: impl FnOnce(&Page) -> R) -> Option<R> {
        let entry = self.take(id)?;
        let answer = read(&entry.1);
        self.entries.push_front(entry);
        Some(answer)
    }

    fn push(&mut self, id: Id, page: Page) -> Option<(Id, Page)> {
        let full = self.entries.len() == self.capacity;
        let gone = self.take(id).or_else(|| if full { self.entries.pop_back() } else { None });
        self.entries.push_front((id, page));
        gone
    }

    fn for_each(&self, mut visit: impl FnMut(Id, &Page)) {
        for (id, page) in &self.entries {
            visit(*id, page);
        }
    }
}
