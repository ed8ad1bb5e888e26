use goo_pool_examples::mix;
use hashbrown::HashMap;

/// What a page is asked for by.
pub(crate) type Id = u64;

/// What is kept: with its id and two links of 8 bytes, an entry of 64 bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page([u64; 5]);

impl Page {
    /// Stands in for the disk or the network that a cache saves us from. It takes no time, so that the cache's is seen.
    #[inline]
    pub(crate) fn load(id: Id) -> Self {
        Page([id, !id, id << 1, id >> 1, mix(id)])
    }

    /// Reads all of it.
    #[inline]
    pub(crate) fn sum(&self) -> u64 {
        self.0.iter().fold(0, |sum: u64, part| sum.rotate_left(7) ^ part)
    }
}

/// So many pages at most; when one more comes, the one that was not asked for longest goes.
pub(crate) trait Cache {
    const NAME: &'static str;

    /// An empty cache for at least one page.
    fn new(capacity: usize) -> Self;

    /// Shows the page to `read`, and from now on it is the newest.
    fn get<R>(&mut self, id: Id, read: impl FnOnce(&Page) -> R) -> Option<R>;

    /// Puts a page in as the newest. Returns what it replaced: the page that had this id, or the oldest one if all was full.
    fn push(&mut self, id: Id, page: Page) -> Option<(Id, Page)>;

    /// Shows every page, the newest first, and changes nothing.
    fn for_each(&self, visit: impl FnMut(Id, &Page));
}

/// The way from an id to its entry, the same for every cache: the map that the crate `lru` has inside.
pub(crate) type Places<T> = HashMap<Id, T>;
