//! A JSON document as a tree of nodes.
//!
//! A node has its first child and its next sibling, as in cJSON. With `Vec`s of children a tree would be shorter to write,
//! but they take their memory from the global allocator whatever box the nodes live in, and the comparison would be about
//! `Vec`. Nodes have one size, so they can come from a pool, and then all of the tree does: texts are slices of
//! the document, unless they have escapes.

use std::borrow::Cow;
use std::iter;

use serde::{Deserialize, Serialize, Serializer};

use crate::box_kind::BoxKind;

pub(crate) struct Node<'t, K: BoxKind> {
    /// For a member of an object.
    pub(crate) name: Option<Text<'t>>,
    pub(crate) value: Value<'t, K>,
    next: Option<Root<'t, K>>,
}

/// What the nodes of a tree are taken from.
pub(crate) type Nodes<'t, K> = <K as BoxKind>::Source<Node<'t, K>>;

/// A tree, by the node that owns all others.
pub(crate) type Root<'t, K> = <K as BoxKind>::Owner<Node<'t, K>>;

pub(crate) enum Value<'t, K: BoxKind> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Text<'t>),
    Array(List<'t, K>),
    /// In the order of the document. A name may be there twice, as it may in JSON.
    Object(List<'t, K>),
}

/// As precise as the document: `serde_json` knows the same three.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Number {
    Natural(u64),
    Negative(i64),
    Float(f64),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Text<'t>(#[serde(borrow)] pub(crate) Cow<'t, str>);

/// What is in an array or an object.
pub(crate) struct List<'t, K: BoxKind> {
    first: Option<Root<'t, K>>,
}

impl<'t, K: BoxKind> Node<'t, K> {
    pub(crate) fn new(value: Value<'t, K>) -> Self {
        Node { name: None, value, next: None }
    }

    /// Empty for what is no member of an object.
    pub(crate) fn name(&self) -> &str {
        self.name.as_ref().map_or("", |name| &name.0)
    }

    pub(crate) fn children(&self) -> impl Iterator<Item = &Node<'t, K>> {
        let first = match &self.value {
            Value::Array(list) | Value::Object(list) => list.first.as_deref(),
            _ => None,
        };
        iter::successors(first, |node| node.next.as_deref())
    }
}

impl<'t, K: BoxKind> List<'t, K> {
    /// A list of what `next` gives until it gives none or an error.
    pub(crate) fn read<E>(mut next: impl FnMut() -> Result<Option<Root<'t, K>>, E>) -> Result<Self, E> {
        let mut list = List { first: None };
        let mut end = &mut list.first;
        while let Some(node) = next()? {
            end = &mut end.insert(node).next;
        }
        Ok(list)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Node<'t, K>> {
        iter::successors(self.first.as_deref(), |node| node.next.as_deref())
    }
}

impl<K: BoxKind> Drop for List<'_, K> {
    /// Without this a node would drop its sibling from within its own drop, and an array of a million numbers would overflow
    /// the stack. How deep a document may be is the reader's limit.
    fn drop(&mut self) {
        let mut next = self.first.take();
        while let Some(mut node) = next {
            next = node.next.take();
        }
    }
}

/// As the document that it was read from, but for white space.
impl<K: BoxKind> Serialize for Node<'_, K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Number(number) => number.serialize(serializer),
            Value::Text(text) => text.serialize(serializer),
            Value::Array(list) => serializer.collect_seq(list.iter()),
            Value::Object(list) => serializer.collect_map(list.iter().map(|member| (member.name(), member))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::box_kind::PoolBoxes;

    #[test]
    fn node_is_one_cache_line_at_most() {
        assert!(size_of::<Node<'_, PoolBoxes>>() <= 64, "{}", size_of::<Node<'_, PoolBoxes>>());
    }
}
