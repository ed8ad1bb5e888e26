//! Reading values into a pool with serde.
//!
//! [`Pool::seed`](generic::Pool::seed) is what serde calls a seed: a deserialiser with something to hand on, here the pool.
//!
//! ```
//! use goo_pool_typed::Pool;
//! use serde::de::DeserializeSeed;
//!
//! let pool = Pool::<Vec<u32>>::new();
//! let mut json = serde_json::Deserializer::from_str("[1, 2, 3]");
//! let numbers = pool.seed().deserialize(&mut json)?;
//! assert_eq!(*numbers, [1, 2, 3]);
//! assert_eq!(pool.len(), 1);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! A type with a pool of its own needs no seed: its boxes are read as `Box`es are. See [`DefaultPool`].
//!
//! # Nodes that own nodes
//!
//! `#[derive(Deserialize)]` has nothing to hand a pool on with. Without a default pool, the seed of a recursive type is written
//! by hand, and
//! [`Pool::seed_with`](generic::Pool::seed_with) makes one of boxes from it. [`optional`](Seed::optional), [`seq`](Seed::seq) and
//! [`map`](Seed::map) make seeds for the fields that hold these boxes.
//!
//! ```
//! use goo_pool_typed::{Pool, PoolBox};
//! use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
//! use serde::Serialize;
//! use std::fmt;
//!
//! #[derive(Serialize)]
//! struct Folder {
//!     name: String,
//!     folders: Vec<PoolBox<Folder>>,
//! }
//!
//! /// Reads a folder, and those in it into the pool.
//! #[derive(Clone, Copy)]
//! struct FolderSeed<'p>(&'p Pool<Folder>);
//!
//! impl<'de> DeserializeSeed<'de> for FolderSeed<'_> {
//!     type Value = Folder;
//!
//!     fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Folder, D::Error> {
//!         deserializer.deserialize_map(self)
//!     }
//! }
//!
//! impl<'de> Visitor<'de> for FolderSeed<'_> {
//!     type Value = Folder;
//!
//!     fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
//!         f.write_str("a folder")
//!     }
//!
//!     fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Folder, A::Error> {
//!         let mut name = None;
//!         let mut folders = Vec::new();
//!         while let Some(field) = fields.next_key::<String>()? {
//!             match field.as_str() {
//!                 "name" => name = Some(fields.next_value()?),
//!                 "folders" => folders = fields.next_value_seed(self.0.seed_with(self).seq())?,
//!                 _ => drop(fields.next_value::<IgnoredAny>()?),
//!             }
//!         }
//!         Ok(Folder { name: name.ok_or_else(|| A::Error::missing_field("name"))?, folders })
//!     }
//! }
//!
//! let pool = Pool::new();
//! let text = r#"{"name":"/","folders":[{"name":"usr","folders":[]},{"name":"etc","folders":[]}]}"#;
//! let root = pool.seed_with(FolderSeed(&pool)).deserialize(&mut serde_json::Deserializer::from_str(text))?;
//! assert_eq!(root.folders[1].name, "etc");
//! assert_eq!(pool.len(), 3);
//! assert_eq!(serde_json::to_string(&root)?, text);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # Input that nobody trusts
//!
//! After an error the pool is as it was: the values that were read so far are dropped, their chunks free. That there is no
//! chunk, because of a limit (`max_chunks`) or for want of memory, is an error of the format's own type, with
//! [`AllocError`](crate::AllocError)'s message. Nothing is reserved on the word of the input: boxes are taken one by one.
//!
//! A type that contains itself is read by a function that calls itself, in a pool or not. `serde_json` stops at a depth of 128;
//! of a format that has no limit (`postcard` has none) the input decides how much of the stack is used, unless the seed counts
//! how deep it is.

use core::fmt;
use core::iter;
use core::marker::PhantomData;
use core::mem::MaybeUninit;

