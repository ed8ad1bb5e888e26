//! Trees that serde reads: the same loops over boxes from a pool's seed, from default pools, and from the heap.
//! `benches/serde.rs` runs them.

use std::{
    fmt,
    hint::black_box,
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::Deref,
    time::{Duration, Instant},
};

use goo_pool_typed::{Pool, PoolBox, Pooled, SyncPool, SyncPoolBox};
use serde::{
    Deserialize, Serialize,
    de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor},
};

use crate::{
    subject::{Subject, Value},
    subjects::{Allocator, Boxed, Place},
};

/// One contestant: how it keeps a tree, and reads one.
pub trait Reader: 'static {
    /// The name of its column.
    const NAME: &'static str;
    /// What the nodes are taken from, if that is at hand.
    type Pool: Default;
    /// The root.
    type Tree;

    /// Reads a tree.
    ///
    /// # Errors
    ///
    /// The format's, if the input is none.
    fn read<'de, D: Deserializer<'de>>(pool: &Self::Pool, deserializer: D) -> Result<Self::Tree, D::Error>;

    /// What all words add up to.
    fn sum(tree: &Self::Tree) -> u64;
}

/// A text or bytes.
#[derive(Debug, Clone, Copy)]
pub enum Format {
    /// Most of the time goes into the text.
    Json,
    /// Most of it does not.
    Postcard,
}

/// A tree, written.
#[derive(Debug)]
pub struct Document {
    format: Format,
    bytes: Vec<u8>,
    sum: u64,
    nodes: u64,
}

impl Document {
    /// A tree of so many nodes, as balanced as can be.
    ///
    /// # Panics
    ///
    /// If a tree cannot be written, which would be a mistake of the format's library.
    #[must_use]
    pub fn new(format: Format, nodes: u64) -> Self {
        let tree = HeapTree::balanced(0..nodes).expect("one node at least");
        let bytes = match format {
            Format::Json => serde_json::to_vec(&tree).expect("a tree"),
            Format::Postcard => postcard::to_allocvec(&tree).expect("a tree"),
        };
        Document { format, bytes, sum: tree.sum(), nodes }
    }

    fn read<R: Reader>(&self, pool: &R::Pool) -> R::Tree {
        let tree = match self.format {
            Format::Json => R::read(pool, &mut serde_json::Deserializer::from_slice(&self.bytes)).ok(),
            Format::Postcard => R::read(pool, &mut postcard::Deserializer::from_bytes(&self.bytes)).ok(),
        };
        tree.expect("it was written above")
    }
}

/// What is timed.
#[derive(Debug, Clone, Copy)]
pub enum Timed {
    /// Reading a tree into a pool that had one before.
    Read,
    /// Making a pool and reading a tree into it. Dropping both is not timed.
    FirstRead,
    /// Dropping a tree.
    Drop,
}

/// Trees of `nodes` nodes are read, checked and dropped, until there were `count` nodes.
///
/// # Panics
///
/// If a tree is not what was written.
#[must_use]
pub fn rounds<R: Reader>(format: Format, nodes: u64, timed: Timed, count: u64) -> Duration {
    let document = Document::new(format, nodes.min(count));
    let pool = R::Pool::default();
    let mut time = Duration::ZERO;
    let mut read = 0;
    while read < count {
        let start = Instant::now();
        let fresh = matches!(timed, Timed::FirstRead).then(R::Pool::default);
        let tree = black_box(document.read::<R>(fresh.as_ref().unwrap_or(&pool)));
        let end = Instant::now();
        assert_eq!(R::sum(&tree), document.sum);
        let drop_start = Instant::now();
        drop(tree);
        time += match timed {
            Timed::Read | Timed::FirstRead => end - start,
            Timed::Drop => drop_start.elapsed(),
        };
        read += document.nodes;
    }
    // The last tree may go beyond the count.
    time.mul_f64(count as f64 / read as f64)
}

