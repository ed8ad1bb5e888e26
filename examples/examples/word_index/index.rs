//! The index: an ordered tree from word to postings.
//!
//! An AA tree: a red-black tree whose red links lean right, so that two small repairs, `skew` and `split`,
//! keep it balanced. Its depth stays under 2 log2(n), and so does the recursion in here and in its drop.

use std::cmp::Ordering;
use std::iter::FusedIterator;

use crate::box_kind::BoxKind;
use crate::postings::{Page, Postings};

/// A word and where it occurs. The words are slices of the text: a node in a pool may borrow.
pub(crate) struct Node<'t, K: BoxKind> {
    word: &'t str,
    postings: Postings<K>,
    left: Link<'t, K>,
    right: Link<'t, K>,
    /// A left child is one level down; a right child too, or on the same level, but not two in a row.
    level: u8,
}

type Owner<'t, K> = <K as BoxKind>::Owner<Node<'t, K>>;
type Link<'t, K> = Option<Owner<'t, K>>;

impl<'t, K: BoxKind> Node<'t, K> {
    pub(crate) fn word(&self) -> &'t str {
        self.word
    }

    pub(crate) fn postings(&self) -> &Postings<K> {
        &self.postings
    }
}

pub(crate) struct Index<'t, K: BoxKind> {
    root: Link<'t, K>,
    words: u32,
    // Behind the tree, as fields drop in order: it is cheaper to empty a pool and then close it than to
    // give chunks back to a closed one. Either order is sound.
    nodes: K::Source<Node<'t, K>>,
    pages: K::Source<Page<K>>,
}

impl<'t, K: BoxKind> Index<'t, K> {
    pub(crate) fn new() -> Self {
        Index { root: None, words: 0, nodes: K::Source::default(), pages: K::Source::default() }
    }

    /// Indexes a text. Lines count from 1; the caller saw to it that they fit into a `u32`.
    pub(crate) fn of(text: &'t str) -> Self {
        let mut index = Self::new();
        for (line, text) in (1..).zip(text.lines()) {
            for word in words(text) {
                index.add(word, line);
            }
        }
        index
    }

    pub(crate) fn add(&mut self, word: &'t str, line: u32) {
        // Most words of a text have been seen before.
        if let Some(node) = find_mut::<K>(&mut self.root, word) {
            node.postings.push(line, &self.pages);
            return;
        }
        let mut postings = Postings::new();
        postings.push(line, &self.pages);
        let node = Node { word, postings, left: None, right: None, level: 1 };
        insert::<K>(&mut self.root, K::put(&self.nodes, node));
        self.words += 1;
    }

    pub(crate) fn get(&self, word: &str) -> Option<&Node<'t, K>> {
        self.iter_from(word).next().filter(|node| node.word == word)
    }

    /// How many different words there are.
    pub(crate) fn words(&self) -> u32 {
        self.words
    }

    /// Every word, in order.
    pub(crate) fn iter(&self) -> Iter<'_, 't, K> {
        self.iter_from("")
    }

    /// The words from `first` on, in order.
    pub(crate) fn iter_from(&self, first: &str) -> Iter<'_, 't, K> {
        let mut path = Vec::new();
        let mut link = &self.root;
        while let Some(node) = link {
            if node.word < first {
                link = &node.right;
            } else {
                path.push(&**node);
                link = &node.left;
            }
        }
        Iter { path }
    }

    /// Bytes that are held for words and lines to come.
    pub(crate) fn spare_bytes(&self) -> usize {
        K::spare_bytes(&self.nodes) + K::spare_bytes(&self.pages)
    }

    /// What the nodes come from.
    pub(crate) fn nodes(&self) -> &K::Source<Node<'t, K>> {
        &self.nodes
    }

    /// What the pages of the postings come from.
    pub(crate) fn pages(&self) -> &K::Source<Page<K>> {
        &self.pages
    }
}

/// The typewriter's and the printer's.
const APOSTROPHES: [char; 2] = ['\'', '\u{2019}'];

/// The words of a text that is in lower case already: letters and digits, with apostrophes inside.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && !APOSTROPHES.contains(&c))
        .map(|word| word.trim_matches(APOSTROPHES))
        .filter(|word| !word.is_empty())
}

fn find_mut<'i, 't, K: BoxKind>(mut link: &'i mut Link<'t, K>, word: &str) -> Option<&'i mut Node<'t, K>> {
    while let Some(node) = link {
        match word.cmp(node.word) {
            Ordering::Less => link = &mut node.left,
            Ordering::Equal => return Some(node),
            Ordering::Greater => link = &mut node.right,
        }
    }
    None
}

/// Adds a node whose word is not in the tree.
fn insert<'t, K: BoxKind>(link: &mut Link<'t, K>, new: Owner<'t, K>) {
    match link {
        None => *link = Some(new),
        Some(node) => {
            let side = if new.word < node.word { &mut node.left } else { &mut node.right };
            insert::<K>(side, new);
            skew::<K>(link);
            split::<K>(link);
        }
    }
}