use goo_pool_core::AllocError;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::DefaultPool;
use crate::generic::{self, Kind, PoolBox, PoolRc, Source};
use crate::rc::Counted;

impl<T, S: Source> generic::Pool<T, S> {
    /// Reads a value into this pool. See [`seed`](crate::seed).
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{PoolBox, SyncPool};
    /// use serde::de::DeserializeSeed;
    ///
    /// let pool = SyncPool::<String>::new();
    /// let words = pool.seed().seq::<Vec<_>>().deserialize(&mut serde_json::Deserializer::from_str(r#"["one", "two"]"#))?;
    /// assert_eq!(*words[1], "two");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[inline]
    pub const fn seed(&self) -> Seed<'_, Self, PhantomData<T>> {
        self.seed_with(PhantomData)
    }

    /// Reads a value with a seed of its own into this pool. See [`seed`](crate::seed).
    #[inline]
    pub const fn seed_with<V>(&self, value: V) -> Seed<'_, Self, V> {
        Seed { pool: self, value }
    }
}

impl<T, S: Source> generic::RcPool<T, S> {
    /// Reads a value into this pool, to be shared. See [`seed`](crate::seed).
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{PoolRc, RcPool};
    /// use serde::de::DeserializeSeed;
    ///
    /// let pool = RcPool::<[f64; 2]>::new();
    /// let point: PoolRc<_> = pool.seed().deserialize(&mut serde_json::Deserializer::from_str("[1.5, 2.5]"))?;
    /// assert_eq!(*point.clone(), [1.5, 2.5]);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[inline]
    pub const fn seed(&self) -> Seed<'_, Self, PhantomData<T>> {
        self.seed_with(PhantomData)
    }

    /// Reads a value with a seed of its own into this pool, to be shared. See [`seed`](crate::seed).
    #[inline]
    pub const fn seed_with<V>(&self, value: V) -> Seed<'_, Self, V> {
        Seed { pool: self, value }
    }
}

/// Reads a value into a pool: a [`DeserializeSeed`] for a `PoolBox` or, of an `RcPool`, a `PoolRc`.
///
/// Made by [`Pool::seed`](generic::Pool::seed) and [`Pool::seed_with`](generic::Pool::seed_with); `V` reads the value.
///
/// The chunk is taken before the value is read. So a full pool is noticed first, and the nodes of a tree lie in the order of
/// the input, each before what is below it.
#[derive(Debug)]
#[must_use = "a seed reads nothing until it is given a deserializer"]
pub struct Seed<'p, P, V> {
    pool: &'p P,
    value: V,
}

impl<'p, P, V> Seed<'p, P, V> {
    /// Reads what may be missing: an `Option` of a box.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::Pool;
    /// use serde::de::DeserializeSeed;
    ///
    /// let pool = Pool::<u32>::new();
    /// let none = pool.seed().optional().deserialize(&mut serde_json::Deserializer::from_str("null"))?;
    /// assert!(none.is_none() && pool.is_empty());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[inline]
    pub const fn optional(self) -> Optional<Self> {
        Optional { some: self }
    }

    /// Reads a sequence of boxes into whatever can be collected: a `Vec`, a `VecDeque`, a list of your own.
    ///
    /// How many there are is not believed before they are there.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{Pool, PoolBox};
    /// use serde::de::DeserializeSeed;
    ///
    /// let pool = Pool::<u32>::new();
    /// let numbers: Vec<PoolBox<u32>> = pool.seed().seq().deserialize(&mut serde_json::Deserializer::from_str("[3, 4]"))?;
    /// assert_eq!(*numbers[0] + *numbers[1], 7);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[inline]
    pub const fn seq<C>(self) -> Seq<Self, C> {
        Seq { element: self, collection: PhantomData }
    }

