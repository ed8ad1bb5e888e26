//! Iterators over a keyed pool, all by address.

use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;

use super::key::Key;
use super::rows::Base;
use super::table::{Table, Walk};
use super::{KeyedPool, live_key};

/// The keys and values of a [`KeyedPool`], by address; see [`iter`](KeyedPool::iter).
pub struct Iter<'p, T> {
    table: &'p Table,
    walk: Walk,
    values: PhantomData<&'p T>,
}

/// The keys and values of a [`KeyedPool`], by address, the values to be changed; see [`iter_mut`](KeyedPool::iter_mut).
pub struct IterMut<'p, T> {
    table: &'p Table,
    walk: Walk,
    values: PhantomData<&'p mut T>,
}

/// Takes the values out of a [`KeyedPool`], by address; see [`drain`](KeyedPool::drain).
///
/// Dropping it drops the rest. If it is forgotten, the rest stays in the pool.
pub struct Drain<'p, T> {
    pool: &'p mut KeyedPool<T>,
    walk: Walk,
}

/// The keys and values of a [`KeyedPool`] that ends, by address.
pub struct IntoIter<T> {
    pool: KeyedPool<T>,
    walk: Walk,
}

impl<'p, T> Iter<'p, T> {
    pub(super) fn new(pool: &'p KeyedPool<T>) -> Self {
        Self { table: &pool.table, walk: Walk::new(), values: PhantomData }
    }

    /// # Safety
    ///
    /// 1. The slot is live, and the base is its row's.
    #[inline(always)]
    unsafe fn item(table: &'p Table, index: u32, base: Base) -> (Key<T>, &'p T) {
        // SAFETY: (1).
        let key = unsafe { live_key(table, index) };
        // SAFETY: a value lies there (1), and the pool is borrowed for `'p`.
        (key, unsafe { &*base.slot(index) })
    }
}

impl<'p, T> IterMut<'p, T> {
    pub(super) fn new(pool: &'p mut KeyedPool<T>) -> Self {
        Self { walk: Walk::new(), table: &pool.table, values: PhantomData }
    }

    /// # Safety
    ///
    /// 1. The slot is live, and the base is its row's.
    /// 2. Nobody else has or gets a reference to its value for `'p`.
    #[inline(always)]
    #[expect(clippy::mut_from_ref, reason = "the table only says where the value is")]
    unsafe fn item(table: &'p Table, index: u32, base: Base) -> (Key<T>, &'p mut T) {
        // SAFETY: (1).
        let key = unsafe { live_key(table, index) };
        // SAFETY: a value lies there (1), and it is the caller's alone (2).
        (key, unsafe { &mut *base.slot(index) })
    }
}

impl<'p, T> Drain<'p, T> {
    pub(super) fn new(pool: &'p mut KeyedPool<T>) -> Self {
        Self { walk: Walk::new(), pool }
    }
}

impl<'p, T> Iterator for Iter<'p, T> {
    type Item = (Key<T>, &'p T);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (index, base) = self.walk.next(self.table)?;
        // SAFETY: the walk gives live slots, and the pool is borrowed.
        Some(unsafe { Self::item(self.table, index, base) })
    }

    #[inline]
    fn fold<B, F: FnMut(B, Self::Item) -> B>(self, init: B, mut visit: F) -> B {
        let table = self.table;
        // SAFETY: as in `next`.
        self.walk.fold(table, init, |folded, index, base| visit(folded, unsafe { Self::item(table, index, base) }))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        exactly(self.walk.left(self.table))
    }
}

impl<'p, T> Iterator for IterMut<'p, T> {
    type Item = (Key<T>, &'p mut T);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (index, base) = self.walk.next(self.table)?;
        // SAFETY: the walk gives live slots, each once, and the pool is borrowed mutably.
        Some(unsafe { Self::item(self.table, index, base) })
    }

    #[inline]
    fn fold<B, F: FnMut(B, Self::Item) -> B>(self, init: B, mut visit: F) -> B {
        let table = self.table;
        // SAFETY: as in `next`.
        self.walk.fold(table, init, |folded, index, base| visit(folded, unsafe { Self::item(table, index, base) }))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        exactly(self.walk.left(self.table))
    }
}

impl<T> Iterator for Drain<'_, T> {
    type Item = (Key<T>, T);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (index, _) = self.walk.next(&self.pool.table)?;
        // SAFETY: the walk gives live slots.
        let key = unsafe { live_key(&self.pool.table, index) };
        self.pool.remove(key).map(|value| (key, value))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        exactly(self.walk.left(&self.pool.table))
    }
}

impl<T> Iterator for IntoIter<T> {
    type Item = (Key<T>, T);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (index, _) = self.walk.next(&self.pool.table)?;
        // SAFETY: the walk gives live slots.
        let key = unsafe { live_key(&self.pool.table, index) };
        self.pool.remove(key).map(|value| (key, value))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        exactly(self.walk.left(&self.pool.table))
    }
}

impl<T> Drop for Drain<'_, T> {
    fn drop(&mut self) {
        self.pool.clear();
    }
}

#[inline]
fn exactly(left: usize) -> (usize, Option<usize>) {
    (left, Some(left))
}

impl<T> ExactSizeIterator for Iter<'_, T> {}
impl<T> ExactSizeIterator for IterMut<'_, T> {}
impl<T> ExactSizeIterator for Drain<'_, T> {}
impl<T> ExactSizeIterator for IntoIter<T> {}
impl<T> FusedIterator for Iter<'_, T> {}
impl<T> FusedIterator for IterMut<'_, T> {}
impl<T> FusedIterator for Drain<'_, T> {}
impl<T> FusedIterator for IntoIter<T> {}

impl<T> Clone for Iter<'_, T> {
    fn clone(&self) -> Self {
        Self { walk: self.walk.clone(), ..*self }
    }
}

/// What is still to come.
impl<T: fmt::Debug> fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.clone()).finish()
    }
}

macro_rules! impl_debug {
    ($($name:ident<$($lifetime:lifetime,)? T>),*) => {
        $(
            impl<T> fmt::Debug for $name<$($lifetime,)? T> {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.debug_struct(stringify!($name)).field("left", &self.len()).finish_non_exhaustive()
                }
            }
        )*
    };
}

impl_debug!(IterMut<'_, T>, Drain<'_, T>, IntoIter<T>);

impl<T> IntoIterator for KeyedPool<T> {
    type Item = (Key<T>, T);
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter { walk: Walk::new(), pool: self }
    }
}

impl<'p, T> IntoIterator for &'p KeyedPool<T> {
    type Item = (Key<T>, &'p T);
    type IntoIter = Iter<'p, T>;

    fn into_iter(self) -> Iter<'p, T> {
        self.iter()
    }
}

impl<'p, T> IntoIterator for &'p mut KeyedPool<T> {
    type Item = (Key<T>, &'p mut T);
    type IntoIter = IterMut<'p, T>;

    fn into_iter(self) -> IterMut<'p, T> {
        self.iter_mut()
    }
}
