//! Reading a document: the seed of a node, which hands on where its children's boxes are taken from.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::box_kind::BoxKind;
use crate::tree::{List, Node, Nodes, Number, Root, Text, Value};

/// Reads a document whose nodes are taken from `nodes`. After an error they are all given back.
pub(crate) fn read<'t, K: BoxKind>(text: &'t str, nodes: &Nodes<'t, K>) -> serde_json::Result<Root<'t, K>> {
    let mut json = serde_json::Deserializer::from_str(text);
    let root = NodeSeed::<K> { nodes }.boxed().deserialize(&mut json)?;
    json.end()?;
    Ok(root)
}

/// Reads a node, and those below it into boxes.
struct NodeSeed<'s, 't, K: BoxKind> {
    nodes: &'s Nodes<'t, K>,
}

impl<'t, K: BoxKind> NodeSeed<'_, 't, K> {
    fn boxed(&self) -> impl DeserializeSeed<'t, Value = Root<'t, K>> {
        K::seed(self.nodes, NodeSeed::<K> { nodes: self.nodes })
    }
}

impl<'t, K: BoxKind> DeserializeSeed<'t> for NodeSeed<'_, 't, K> {
    type Value = Node<'t, K>;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self).map(Node::new)
    }
}

impl<'t, K: BoxKind> Visitor<'t> for NodeSeed<'_, 't, K> {
    type Value = Value<'t, K>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Value::Number(Number::Natural(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Value::Number(Number::Negative(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Value::Number(Number::Float(value)))
    }

    fn visit_borrowed_str<E>(self, text: &'t str) -> Result<Self::Value, E> {
        Ok(Value::Text(Text(Cow::Borrowed(text))))
    }

    /// What has escapes is no slice of the document.
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Value::Text(Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        List::read(|| elements.next_element_seed(self.boxed())).map(Value::Array)
    }

    fn visit_map<A: MapAccess<'t>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        List::read(|| {
            let Some(name) = members.next_key::<Text<'t>>()? else { return Ok(None) };
            let mut node = members.next_value_seed(self.boxed())?;
            node.name = Some(name);
            Ok(Some(node))
        })
        .map(Value::Object)
    }
}

#[cfg(test)]
mod tests {
    use goo_pool_typed::Pool;
    use serde_json::json;

    use super::*;
    use crate::box_kind::{GlobalBoxes, PoolBoxes};

    fn reads_and_writes<K: BoxKind>() {
        let nodes = Default::default();
        for text in [
            "null",
            r#"{"a":[true,false,null],"b":{},"c":[[]],"a":"twice"}"#,
            r#"["\"escapes\"\n","é","",{"\u0001":1}]"#,
            "[0,-1,18446744073709551615,-9223372036854775808,1.5,1e300,-0.0]",
        ] {
            let written = serde_json::to_value(&*read::<K>(text, &nodes).unwrap()).unwrap();
            assert_eq!(written, serde_json::from_str::<serde_json::Value>(text).unwrap());
        }
        let text = r#"{"a":[1,-2,0.5],"a":null,"":"é\n"}"#;
        assert_eq!(serde_json::to_string(&*read::<K>(text, &nodes).unwrap()).unwrap(), text);
    }

    #[test]
    fn document_is_written_as_it_was_read() {
        reads_and_writes::<GlobalBoxes>();
        reads_and_writes::<PoolBoxes>();
    }

    #[test]
    fn text_without_escapes_is_a_slice_of_the_document() {
        let text = r#"{"plain": "slice", "n\u00e4me": "own\ttext"}"#;
        let root = read::<PoolBoxes>(text, &Pool::new()).unwrap();
        let members: Vec<_> = root.children().collect();
        let owned = |text: &Text<'_>| matches!(text.0, Cow::Owned(_));
        let value = |node: &Node<'_, PoolBoxes>| matches!(&node.value, Value::Text(text) if owned(text));
        assert!(!owned(members[0].name.as_ref().unwrap()) && !value(members[0]));
        assert!(owned(members[1].name.as_ref().unwrap()) && value(members[1]));
    }

    #[test]
    fn every_value_is_one_node_of_the_pool() {
        let text = json!({"a": [1, 2, {}], "b": "c"}).to_string();
        let nodes = Pool::new();
        let _root = read::<PoolBoxes>(&text, &nodes).unwrap();
        assert_eq!(nodes.len(), 6);
    }

    #[test]
    fn error_leaves_the_pool_empty() {
        let text = r#"{"a": [1, 2, {"b": [true, "text"]}], "c": [[[[5]]]]}"#;
        let deep = "[".repeat(1000);
        let nodes = Pool::default();
        for wrong in (0..text.len()).map(|end| &text[..end]).chain([&*deep, "[1] 2", "[1 2]", "[nul]"]) {
            assert!(read::<PoolBoxes>(wrong, &nodes).is_err(), "{wrong}");
            assert!(nodes.is_empty(), "{wrong}");
        }
    }

    #[test]
    fn pool_with_a_limit_refuses_a_document_that_is_too_large() {
        let nodes = Pool::builder().max_chunks(100).build().unwrap();
        let text = |numbers: usize| format!("[{}]", vec!["1"; numbers].join(","));
        let (fits, large) = (text(99), text(100));
        assert!(read::<PoolBoxes>(&fits, &nodes).is_ok());
        let error = read::<PoolBoxes>(&large, &nodes).map(|_| ()).unwrap_err();
        assert!(error.to_string().starts_with("the pool's limit of 100 chunks is reached at line 1"), "{error}");
        assert!(nodes.is_empty());
    }

    #[test]
    fn a_million_siblings_do_not_overflow_the_stack() {
        let numbers = if cfg!(miri) { 1_000 } else { 1_000_000 };
        let text = format!("[{}]", vec!["1"; numbers].join(","));
        let nodes = Pool::new();
        let root = read::<PoolBoxes>(&text, &nodes).unwrap();
        assert_eq!(root.children().count(), numbers);
        drop(root);
        assert!(nodes.is_empty());
    }
}