/// Declares a tree whose reading is derived.
macro_rules! derived {
    ($(#[$doc:meta])* $reader:ident($name:literal), $(#[$of_tree:meta])* $tree:ident, $boxed:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $reader;

        /// Its tree.
        $(#[$of_tree])*
        #[derive(Debug, Serialize, Deserialize)]
        pub struct $tree {
            words: [u64; 4],
            left: Option<$boxed<$tree>>,
            right: Option<$boxed<$tree>>,
        }

        impl $tree {
            fn sum(&self) -> u64 {
                let below = [&self.left, &self.right].into_iter().flatten().map(|tree| tree.sum());
                below.fold(self.words.iter().sum(), u64::wrapping_add)
            }
        }

        impl Reader for $reader {
            const NAME: &'static str = $name;
            type Pool = ();
            type Tree = $boxed<$tree>;

            fn read<'de, D: Deserializer<'de>>((): &(), deserializer: D) -> Result<Self::Tree, D::Error> {
                Self::Tree::deserialize(deserializer)
            }

            fn sum(tree: &Self::Tree) -> u64 {
                tree.sum()
            }
        }
    };
}

derived! {
    /// `Box` as everybody has it.
    DerivedBox("Box, derived"), HeapTree, Box
}
derived! {
    /// The thread's own pool.
    DerivedPoolBox("PoolBox, derived"),
    #[derive(Pooled)]
    #[pooled(thread_local)]
    LocalTree, PoolBox
}
derived! {
    /// The pool in a static.
    DerivedSyncPoolBox("SyncPoolBox, derived"),
    #[derive(Pooled)]
    #[pooled(global)]
    GlobalTree, SyncPoolBox
}

impl HeapTree {
    fn balanced(cookies: std::ops::Range<u64>) -> Option<Box<Self>> {
        let middle = cookies.start + (cookies.end - cookies.start) / 2;
        (!cookies.is_empty()).then(|| {
            Box::new(HeapTree {
                words: [middle, 2, 30, 400],
                left: Self::balanced(cookies.start..middle),
                right: Self::balanced(middle + 1..cookies.end),
            })
        })
    }
}

/// A kind of box that a seed reads.
pub trait Boxes: 'static {
    /// The name of its column.
    const NAME: &'static str;
    /// What boxes are taken from.
    type Pool<T: Value>: Default;
    /// Owns one `T`.
    type Owner<T: Value>: Deref<Target = T>;

    /// Reads a box of what `value` reads.
    fn seed<'de, V: DeserializeSeed<'de, Value: Value>>(
        pool: &Self::Pool<V::Value>,
        value: V,
    ) -> impl DeserializeSeed<'de, Value = Self::Owner<V::Value>>;
}

/// Declares a kind of pool.
macro_rules! pools {
    ($($(#[$doc:meta])* $boxes:ident($name:literal), $pool:ident, $owner:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $boxes;

            impl Boxes for $boxes {
                const NAME: &'static str = $name;
                type Pool<T: Value> = $pool<T>;
                type Owner<T: Value> = $owner<T>;

                #[inline(always)]
                fn seed<'de, V: DeserializeSeed<'de, Value: Value>>(
                    pool: &$pool<V::Value>,
                    value: V,
                ) -> impl DeserializeSeed<'de, Value = $owner<V::Value>> {
                    pool.seed_with(value)
                }
            }
        )*
    };
}

pools! {
    /// A pool at hand, for one thread.
    PoolSeed("Pool::seed"), Pool, PoolBox;
    /// A pool at hand, for many threads.
    SyncPoolSeed("SyncPool::seed"), SyncPool, SyncPoolBox;
}

/// `Box` on a general allocator.
#[derive(Debug)]
pub struct HeapSeed<A>(PhantomData<A>);

/// A box of that allocator.
#[derive(Debug)]
pub struct HeapBox<A: Allocator, T: Value> {
    /// Invariant: from `Boxed::<A>::alloc`, freed in `drop` only.
    place: ManuallyDrop<Place<T>>,
    allocator: PhantomData<A>,
}

impl<A: Allocator> Boxes for HeapSeed<A> {
    const NAME: &'static str = A::NAME;
    type Pool<T: Value> = ();
    type Owner<T: Value> = HeapBox<A, T>;

    #[inline(always)]
    fn seed<'de, V: DeserializeSeed<'de, Value: Value>>(
        (): &(),
        value: V,
    ) -> impl DeserializeSeed<'de, Value = HeapBox<A, V::Value>> {
        OnHeap { value, allocator: PhantomData }
    }
}

/// Reads a value and boxes it.
struct OnHeap<A, V> {
    value: V,
    allocator: PhantomData<A>,
}

