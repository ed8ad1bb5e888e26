//! Counts of words that can be united: a trie, in which words that begin alike share the nodes of their first letters.
//!
//! Nothing in here knows of pools; what `Box` is, the module around it says.

use std::cmp::Ordering;

use super::{Box, unbox};
use crate::{Answer, words};

/// A letter, in the place that the nodes above it say.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    letter: char,
    /// How often a word ends here.
    count: u32,
    /// In how many parts of the text.
    parts: u32,
    /// The letter after this one.
    next: Link,
    /// A greater letter in the same place.
    sibling: Link,
}

type Link = Option<Box<Node>>;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    first: Link,
}

/// The program: counts the words of each part, unites the counts, and drops the rare words.
pub(crate) fn answer(parts: &[&str]) -> Answer {
    let mut counts = Counts::default();
    for part in parts {
        counts.unite(Counts::of(part));
    }
    let mut answer = Answer { letters: counts.letters(), ..Answer::default() };
    counts.for_each(|_, node| {
        answer.occurrences += node.count;
        answer.different += 1;
        answer.repeated += u32::from(node.count > 1);
    });
    counts.retain(|node| node.parts as usize * 10 > parts.len());
    counts.for_each(|word, node| answer.common.push((word.to_owned(), node.parts)));
    answer
}

impl Counts {
    pub(crate) fn of(text: &str) -> Self {
        let mut counts = Counts::default();
        words(text).for_each(|word| counts.add(word));
        counts
    }

    /// Counts a word once more.
    pub(crate) fn add(&mut self, word: &str) {
        let mut letters = word.chars();
        let Some(first) = letters.next() else { return };
        let node = letters.fold(child(&mut self.first, first), |node, letter| child(&mut node.next, letter));
        node.count += 1;
        node.parts = 1;
    }

    /// Adds the other counts. The nodes move; where both have one, one is left.
    pub(crate) fn unite(&mut self, other: Counts) {
        self.first = unite(self.first.take(), other.first);
    }

    /// Keeps the words that `keep` says.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Node) -> bool) {
        self.first = retain(self.first.take(), &keep);
    }

    /// Every word, in order.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&str, &Node)) {
        for_each(&self.first, &mut String::new(), &mut visit);
    }

    /// How many nodes there are.
    pub(crate) fn letters(&self) -> usize {
        letters(&self.first)
    }
}

/// The node for `letter` in the place that begins with `link`; a new one if there was none.
fn child(mut link: &mut Link, letter: char) -> &mut Node {
    while link.as_ref().is_some_and(|node| node.letter < letter) {
        link = &mut link.as_mut().expect("just seen").sibling;
    }
    if link.as_ref().is_none_or(|node| node.letter > letter) {
        *link = Some(Box::new(Node { letter, count: 0, parts: 0, next: None, sibling: link.take() }));
    }
    link.as_deref_mut().expect("there, or just put there")
}

fn unite(one: Link, other: Link) -> Link {
    let (mut one, mut other) = match (one, other) {
        (None, rest) | (rest, None) => return rest,
        (Some(one), Some(other)) => (one, other),
    };
    Some(match one.letter.cmp(&other.letter) {
        Ordering::Less => {
            one.sibling = unite(one.sibling.take(), Some(other));
            one
        }
        Ordering::Equal => {
            let Node { count, parts, next, sibling, .. } = unbox(other);
            one.count += count;
            one.parts += parts;
            one.next = unite(one.next.take(), next);
            one.sibling = unite(one.sibling.take(), sibling);
            one
        }
        Ordering::Greater => {
            other.sibling = unite(Some(one), other.sibling.take());
            other
        }
    })
}

fn retain(link: Link, keep: &impl Fn(&Node) -> bool) -> Link {
    let mut node = link?;
    node.next = retain(node.next.take(), keep);
    node.sibling = retain(node.sibling.take(), keep);
    if !keep(&node) {
        (node.count, node.parts) = (0, 0);
        if node.next.is_none() {
            return unbox(node).sibling;
        }
    }
    Some(node)
}

fn for_each(mut link: &Link, word: &mut String, visit: &mut impl FnMut(&str, &Node)) {
    while let Some(node) = link {
        word.push(node.letter);
        if node.count > 0 {
            visit(word, node);
        }
        for_each(&node.next, word, visit);
        word.pop();
        link = &node.sibling;
    }
}

fn letters(link: &Link) -> usize {
    link.as_deref().map_or(0, |node| 1 + letters(&node.next) + letters(&node.sibling))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn contents(counts: &Counts) -> Vec<(String, u32, u32)> {
        let mut contents = Vec::new();
        counts.for_each(|word, node| contents.push((word.to_owned(), node.count, node.parts)));
        contents
    }

    /// No node is there that leads to no word.
    fn check(link: &Link) {
        let Some(node) = link else { return };
        assert!(node.count > 0 || node.next.is_some(), "{:?} leads nowhere", node.letter);
        check(&node.next);
        check(&node.sibling);
    }

    #[test]
    fn counts_agree_with_a_btree_map() {
        let end = if cfg!(miri) { 1_500 } else { crate::ALICE.len() };
        let text = crate::ALICE[..end].to_lowercase();
        let mut expected = BTreeMap::new();
        words(&text).for_each(|word| *expected.entry(word.to_owned()).or_insert(0) += 1);
        let mut counts = Counts::of(&text);
        assert!(contents(&counts).into_iter().eq(expected.iter().map(|(word, count)| (word.clone(), *count, 1))));

        expected.retain(|_, count| *count > 2);
        counts.retain(|node| node.count > 2);
        check(&counts.first);
        assert!(contents(&counts).into_iter().map(|(word, ..)| word).eq(expected.into_keys()));
    }

    #[test]
    fn counts_are_united() {
        let mut one = Counts::of("be bed be by");
        let other = Counts::of("bed ape by by");
        assert_eq!((one.letters(), other.letters()), (4, 7));
        let clone = other.clone();
        assert_eq!(clone, other);
        one.unite(other);
        check(&one.first);
        let expected = [("ape", 1, 1), ("be", 2, 1), ("bed", 2, 2), ("by", 3, 2)];
        assert_eq!(contents(&one), expected.map(|(word, count, parts)| (word.to_owned(), count, parts)));
        one.unite(Counts::default());
        one.retain(|node| node.count == 2 && node.parts == 2);
        assert_eq!((contents(&one), one.letters()), (vec![("bed".to_owned(), 2, 2)], 3));
        one.retain(|_| false);
        assert_eq!(one, Counts::default());
    }
}
