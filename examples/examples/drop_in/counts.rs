//! Counts of words, in order, that can be united.
//!
//! A treap: a search tree by word, and a heap by a hash of the word, which keeps it balanced. Nothing in here knows of pools;
//! what `Box` is, the module around it says.

use std::cmp::Ordering;

use super::{Box, unbox};
use crate::{Answer, words};

/// A word, and how often it occurs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    word: &'static str,
    count: u32,
    /// In how many parts of the text.
    parts: u32,
    /// Not less than those of the children.
    priority: u32,
    left: Link,
    right: Link,
}

type Link = Option<Box<Node>>;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    root: Link,
}

/// The program: counts the words of each part, unites the counts, and drops the rare words.
pub(crate) fn answer(parts: &[&'static str]) -> Answer {
    let mut counts = Counts::default();
    for part in parts {
        counts.unite(Counts::of(part));
    }
    let (different, depth) = (counts.len(), depth(&counts.root));
    let occurrences = counts.iter().map(|node| node.count).sum();
    counts.retain(|node| node.count > 1);
    let repeated = counts.len();
    counts.retain(|node| node.parts as usize * 10 > parts.len());
    let common = counts.iter().map(|node| (node.word, node.parts)).collect();
    Answer { occurrences, different, repeated, depth, common }
}

impl Counts {
    pub(crate) fn of(text: &'static str) -> Self {
        let mut counts = Counts::default();
        words(text).for_each(|word| counts.add(word));
        counts
    }

    pub(crate) fn add(&mut self, word: &'static str) {
        // Most words of a text have been seen before.
        let mut next = self.root.as_deref_mut();
        while let Some(node) = next {
            match word.cmp(node.word) {
                Ordering::Less => next = node.left.as_deref_mut(),
                Ordering::Equal => return node.count += 1,
                Ordering::Greater => next = node.right.as_deref_mut(),
            }
        }
        let node = Node { word, count: 1, parts: 1, priority: hash(word), left: None, right: None };
        self.root = unite(self.root.take(), Some(Box::new(node)));
    }

    /// Adds the other counts. The nodes move; those of words that both have become one.
    pub(crate) fn unite(&mut self, other: Counts) {
        self.root = unite(self.root.take(), other.root);
    }

    /// Keeps what `keep` says.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Node) -> bool) {
        self.root = retain(self.root.take(), &keep);
    }

    pub(crate) fn iter(&self) -> Iter<'_> {
        let mut iter = Iter { path: Vec::new() };
        iter.descend(self.root.as_deref());
        iter
    }

    pub(crate) fn len(&self) -> usize {
        self.iter().count()
    }
}

fn unite(one: Link, other: Link) -> Link {
    match (one, other) {
        (None, rest) | (rest, None) => rest,
        (Some(one), Some(other)) => {
            let (mut top, rest) = if one.priority >= other.priority { (one, other) } else { (other, one) };
            let (less, same, greater) = split(Some(rest), top.word);
            if let Some(same) = same {
                let Node { count, parts, .. } = unbox(same);
                top.count += count;
                top.parts += parts;
            }
            top.left = unite(top.left.take(), less);
            top.right = unite(top.right.take(), greater);
            Some(top)
        }
    }
}

/// What is less than `word`, its node, and what is greater.
fn split(link: Link, word: &str) -> (Link, Link, Link) {
    let Some(mut node) = link else { return (None, None, None) };
    match word.cmp(node.word) {
        Ordering::Less => {
            let (less, same, greater) = split(node.left.take(), word);
            node.left = greater;
            (less, same, Some(node))
        }
        Ordering::Equal => {
            let (less, greater) = (node.left.take(), node.right.take());
            (less, Some(node), greater)
        }
        Ordering::Greater => {
            let (less, same, greater) = split(node.right.take(), word);
            node.right = less;
            (Some(node), same, greater)
        }
    }
}