    /// Reads a map whose values are boxes into whatever can be collected of pairs: a `HashMap`, a `BTreeMap`, a `Vec`, which
    /// keeps the order.
    ///
    /// Of a key that is there twice, a map keeps the later value, as serde's own do.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{Pool, PoolBox};
    /// use serde::de::DeserializeSeed;
    /// use std::collections::BTreeMap;
    ///
    /// let pool = Pool::<u32>::new();
    /// let text = r#"{"two": 2, "one": 1}"#;
    /// let numbers: BTreeMap<String, PoolBox<u32>> = pool.seed().map().deserialize(&mut serde_json::Deserializer::from_str(text))?;
    /// assert_eq!(*numbers["two"], 2);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[inline]
    pub const fn map<K, C>(self) -> Map<Self, K, C> {
        Map { value: self, collection: PhantomData }
    }
}

impl<P, V: Clone> Clone for Seed<'_, P, V> {
    #[inline]
    fn clone(&self) -> Self {
        Seed { pool: self.pool, value: self.value.clone() }
    }
}

impl<P, V: Copy> Copy for Seed<'_, P, V> {}

/// Into the pool that the type has of its own, as [`Pool::seed`](generic::Pool::seed) reads into another.
///
/// So a type that contains boxes of itself has it derived, as with `Box`:
///
/// ```
/// # #[cfg(all(feature = "derive", feature = "std"))] {
/// use goo_pool_typed::{PoolBox, Pooled};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Pooled, Serialize, Deserialize)]
/// #[pooled(thread_local)]
/// struct Node {
///     value: u32,
///     next: Option<PoolBox<Node>>,
/// }
///
/// let text = r#"{"value":1,"next":{"value":2,"next":null}}"#;
/// let list: PoolBox<Node> = serde_json::from_str(text).unwrap();
/// assert_eq!(list.next.as_ref().unwrap().value, 2);
/// assert_eq!(serde_json::to_string(&list).unwrap(), text);
/// # }
/// ```
impl<'de, T: DefaultPool<Handle = H> + Deserialize<'de>, H: Kind> Deserialize<'de> for PoolBox<T, H> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_into(T::with_default_pool(generic::Pool::try_alloc_uninit), PhantomData, deserializer)
    }
}

impl<'de, T, S: Source, V: DeserializeSeed<'de, Value = T>> DeserializeSeed<'de> for Seed<'_, generic::Pool<T, S>, V> {
    type Value = PoolBox<T, S::Handle>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        read_into(self.pool.try_alloc_uninit(), self.value, deserializer)
    }
}

impl<'de, T, S, V> DeserializeSeed<'de> for Seed<'_, generic::RcPool<T, S>, V>
where
    S: Source,
    V: DeserializeSeed<'de, Value = T>,
{
    type Value = PoolRc<T, S::Handle>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        read_into(self.pool.as_pool().try_alloc_uninit(), Shared(self.value), deserializer).map(PoolRc::from)
    }
}

/// Reads what a chunk that was just asked for is to hold. If that fails or panics, the chunk is free again.
#[inline]
fn read_into<'de, T, H: Kind, V: DeserializeSeed<'de, Value = T>, D: Deserializer<'de>>(
    slot: Result<PoolBox<MaybeUninit<T>, H>, AllocError>,
    value: V,
    deserializer: D,
) -> Result<PoolBox<T, H>, D::Error> {
    let slot = slot.map_err(D::Error::custom)?;
    value.deserialize(deserializer).map(|value| PoolBox::write(slot, value))
}

/// Reads a value to be shared.
struct Shared<V>(V);

impl<'de, V: DeserializeSeed<'de>> DeserializeSeed<'de> for Shared<V> {
    type Value = Counted<V::Value>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.0.deserialize(deserializer).map(Counted::new)
    }
}

/// Reads an `Option` of what another seed reads: [`Seed::optional`].
#[derive(Debug, Clone, Copy)]
#[must_use = "a seed reads nothing until it is given a deserializer"]
pub struct Optional<D> {
    some: D,
}

