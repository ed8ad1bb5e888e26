//! A recursive type in a pool, with its seed written by hand; and the same type in `Box`es, with everything derived, to tell
//! what is right.

use std::collections::BTreeMap;
use std::fmt;

use goo_pool_typed::generic::{Kind, Pool, PoolBox, Source};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize as DeriveDeserialize, Serialize};

use crate::common::{Entry, Ledger};

/// The type as a user of `Box` writes it.
#[derive(Debug, Clone, PartialEq, Serialize, DeriveDeserialize)]
pub(crate) struct Plain {
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) first: Option<Box<Plain>>,
    pub(crate) rest: Vec<Plain>,
    pub(crate) named: BTreeMap<String, Plain>,
}

/// The same with nodes in a pool. Each knows that it lives.
#[derive(Serialize)]
#[serde(bound = "")]
pub(crate) struct Tree<H: Kind> {
    name: String,
    size: u64,
    first: Option<PoolBox<Tree<H>, H>>,
    rest: Vec<PoolBox<Tree<H>, H>>,
    named: BTreeMap<String, PoolBox<Tree<H>, H>>,
    #[serde(skip)]
    _entry: Entry,
}

impl Plain {
    pub(crate) fn leaf(name: &str) -> Self {
        Plain { name: name.to_owned(), size: 1, first: None, rest: Vec::new(), named: BTreeMap::new() }
    }

    /// So many nodes below each other.
    pub(crate) fn chain(nodes: usize) -> Self {
        (1..nodes).fold(Self::leaf("end"), |below, _| Plain { first: Some(Box::new(below)), ..Self::leaf("link") })
    }

    pub(crate) fn nodes(&self) -> usize {
        let below = self.first.as_deref().into_iter().chain(&self.rest).chain(self.named.values());
        1 + below.map(Plain::nodes).sum::<usize>()
    }
}

impl<H: Kind> Tree<H> {
    pub(crate) fn first(&self) -> Option<&PoolBox<Self, H>> {
        self.first.as_ref()
    }

    pub(crate) fn to_plain(&self) -> Plain {
        Plain {
            name: self.name.clone(),
            size: self.size,
            first: self.first.as_ref().map(|first| Box::new(first.to_plain())),
            rest: self.rest.iter().map(|tree| tree.to_plain()).collect(),
            named: self.named.iter().map(|(name, tree)| (name.clone(), tree.to_plain())).collect(),
        }
    }
}

/// Reads a tree whose nodes, but for the root, go into the pool.
pub(crate) struct TreeSeed<'t, S: Source> {
    pub(crate) pool: &'t Pool<Tree<S::Handle>, S>,
    pub(crate) ledger: &'t Ledger,
    /// How much deeper the input may go.
    pub(crate) depth: usize,
}

impl<S: Source> Clone for TreeSeed<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Source> Copy for TreeSeed<'_, S> {}

impl<S: Source> TreeSeed<'_, S> {
    /// The seed of a node below.
    fn below<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("the tree is too deep"))?;
        Ok(TreeSeed { depth, ..self })
    }
}

const FIELDS: &[&str] = &["name", "size", "first", "rest", "named"];

#[derive(DeriveDeserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Field {
    Name,
    Size,
    First,
    Rest,
    Named,
    #[serde(other)]
    Other,
}

impl<'de, S: Source> DeserializeSeed<'de> for TreeSeed<'_, S> {
    type Value = Tree<S::Handle>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_struct("Plain", FIELDS, self)
    }
}

impl<'de, S: Source> Visitor<'de> for TreeSeed<'_, S> {
    type Value = Tree<S::Handle>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // As derived code says, so that errors can be compared.
        f.write_str("struct Plain")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let missing = |number| A::Error::invalid_length(number, &"struct Plain with 5 elements");
        let boxes = self.pool.seed_with(self.below()?);
        Ok(Tree {
            name: fields.next_element()?.ok_or_else(|| missing(0))?,
            size: fields.next_element()?.ok_or_else(|| missing(1))?,
            first: fields.next_element_seed(boxes.optional())?.ok_or_else(|| missing(2))?,
            rest: fields.next_element_seed(boxes.seq())?.ok_or_else(|| missing(3))?,
            named: fields.next_element_seed(boxes.map())?.ok_or_else(|| missing(4))?,
            _entry: self.ledger.entry(),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        /// Puts a field where none is yet.
        fn set<T, E: Error>(
            field: &mut Option<T>,
            name: &'static str,
            read: impl FnOnce() -> Result<T, E>,
        ) -> Result<(), E> {
            if field.is_some() {
                return Err(E::duplicate_field(name));
            }
            *field = Some(read()?);
            Ok(())
        }

        let boxes = self.pool.seed_with(self.below()?);
        let (mut name, mut size, mut first, mut rest, mut named) = (None, None, None, None, None);
        while let Some(field) = fields.next_key()? {
            match field {
                Field::Name => set(&mut name, "name", || fields.next_value())?,
                Field::Size => set(&mut size, "size", || fields.next_value())?,
                Field::First => set(&mut first, "first", || fields.next_value_seed(boxes.optional()))?,
                Field::Rest => set(&mut rest, "rest", || fields.next_value_seed(boxes.seq()))?,
                Field::Named => set(&mut named, "named", || fields.next_value_seed(boxes.map()))?,
                Field::Other => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        let missing = A::Error::missing_field;
        Ok(Tree {
            name: name.ok_or_else(|| missing("name"))?,
            size: size.ok_or_else(|| missing("size"))?,
            first: first.flatten(),
            rest: rest.ok_or_else(|| missing("rest"))?,
            named: named.ok_or_else(|| missing("named"))?,
            _entry: self.ledger.entry(),
        })
    }
}

/// A pool of trees, and the book on what lives in it.
pub(crate) struct Forest<S: Source> {
    pub(crate) pool: Pool<Tree<S::Handle>, S>,
    pub(crate) ledger: Ledger,
}

type Rooted<S> = PoolBox<Tree<<S as Source>::Handle>, <S as Source>::Handle>;

impl<S: Source> Forest<S> {
    pub(crate) fn new(pool: Pool<Tree<S::Handle>, S>) -> Self {
        Forest { pool, ledger: Ledger::default() }
    }

    pub(crate) fn read<'de, D: Deserializer<'de>>(&self, deserializer: D) -> Result<Rooted<S>, D::Error> {
        let seed = TreeSeed { pool: &self.pool, ledger: &self.ledger, depth: 200 };
        self.pool.seed_with(seed).deserialize(deserializer)
    }

    /// As `serde_json::from_slice`.
    pub(crate) fn read_json(&self, text: &[u8]) -> serde_json::Result<Rooted<S>> {
        let mut json = serde_json::Deserializer::from_slice(text);
        let tree = self.read(&mut json)?;
        json.end()?;
        Ok(tree)
    }

    /// As `postcard::from_bytes`.
    pub(crate) fn read_postcard(&self, bytes: &[u8]) -> postcard::Result<Rooted<S>> {
        self.read(&mut postcard::Deserializer::from_bytes(bytes))
    }

    /// Everything was dropped, and every chunk is free.
    #[track_caller]
    pub(crate) fn assert_empty(&self) {
        assert_eq!(self.pool.len(), 0, "chunks are lost");
        self.ledger.assert_settled();
    }
}

/// What derived code reads from the same text.
pub(crate) fn plain<'de, T: Deserialize<'de>>(text: &'de [u8]) -> serde_json::Result<T> {
    serde_json::from_slice(text)
}