impl<'de, A: Allocator, V: DeserializeSeed<'de, Value: Value>> DeserializeSeed<'de> for OnHeap<A, V> {
    type Value = HeapBox<A, V::Value>;

    #[inline(always)]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let value = self.value.deserialize(deserializer)?;
        Ok(HeapBox { place: ManuallyDrop::new(Boxed::<A>::alloc(&mut (), value)), allocator: PhantomData })
    }
}

impl<A: Allocator, T: Value> Deref for HeapBox<A, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: not freed yet (`place`).
        unsafe { self.place.get() }
    }
}

impl<A: Allocator, T: Value> Drop for HeapBox<A, T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: only here, and nobody looks at it again.
        let place = unsafe { ManuallyDrop::take(&mut self.place) };
        // SAFETY: it is from this allocator (`place`).
        unsafe { Boxed::<A>::free(&mut (), place) };
    }
}

/// The tree of all contestants with seeds.
pub struct Node<B: Boxes> {
    words: [u64; 4],
    left: Option<B::Owner<Node<B>>>,
    right: Option<B::Owner<Node<B>>>,
}

// The rivals' own traits ask for it; an owner's node does not move with it.
impl<B: Boxes> Unpin for Node<B> {}

impl<B: Boxes> Node<B> {
    fn sum(&self) -> u64 {
        let below = [&self.left, &self.right].into_iter().flatten().map(|node| node.sum());
        below.fold(self.words.iter().sum(), u64::wrapping_add)
    }
}

impl<B: Boxes> fmt::Debug for Node<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("words", &self.words).finish_non_exhaustive()
    }
}

impl<B: Boxes> Reader for B {
    const NAME: &'static str = B::NAME;
    type Pool = B::Pool<Node<B>>;
    type Tree = B::Owner<Node<B>>;

    fn read<'de, D: Deserializer<'de>>(pool: &Self::Pool, deserializer: D) -> Result<Self::Tree, D::Error> {
        B::seed(pool, NodeSeed::<B>(pool)).deserialize(deserializer)
    }

    fn sum(tree: &Self::Tree) -> u64 {
        tree.sum()
    }
}

/// Reads a node, and those below it into boxes.
struct NodeSeed<'p, B: Boxes>(&'p B::Pool<Node<B>>);

impl<'de, B: Boxes> NodeSeed<'_, B> {
    fn below(&self) -> impl DeserializeSeed<'de, Value = Option<B::Owner<Node<B>>>> {
        Maybe(B::seed(self.0, NodeSeed::<B>(self.0)))
    }
}

impl<'de, B: Boxes> DeserializeSeed<'de> for NodeSeed<'_, B> {
    type Value = Node<B>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node<B>, D::Error> {
        deserializer.deserialize_struct("Node", &["words", "left", "right"], self)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Field {
    Words,
    Left,
    Right,
}

impl<'de, B: Boxes> Visitor<'de> for NodeSeed<'_, B> {
    type Value = Node<B>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a node")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut fields: A) -> Result<Node<B>, A::Error> {
        let missing = |number| A::Error::invalid_length(number, &self);
        Ok(Node {
            words: fields.next_element()?.ok_or_else(|| missing(0))?,
            left: fields.next_element_seed(self.below())?.ok_or_else(|| missing(1))?,
            right: fields.next_element_seed(self.below())?.ok_or_else(|| missing(2))?,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Node<B>, A::Error> {
        let (mut words, mut left, mut right) = (None, None, None);
        while let Some(field) = fields.next_key()? {
            match field {
                Field::Words => words = Some(fields.next_value()?),
                Field::Left => left = fields.next_value_seed(self.below())?,
                Field::Right => right = fields.next_value_seed(self.below())?,
            }
        }
        Ok(Node { words: words.ok_or_else(|| A::Error::missing_field("words"))?, left, right })
    }
}

/// Reads what may be missing: the same for every contestant.
struct Maybe<D>(D);

impl<'de, D: DeserializeSeed<'de>> DeserializeSeed<'de> for Maybe<D> {
    type Value = Option<D::Value>;

    fn deserialize<F: Deserializer<'de>>(self, deserializer: F) -> Result<Self::Value, F::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, D: DeserializeSeed<'de>> Visitor<'de> for Maybe<D> {
    type Value = Option<D::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("option")
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<F: Deserializer<'de>>(self, deserializer: F) -> Result<Self::Value, F::Error> {
        self.0.deserialize(deserializer).map(Some)
    }
}
