//! The keyed pool: values that are named by small keys which notice when they are stale. To read on: `key.rs`,
//! `slots.rs` (which slots are vacant), `rows.rs` (where they lie), `table.rs` (both together).

mod iter;
mod key;
mod rows;
mod slots;
mod table;
#[cfg(test)]
mod tests;

use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::mem::needs_drop;
use core::ops::{Index, IndexMut};

use goo_pool_core::AllocError;

use crate::error::{TryAllocError, fail};
pub use iter::{Drain, IntoIter, Iter, IterMut};
pub use key::Key;
use rows::{Base, Shape};
use slots::WORD;
use table::{Table, Walk, Words};

/// A pool that owns its values and names them by [`Key`]s: 8 bytes that may be stored anywhere, and that know when their value
/// is gone.
///
/// For graphs, entities, sessions: whatever refers to each other in all directions and goes in any order, where references
/// cannot be and a stale one must not hurt. Inserting, removing and looking up take constant time. A value stays at its
/// address until it is removed; iteration is by address and skips 64 vacant slots in a step.
///
/// # How it works
///
/// The values lie side by side in whole blocks of a pool of its own, with nothing between them. A table beside them has
/// 4 bytes for each slot, which count its values (its *generation*), and 2 bits. A key is a slot's number and a
/// generation; it is stale when that is not the slot's any more.
///
/// So a key never comes back to life: not by removing and inserting, nor by [`clear`](Self::clear), nor by
/// [`shrink_to_fit`](Self::shrink_to_fit). A slot that had 2^31 - 1 values is retired and never used again. Slots have
/// 32-bit numbers, of which a pool can use from a quarter to all, as its blocks are filled by values of this size.
///
/// Removing a value keeps its memory for others; `shrink_to_fit` gives back the blocks that are empty.
///
/// # Threads
///
/// It goes to another thread, and is shared, if its values may.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::KeyedPool;
///
/// let mut sessions = KeyedPool::new();
/// let ada = sessions.insert(String::from("Ada"));
/// let ben = sessions.insert(String::from("Ben"));
/// sessions[ada].push_str(" Lovelace");
/// assert_eq!(sessions.remove(ben).as_deref(), Some("Ben"));
///
/// // Ben's key is stale, also when his place is taken.
/// let cat = sessions.insert(String::from("Cat"));
/// assert_eq!((sessions.get(ben), &*sessions[cat]), (None, "Cat"));
/// assert!(sessions.values().eq(["Ada Lovelace", "Cat"]));
/// ```
pub struct KeyedPool<T> {
    table: Table,
    values: PhantomData<T>,
}

/// The key of a live slot.
///
/// # Safety
///
/// 1. The slot is live.
#[inline(always)]
unsafe fn live_key<T>(table: &Table, index: u32) -> Key<T> {
    // Without checks, because where only values are asked for the generation is then not read at all.
    // SAFETY: (1).
    let generation = unsafe { table.slots.generation_of(index) };
    // SAFETY: it is odd, because the slot is live.
    unsafe { Key::of_live(index, generation) }
}

#[cold]
#[inline(never)]
#[track_caller]
fn stale<T>(key: Key<T>) -> ! {
    panic!("{key:?} is stale, or another pool's")
}

impl<T> KeyedPool<T> {
    const SHAPE: Shape = Shape::of::<T>();

