//! What a tree consists of: a walk that looks at every node.

use crate::box_kind::BoxKind;
use crate::tree::{Node, Number, Value};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Census {
    pub(crate) nulls: usize,
    pub(crate) bools: usize,
    pub(crate) numbers: usize,
    pub(crate) texts: usize,
    pub(crate) arrays: usize,
    pub(crate) objects: usize,
    /// Nodes on the longest way from the root to a leaf.
    pub(crate) depth: usize,
    /// Of all numbers, texts and names, in whatever order they come.
    checksum: u64,
}

impl Census {
    pub(crate) fn of<K: BoxKind>(root: &Node<'_, K>) -> Self {
        let mut census = Census::default();
        census.add(root, 1);
        census
    }

    /// The same of the tree that `serde_json` has.
    pub(crate) fn of_value(root: &serde_json::Value) -> Self {
        let mut census = Census::default();
        census.add_value(root, 1);
        census
    }

    pub(crate) fn nodes(&self) -> usize {
        self.nulls + self.bools + self.numbers + self.texts + self.arrays + self.objects
    }

    fn add<K: BoxKind>(&mut self, node: &Node<'_, K>, depth: usize) {
        self.depth = self.depth.max(depth);
        if let Some(name) = &node.name {
            self.sum_text(&name.0);
        }
        match &node.value {
            Value::Null => self.nulls += 1,
            Value::Bool(_) => self.bools += 1,
            Value::Number(number) => {
                self.numbers += 1;
                self.sum_number(match *number {
                    Number::Natural(number) => number as f64,
                    Number::Negative(number) => number as f64,
                    Number::Float(number) => number,
                });
            }
            Value::Text(text) => {
                self.texts += 1;
                self.sum_text(&text.0);
            }
            Value::Array(list) => {
                self.arrays += 1;
                list.iter().for_each(|node| self.add(node, depth + 1));
            }
            Value::Object(list) => {
                self.objects += 1;
                list.iter().for_each(|node| self.add(node, depth + 1));
            }
        }
    }

    fn add_value(&mut self, value: &serde_json::Value, depth: usize) {
        self.depth = self.depth.max(depth);
        match value {
            serde_json::Value::Null => self.nulls += 1,
            serde_json::Value::Bool(_) => self.bools += 1,
            serde_json::Value::Number(number) => {
                self.numbers += 1;
                self.sum_number(number.as_f64().expect("every number of JSON is one"));
            }
            serde_json::Value::String(text) => {
                self.texts += 1;
                self.sum_text(text);
            }
            serde_json::Value::Array(list) => {
                self.arrays += 1;
                list.iter().for_each(|value| self.add_value(value, depth + 1));
            }
            serde_json::Value::Object(members) => {
                self.objects += 1;
                for (name, value) in members {
                    self.sum_text(name);
                    self.add_value(value, depth + 1);
                }
            }
        }
    }

    fn sum_number(&mut self, number: f64) {
        self.checksum = self.checksum.wrapping_add(number.to_bits());
    }

    fn sum_text(&mut self, text: &str) {
        self.checksum = self.checksum.wrapping_add(text.len() as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WORLD;
    use crate::box_kind::{GlobalBoxes, PoolBoxes};
    use crate::read::read;

    fn of<K: BoxKind>(text: &str) -> Census {
        Census::of(&*read::<K>(text, &Default::default()).unwrap())
    }

    #[test]
    fn every_node_is_counted() {
        let text = r#"{"a":[1,-2,0.5,null,true],"bc":{"d":"efg"},"h":[[[]]]}"#;
        let census = of::<PoolBoxes>(text);
        let counts = [census.nulls, census.bools, census.numbers, census.texts, census.arrays, census.objects];
        assert_eq!((counts, census.depth, census.nodes()), ([1, 1, 3, 1, 4, 2], 4, 12));
        let sum = [1.0, -2.0, 0.5_f64].iter().fold(0, |sum: u64, number| sum.wrapping_add(number.to_bits()));
        assert_eq!(census.checksum, sum.wrapping_add(8));
    }

    #[test]
    fn all_trees_of_the_world_say_the_same() {
        let pooled = of::<PoolBoxes>(WORLD);
        assert_eq!(of::<GlobalBoxes>(WORLD), pooled);
        assert_eq!(Census::of_value(&serde_json::from_str(WORLD).unwrap()), pooled);
        // What `grep -o` counts in the file.
        assert_eq!((pooled.objects, pooled.arrays), (360, 9_697));
    }
}