/// Both together, if all of `less` is less than all of `greater`.
fn join(less: Link, greater: Link) -> Link {
    match (less, greater) {
        (None, rest) | (rest, None) => rest,
        (Some(mut less), Some(mut greater)) => Some(if less.priority >= greater.priority {
            less.right = join(less.right.take(), Some(greater));
            less
        } else {
            greater.left = join(Some(less), greater.left.take());
            greater
        }),
    }
}

fn retain(link: Link, keep: &impl Fn(&Node) -> bool) -> Link {
    let mut node = link?;
    let (left, right) = (retain(node.left.take(), keep), retain(node.right.take(), keep));
    if !keep(&node) {
        return join(left, right);
    }
    (node.left, node.right) = (left, right);
    Some(node)
}

fn depth(link: &Link) -> usize {
    link.as_ref().map_or(0, |node| 1 + depth(&node.left).max(depth(&node.right)))
}

/// FNV-1a, and a last round that mixes the upper half in.
fn hash(word: &str) -> u32 {
    let hash = word.bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash ^ (hash >> 16)).wrapping_mul(0x7feb_352d)
}

/// In order.
pub(crate) struct Iter<'c> {
    /// The next node, and above it those that it lies to the left of.
    path: Vec<&'c Node>,
}

impl<'c> Iter<'c> {
    fn descend(&mut self, mut link: Option<&'c Node>) {
        while let Some(node) = link {
            self.path.push(node);
            link = node.left.as_deref();
        }
    }
}

impl<'c> Iterator for Iter<'c> {
    type Item = &'c Node;

    fn next(&mut self) -> Option<&'c Node> {
        let next = self.path.pop()?;
        self.descend(next.right.as_deref());
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn counts_of(words: &[&'static str]) -> Counts {
        let mut counts = Counts::default();
        words.iter().for_each(|word| counts.add(word));
        counts
    }

    fn contents(counts: &Counts) -> Vec<(&'static str, u32, u32)> {
        counts.iter().map(|node| (node.word, node.count, node.parts)).collect()
    }

    /// In order, and the highest priority on top.
    fn check(link: &Link) {
        let Some(node) = link else { return };
        for child in [&node.left, &node.right].into_iter().flatten() {
            assert!(child.priority <= node.priority);
        }
        assert!(node.left.as_ref().is_none_or(|left| left.word < node.word));
        assert!(node.right.as_ref().is_none_or(|right| right.word > node.word));
        check(&node.left);
        check(&node.right);
    }

    #[test]
    fn counts_agree_with_a_btree_map() {
        let end = if cfg!(miri) { 1_500 } else { crate::ALICE.len() };
        let text: &'static str = crate::ALICE[..end].to_lowercase().leak();
        let mut expected = BTreeMap::new();
        words(text).for_each(|word| *expected.entry(word).or_insert(0) += 1);
        let mut counts = Counts::of(text);
        check(&counts.root);
        assert!(contents(&counts).into_iter().eq(expected.iter().map(|(word, count)| (*word, *count, 1))));
        assert!(depth(&counts.root) <= 6 * (counts.len().ilog2() as usize + 1), "{}", depth(&counts.root));

        expected.retain(|_, count| *count > 2);
        counts.retain(|node| node.count > 2);
        check(&counts.root);
        assert!(counts.iter().map(|node| node.word).eq(expected.into_keys()));
    }

    #[test]
    fn counts_are_united() {
        let mut one = counts_of(&["b", "d", "b", "f"]);
        let other = counts_of(&["a", "b", "f", "g", "g"]);
        let clone = other.clone();
        assert_eq!(clone, other);
        one.unite(other);
        check(&one.root);
        assert_eq!(contents(&one), [("a", 1, 1), ("b", 3, 2), ("d", 1, 1), ("f", 2, 2), ("g", 2, 1)]);
        one.unite(Counts::default());
        one.retain(|node| clone.iter().all(|other| other.word != node.word));
        assert_eq!(contents(&one), [("d", 1, 1)]);
    }
}