    /// An empty pool. It takes no memory before its first value.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::KeyedPool;
    /// use std::sync::Mutex;
    ///
    /// static NAMES: Mutex<KeyedPool<String>> = Mutex::new(KeyedPool::new());
    /// let key = NAMES.lock().unwrap().insert("everywhere".into());
    /// assert_eq!(NAMES.lock().unwrap()[key], "everywhere");
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self { table: Table::new(Self::SHAPE), values: PhantomData }
    }

    /// An empty pool with room for so many values.
    ///
    /// # Panics
    ///
    /// If no pool has so much room. Without memory it fails as `Vec::with_capacity` does.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        let mut pool = Self::new();
        match pool.reserve(capacity) {
            Ok(()) => pool,
            Err(error) => fail(error),
        }
    }

    /// Moves `value` into the pool. The key names it until it is removed.
    ///
    /// # Panics
    ///
    /// If all numbers of slots are used, or `T` is too large for any pool. Without memory it fails as `Box::new` does.
    #[inline]
    pub fn insert(&mut self, value: T) -> Key<T> {
        self.insert_with_key(|_| value)
    }

    /// Calls `make` with the key that its value is going to have, and moves the value into the pool.
    ///
    /// If `make` panics, nothing was inserted. The key may then be the next value's.
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert), before `make` is called.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{Key, KeyedPool};
    ///
    /// struct Node { own: Key<Node>, next: Key<Node> }
    ///
    /// let mut ring = KeyedPool::new();
    /// let one = ring.insert_with_key(|own| Node { own, next: own });
    /// let two = ring.insert_with_key(|own| Node { own, next: one });
    /// ring[one].next = two;
    /// assert_eq!(ring[ring[one].next].own, two);
    /// ```
    #[inline]
    pub fn insert_with_key(&mut self, make: impl FnOnce(Key<T>) -> T) -> Key<T> {
        let index = match self.table.slots.next() {
            Some(index) => index,
            None => match self.table.next_slow() {
                Ok(index) => index,
                Err(error) => fail(error),
            },
        };
        // SAFETY: `next` or `next_slow`, which asks it, gave the slot just now.
        unsafe { self.fill(index, make) }
    }

    /// Moves `value` into the pool, or gives it back.
    ///
    /// # Errors
    ///
    /// [`TryAllocError`], which holds the value, if there is no memory or all numbers of slots are used.
    ///
    /// # Panics
    ///
    /// If `T` is too large for any pool.
    #[inline]
    pub fn try_insert(&mut self, value: T) -> Result<Key<T>, TryAllocError<T>> {
        let index = match self.table.slots.next() {
            Some(index) => index,
            None => match self.table.next_slow() {
                Ok(index) => index,
                Err(error) => return Err(TryAllocError::new(value, error)),
            },
        };
        // SAFETY: as in `insert_with_key`.
        Ok(unsafe { self.fill(index, |_| value) })
    }

    /// Puts a value into a slot.
    ///
    /// # Safety
    ///
    /// 1. `Slots::next` gave it, and nothing happened since.
    #[inline(always)]
    unsafe fn fill(&mut self, index: u32, make: impl FnOnce(Key<T>) -> T) -> Key<T> {
        // SAFETY: the slot is vacant, as `next` gave it (1).
        let generation = unsafe { self.table.slots.generation_of(index) } + 1;
        // SAFETY: that of a vacant slot is even, so the one after it is odd.
        let key = unsafe { Key::of_live(index, generation) };
        let value = make(key);
        // Before the value is written: what was read of the slots is still known then, and nothing can fail in between.
        // SAFETY: (1), and while `make` ran the pool was borrowed.
        unsafe { self.table.slots.occupy(index) };
        // SAFETY: the shape is the table's, and the slot was vacant, so its row is there (2).
        let place: *mut T = unsafe { self.table.rows.place(index, Self::SHAPE) };
        // SAFETY: the slot was vacant: its row is there (2), and so is its chunk, of T's layout, with no value in it (1).
        unsafe { place.write(value) };
        key
    }

    /// Where the key's value is, if it is live.
    #[inline(always)]
    fn place(&self, key: Key<T>) -> Option<*mut T> {
        if !self.table.slots.holds(key.index(), key.generation()) {
            return None;
        }
        // SAFETY: the shape is the table's, and the slot is live, so its row is there (2).
        Some(unsafe { self.table.rows.place(key.index(), Self::SHAPE) })
    }

    /// Takes the value out; `None` if the key is stale.
    ///
    /// The slot is used again; its memory stays where it is.
    #[inline]
    pub fn remove(&mut self, key: Key<T>) -> Option<T> {
        if !self.table.slots.vacate(key.index(), key.generation()) {
            return None;
        }
        // SAFETY: the shape is the table's, and the slot was live until now, so its row is there (2).
        let place: *mut T = unsafe { self.table.rows.place(key.index(), Self::SHAPE) };
        // SAFETY: the slot was live until now, so a value is there (1), which nobody takes a second time: it is vacant.
        Some(unsafe { place.read() })
    }

    /// The value; `None` if the key is stale.
    #[must_use]
    #[inline]
    pub fn get(&self, key: Key<T>) -> Option<&T> {
        // SAFETY: a live value of this pool, which is borrowed.
        self.place(key).map(|place| unsafe { &*place })
    }

    /// The value, to be changed; `None` if the key is stale.
    #[must_use]
    #[inline]
    pub fn get_mut(&mut self, key: Key<T>) -> Option<&mut T> {
        // SAFETY: a live value of this pool, which is borrowed mutably.
        self.place(key).map(|place| unsafe { &mut *place })
    }

    /// Several values at once, to be changed; `None` if one of the keys is stale, or two are the same.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::KeyedPool;
    ///
    /// let mut accounts = KeyedPool::new();
    /// let (ada, ben) = (accounts.insert(100), accounts.insert(0));
    /// if let Some([from, to]) = accounts.get_disjoint_mut([ada, ben]) {
    ///     *from -= 30;
    ///     *to += 30;
    /// }
    /// assert_eq!((accounts[ada], accounts[ben]), (70, 30));
    /// assert!(accounts.get_disjoint_mut([ada, ada]).is_none());
    /// ```
    #[must_use]
    pub fn get_disjoint_mut<const N: usize>(&mut self, keys: [Key<T>; N]) -> Option<[&mut T; N]> {
        for (number, key) in keys.iter().enumerate() {
            if !self.contains(*key) || keys[..number].contains(key) {
                return None;
            }
        }
        Some(keys.map(|key| {
            // SAFETY: it is live, so its slot's row is there (2), and the shape is the table's.
            let place = unsafe { self.table.rows.place(key.index(), Self::SHAPE) };
            // SAFETY: a live value of this pool, which is borrowed mutably; all keys are live and differ, so their slots do.
            unsafe { &mut *place }
        }))
    }

    /// Whether the key's value is still there.
    #[must_use]
    #[inline]
    pub fn contains(&self, key: Key<T>) -> bool {
        self.table.slots.holds(key.index(), key.generation())
    }

    /// How many values there are. One step for each 64 slots of the capacity.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.slots.live()
    }

    /// Whether there is no value. It looks for one, 64 slots in a step.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        Walk::new().next(&self.table).is_none()
    }

    /// How many values fit without another request for memory, those that are there included.
    #[must_use]
    #[inline]
    pub const fn capacity(&self) -> usize {
        self.table.slots.usable()
    }

    /// Makes room for `additional` more values than there are.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if there is no memory, or so many slots have no numbers. The values stay as they are.
    ///
    /// # Panics
    ///
    /// If `T` is too large for any pool.
    pub fn reserve(&mut self, additional: usize) -> Result<(), AllocError> {
        self.table.reserve(additional)
    }

    /// Gives all blocks back that hold no value. Keys of values that were there stay stale.
    ///
    /// One step for each 64 slots. Of a block that goes while a later one stays, the generations are kept: 4 bytes for each slot.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::KeyedPool;
    ///
    /// let mut pool = KeyedPool::new();
    /// let keys: Vec<_> = (0..1000).map(|number| pool.insert(number)).collect();
    /// pool.clear();
    /// pool.shrink_to_fit();
    /// assert_eq!(pool.capacity(), 0);
    /// pool.insert(7);
    /// assert!(keys.iter().all(|&key| !pool.contains(key)));
    /// ```
    pub fn shrink_to_fit(&mut self) {
        self.table.shrink_to_fit();
    }

    /// All keys and values, by address.
    ///
    /// `for_each`, `sum` and the like are faster than a `for` loop.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::KeyedPool;
    ///
    /// let mut pool = KeyedPool::new();
    /// let key = pool.insert('a');
    /// assert!(pool.iter().eq([(key, &'a')]));
    /// ```
    #[must_use]
    pub fn iter(&self) -> Iter<'_, T> {
        Iter::new(self)
    }

    /// All keys and values, by address, the values to be changed.
    #[must_use]
    pub fn iter_mut(&mut self) -> IterMut<'_, T> {
        IterMut::new(self)
    }

    /// All keys, by address of the values.
    #[must_use]
    pub fn keys(&self) -> impl ExactSizeIterator<Item = Key<T>> + FusedIterator + Clone {
        self.iter().map(|(key, _)| key)
    }

    /// All values, by address.
    #[must_use]
    pub fn values(&self) -> impl ExactSizeIterator<Item = &T> + FusedIterator + Clone {
        self.iter().map(|(_, value)| value)
    }

    /// All values, by address, to be changed.
    #[must_use]
    pub fn values_mut(&mut self) -> impl ExactSizeIterator<Item = &mut T> + FusedIterator {
        self.iter_mut().map(|(_, value)| value)
    }

    /// Takes all values out, by address, as the result is iterated. The memory stays.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::KeyedPool;
    ///
    /// let mut pool = KeyedPool::new();
    /// let keys = [pool.insert("one"), pool.insert("two")];
    /// let (key, first) = pool.drain().next().unwrap();
    /// assert_eq!((key, first, pool.len()), (keys[0], "one", 0));
    /// ```
    #[must_use]
    pub fn drain(&mut self) -> Drain<'_, T> {
        Drain::new(self)
    }

    /// Removes the values of which `keep` says false, by address.
    ///
    /// If `keep` or a destructor panics, what comes after it stays.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::KeyedPool;
    ///
    /// let mut pool = KeyedPool::new();
    /// let [one, two] = [1, 2].map(|number| pool.insert(number));
    /// pool.retain(|_, number| *number % 2 == 0);
    /// assert_eq!((pool.get(one), pool.get(two)), (None, Some(&2)));
    /// ```
    pub fn retain(&mut self, mut keep: impl FnMut(Key<T>, &mut T) -> bool) {
        let mut walk = Walk::new();
        while let Some((index, base)) = walk.next(&self.table) {
            // SAFETY: the walk gives live slots.
            let key = unsafe { live_key(&self.table, index) };
            // SAFETY: as above, and the pool is borrowed mutably.
            if !keep(key, unsafe { &mut *base.slot(index) }) {
                drop(self.remove(key));
            }
        }
    }

    /// Drops all values, by address, and keeps the memory. If they need no drop, none of them is touched.
    ///
    /// # Panics
    ///
    /// If a destructor does, when all others have run. There is no value then, as always after this.
    pub fn clear(&mut self) {
        self.table.slots.flush();
        let mut sweep = Sweep::<T> {
            words: Words::new(),
            table: &mut self.table,
            first: 0,
            bits: 0,
            base: Base::NONE,
            values: PhantomData,
        };
        while sweep.step() {}
    }
}