/// A left child on its parent's level becomes the parent: a rotation to the right.
fn skew<K: BoxKind>(link: &mut Link<'_, K>) {
    let Some(node) = link else { return };
    let level = node.level;
    if let Some(mut left) = node.left.take_if(|left| left.level == level) {
        node.left = left.right.take();
        left.right = link.take();
        *link = Some(left);
    }
}

/// Of three nodes in a row on one level the middle one rises: a rotation to the left.
fn split<K: BoxKind>(link: &mut Link<'_, K>) {
    let Some(node) = link else { return };
    let level = node.level;
    let is_middle = |right: &Owner<'_, K>| right.right.as_ref().is_some_and(|last| last.level == level);
    if let Some(mut right) = node.right.take_if(|right| is_middle(right)) {
        node.right = right.left.take();
        right.left = link.take();
        right.level += 1;
        *link = Some(right);
    }
}

/// In order; see [`Index::iter_from`].
pub(crate) struct Iter<'i, 't, K: BoxKind> {
    /// The next node, and above it those that it lies to the left of.
    path: Vec<&'i Node<'t, K>>,
}

impl<'i, 't, K: BoxKind> Iterator for Iter<'i, 't, K> {
    type Item = &'i Node<'t, K>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.path.pop()?;
        let mut link = &next.right;
        while let Some(node) = link {
            self.path.push(node);
            link = &node.left;
        }
        Some(next)
    }
}

impl<K: BoxKind> FusedIterator for Iter<'_, '_, K> {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::box_kind::{GlobalBoxes, PoolBoxes};

    fn contents<'t, K: BoxKind>(index: &Index<'t, K>) -> Vec<(&'t str, Vec<u32>)> {
        index.iter().map(|node| (node.word(), node.postings().to_vec())).collect()
    }

    /// The depth, after a look at the levels of every node.
    fn check<K: BoxKind>(link: &Link<'_, K>) -> usize {
        fn level<K: BoxKind>(link: &Link<'_, K>) -> u8 {
            link.as_ref().map_or(0, |node| node.level)
        }
        let Some(node) = link else { return 0 };
        assert_eq!(level::<K>(&node.left) + 1, node.level);
        assert!([node.level, node.level - 1].contains(&level::<K>(&node.right)));
        if let Some(right) = &node.right {
            assert!(level::<K>(&right.right) < node.level);
        }
        1 + check::<K>(&node.left).max(check::<K>(&node.right))
    }

    #[test]
    fn index_agrees_with_a_btree_map() {
        let text = if cfg!(miri) { &crate::ALICE[..1_500] } else { crate::ALICE }.to_lowercase();
        let mut expected = BTreeMap::<&str, Vec<u32>>::new();
        for (line, text) in (1..).zip(text.lines()) {
            for word in words(text) {
                expected.entry(word).or_default().push(line);
            }
        }
        let expected: Vec<_> = expected.into_iter().collect();

        let pooled = Index::<PoolBoxes>::of(&text);
        assert_eq!(contents(&pooled), expected);
        assert_eq!(contents(&Index::<GlobalBoxes>::of(&text)), expected);
        assert_eq!(pooled.words() as usize, expected.len());
        assert_eq!(pooled.nodes().len(), expected.len());
    }

    #[test]
    fn words_in_ascending_order_stay_balanced() {
        let count = if cfg!(miri) { 60 } else { 10_000 };
        let words: Vec<String> = (0..count).map(|n| format!("{n:05}")).collect();
        for descending in [false, true] {
            let mut index = Index::<PoolBoxes>::new();
            for n in 0..count {
                let n = if descending { count - 1 - n } else { n };
                index.add(&words[n], 1);
            }
            let depth = check::<PoolBoxes>(&index.root);
            assert!(depth <= 2 * count.ilog2() as usize, "{count} words are {depth} deep");
            assert!(index.iter().map(Node::word).eq(words.iter().map(String::as_str)));
        }
    }

    #[test]
    fn iteration_starts_at_the_first_word_not_before_the_one_asked_for() {
        let index = Index::<PoolBoxes>::of("the cat sat on the mat");
        let from = |first| index.iter_from(first).map(Node::word).collect::<Vec<_>>();
        assert_eq!(from(""), ["cat", "mat", "on", "sat", "the"]);
        assert_eq!(from("mat"), ["mat", "on", "sat", "the"]);
        assert_eq!(from("n"), ["on", "sat", "the"]);
        assert_eq!(from("zebra"), [""; 0]);
        assert!(index.get("sat").is_some());
        assert!(index.get("sa").is_none());
    }

    #[test]
    fn quotes_are_not_part_of_a_word_but_apostrophes_are() {
        let text = "`i shan't,' said the 'white' rabbit's friend--42 times, _really_ it’s straße";
        let expected = "i shan't said the white rabbit's friend 42 times really it’s straße";
        assert!(words(text).eq(expected.split(' ')));
    }

    #[test]
    fn boxes_give_their_chunks_back() {
        let index = Index::<PoolBoxes>::of("the cat sat on the mat");
        let (nodes, pages) = (index.nodes().clone(), index.pages().clone());
        assert_eq!((nodes.len(), pages.len()), (5, 5));
        drop(index);
        assert_eq!((nodes.len(), pages.len()), (0, 0));
    }
}