impl<'de, D: DeserializeSeed<'de>> DeserializeSeed<'de> for Optional<D> {
    type Value = Option<D::Value>;

    fn deserialize<F: Deserializer<'de>>(self, deserializer: F) -> Result<Self::Value, F::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, D: DeserializeSeed<'de>> Visitor<'de> for Optional<D> {
    type Value = Option<D::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("option")
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<F: Deserializer<'de>>(self, deserializer: F) -> Result<Self::Value, F::Error> {
        self.some.deserialize(deserializer).map(Some)
    }
}

/// Reads a sequence into a `C`, each element with a clone of another seed: [`Seed::seq`].
#[must_use = "a seed reads nothing until it is given a deserializer"]
pub struct Seq<D, C> {
    element: D,
    collection: PhantomData<fn() -> C>,
}

impl<'de, D, C> DeserializeSeed<'de> for Seq<D, C>
where
    D: DeserializeSeed<'de> + Clone,
    C: FromIterator<D::Value>,
{
    type Value = C;

    fn deserialize<F: Deserializer<'de>>(self, deserializer: F) -> Result<C, F::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, D, C> Visitor<'de> for Seq<D, C>
where
    D: DeserializeSeed<'de> + Clone,
    C: FromIterator<D::Value>,
{
    type Value = C;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<C, A::Error> {
        collect(|| elements.next_element_seed(self.element.clone()))
    }
}

/// Reads a map into a `C`, each value with a clone of another seed: [`Seed::map`].
#[must_use = "a seed reads nothing until it is given a deserializer"]
pub struct Map<D, K, C> {
    value: D,
    collection: PhantomData<fn() -> (K, C)>,
}

impl<'de, D, K, C> DeserializeSeed<'de> for Map<D, K, C>
where
    D: DeserializeSeed<'de> + Clone,
    K: Deserialize<'de>,
    C: FromIterator<(K, D::Value)>,
{
    type Value = C;

    fn deserialize<F: Deserializer<'de>>(self, deserializer: F) -> Result<C, F::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, D, K, C> Visitor<'de> for Map<D, K, C>
where
    D: DeserializeSeed<'de> + Clone,
    K: Deserialize<'de>,
    C: FromIterator<(K, D::Value)>,
{
    type Value = C;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<C, A::Error> {
        collect(|| entries.next_entry_seed(PhantomData, self.value.clone()))
    }
}

/// Collects what `next` gives, until it gives none or an error. The iterator says nothing about how many there will be, so a
/// length that is a lie reserves nothing.
///
/// `Result` could be collected, but its error leaks if what was collected so far panics when it is dropped.
fn collect<T, C: FromIterator<T>, E>(mut next: impl FnMut() -> Result<Option<T>, E>) -> Result<C, E> {
    let mut failed = None;
    let collection = iter::from_fn(|| {
        next().unwrap_or_else(|error| {
            failed = Some(error);
            None
        })
    });
    // Fused: a collection that asks again after the end is no reason to read on.
    let collection: C = collection.fuse().collect();
    match failed {
        None => Ok(collection),
        Some(error) => {
            drop(collection);
            Err(error)
        }
    }
}

// By hand, since a collection need not be `Clone` or `Debug`.

impl<D: Clone, C> Clone for Seq<D, C> {
    fn clone(&self) -> Self {
        Seq { element: self.element.clone(), collection: PhantomData }
    }
}

impl<D: Copy, C> Copy for Seq<D, C> {}

impl<D: fmt::Debug, C> fmt::Debug for Seq<D, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seq").field("element", &self.element).finish()
    }
}

impl<D: Clone, K, C> Clone for Map<D, K, C> {
    fn clone(&self) -> Self {
        Map { value: self.value.clone(), collection: PhantomData }
    }
}

impl<D: Copy, K, C> Copy for Map<D, K, C> {}

impl<D: fmt::Debug, K, C> fmt::Debug for Map<D, K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map").field("value", &self.value).finish()
    }
}