/// Drops all values, on to the end when one panics.
struct Sweep<'p, T> {
    table: &'p mut Table,
    words: Words,
    /// Slots that have been made vacant, but whose values are still there, of the word that begins with `first`.
    bits: u64,
    first: u32,
    base: Base,
    values: PhantomData<&'p mut T>,
}

impl<T> Sweep<'_, T> {
    /// Drops a value, or makes the slots of a word vacant. False at the end.
    fn step(&mut self) -> bool {
        if self.bits != 0 {
            let index = self.first + self.bits.trailing_zeros();
            self.bits &= self.bits - 1;
            // SAFETY: the slot was live, so a value is there (1). Nobody else finds it: it is vacant now, and the pool is
            // borrowed until the end of the sweep.
            unsafe { self.base.slot::<T>(index).drop_in_place() };
            return true;
        }
        let Some(word) = self.words.next(self.table) else { return false };
        let cleared = self.table.slots.clear(word);
        if needs_drop::<T>() {
            (self.bits, self.first, self.base) = (cleared, word * WORD, self.words.base);
        }
        true
    }
}

impl<T> Drop for Sweep<'_, T> {
    fn drop(&mut self) {
        while self.step() {}
    }
}

impl<T> Drop for KeyedPool<T> {
    fn drop(&mut self) {
        if needs_drop::<T>() {
            self.clear();
        }
    }
}

impl<T> Default for KeyedPool<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// The value.
///
/// # Panics
///
/// If the key is stale.
impl<T> Index<Key<T>> for KeyedPool<T> {
    type Output = T;

    #[inline]
    #[track_caller]
    fn index(&self, key: Key<T>) -> &T {
        match self.get(key) {
            Some(value) => value,
            None => stale(key),
        }
    }
}

/// The value, to be changed.
///
/// # Panics
///
/// If the key is stale.
impl<T> IndexMut<Key<T>> for KeyedPool<T> {
    #[inline]
    #[track_caller]
    fn index_mut(&mut self, key: Key<T>) -> &mut T {
        match self.get_mut(key) {
            Some(value) => value,
            None => stale(key),
        }
    }
}

/// As a map.
impl<T: fmt::Debug> fmt::Debug for KeyedPool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}
