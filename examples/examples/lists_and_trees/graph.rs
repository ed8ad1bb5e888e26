//! A directed graph. A chunk never moves, so an edge is a plain pointer to a node, and following it is one
//! load. Cycles are no trouble: the graph owns the nodes, an edge owns nothing.

use std::collections::VecDeque;
use std::ptr::NonNull;

use goo_pool_typed::{Pool, PoolBox};

use crate::list::{self, List};

struct Node<T> {
    index: usize,
    value: T,
    edges: List<Edge<T>>,
}

/// Invariant: leads to a node of the same graph, by that box's own pointer. A graph keeps its nodes until it is
/// dropped and lends them out only while it is borrowed itself, so under `&self` a node may be read through it.
type Edge<T> = NonNull<Node<T>>;

pub(crate) struct Graph<T> {
    nodes: Vec<PoolBox<Node<T>>>,
    node_pool: Pool<Node<T>>,
    /// The edges of all nodes: many short lists, one pool.
    edge_pool: Pool<list::Node<Edge<T>>>,
}

/// Names a node of the graph that gave it out. Another graph has another node of that name, or panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NodeId(usize);

impl<T> Graph<T> {
    pub(crate) fn new() -> Self {
        Graph { nodes: Vec::new(), node_pool: Pool::new(), edge_pool: Pool::new() }
    }

    pub(crate) fn add(&mut self, value: T) -> NodeId {
        let index = self.nodes.len();
        let edges = List::new_in(&self.edge_pool);
        self.nodes.push(self.node_pool.alloc(Node { index, value, edges }));
        NodeId(index)
    }

    pub(crate) fn connect(&mut self, from: NodeId, to: NodeId) {
        // The box's own pointer, not one made from a reference, which would be invalid as soon as the node is
        // borrowed mutably again.
        let to = PoolBox::as_mut_ptr(&mut self.nodes[to.0]);
        let to = NonNull::new(to).expect("a box is never null");
        self.nodes[from.0].edges.push(to);
    }

    pub(crate) fn value(&self, node: NodeId) -> &T {
        &self.nodes[node.0].value
    }

    pub(crate) fn value_mut(&mut self, node: NodeId) -> &mut T {
        &mut self.nodes[node.0].value
    }

    pub(crate) fn edge_count(&self) -> usize {
        self.edge_pool.len()
    }

    /// How many edges away each node is from `start`, by the shortest way; `None` where there is none.
    pub(crate) fn distances(&self, start: NodeId) -> Vec<Option<u32>> {
        let mut distances = vec![None; self.nodes.len()];
        distances[start.0] = Some(0);
        let mut queue = VecDeque::from([(&*self.nodes[start.0], 0)]);
        while let Some((node, distance)) = queue.pop_front() {
            for edge in node.edges.iter() {
                // SAFETY: a live node of this graph (invariant of `Edge`), which we hold by `&self`.
                let next = unsafe { edge.as_ref() };
                if distances[next.index].is_none() {
                    distances[next.index] = Some(distance + 1);
                    queue.push_back((next, distance + 1));
                }
            }
        }
        distances
    }
}

/// The squares of a chessboard, and the moves of a knight.
fn knight_moves() -> (Graph<String>, Vec<NodeId>) {
    let mut graph = Graph::new();
    let squares = (0..64).map(|n| (n % 8, n / 8));
    let ids: Vec<NodeId> =
        squares.clone().map(|(file, rank)| graph.add(format!("{}{}", char::from(b'a' + file), rank + 1))).collect();
    for (from, (file, rank)) in squares.clone().enumerate() {
        for (to, (other_file, other_rank)) in squares.clone().enumerate() {
            if file.abs_diff(other_file) * rank.abs_diff(other_rank) == 2 {
                graph.connect(ids[from], ids[to]);
            }
        }
    }
    (graph, ids)
}

pub(crate) fn show() {
    let (mut graph, ids) = knight_moves();
    assert_eq!(graph.edge_count(), 336);
    let distances = graph.distances(ids[0]);
    assert_eq!(distances[63], Some(6));
    assert_eq!(distances.iter().max(), Some(&Some(6)));
    graph.value_mut(ids[63]).push('!');
    println!(
        "graph: {} squares, {} moves of a knight; from {} to {} it takes {}",
        ids.len(),
        graph.edge_count(),
        graph.value(ids[0]),
        graph.value(ids[63]),
        distances[63].expect("a knight gets everywhere"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_knight_needs_at_most_six_moves() {
        let (graph, ids) = knight_moves();
        for &id in ids.iter().step_by(if cfg!(miri) { 21 } else { 1 }) {
            let distances = graph.distances(id);
            assert!(distances.iter().all(|distance| distance.is_some_and(|n| n <= 6)));
        }
    }

    #[test]
    fn edges_have_a_direction_and_may_form_loops() {
        let mut graph = Graph::new();
        let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| graph.add(name.to_owned()));
        graph.connect(a, a);
        graph.connect(a, b);
        graph.connect(b, c);
        graph.connect(c, b);
        assert_eq!(graph.distances(a), [Some(0), Some(1), Some(2), None]);
        assert_eq!(graph.distances(c), [None, Some(1), Some(0), None]);
        assert_eq!(graph.distances(d), [None, None, None, Some(0)]);
    }

    #[test]
    fn edges_hold_while_the_graph_grows_and_its_values_change() {
        let mut graph = Graph::new();
        let first = graph.add(0);
        let mut last = first;
        for n in 1..100 {
            let next = graph.add(n);
            graph.connect(last, next);
            *graph.value_mut(next) += 1;
            *graph.value_mut(first) += 1;
            last = next;
        }
        assert_eq!(graph.distances(first)[99], Some(99));
        assert_eq!((*graph.value(first), *graph.value(last)), (99, 100));
    }

    #[test]
    fn a_cyclic_graph_is_freed_whole() {
        let (graph, _) = knight_moves();
        let (nodes, edges) = (graph.node_pool.clone(), graph.edge_pool.clone());
        assert_eq!((nodes.len(), edges.len()), (64, 336));
        drop(graph);
        assert_eq!((nodes.len(), edges.len()), (0, 0));
    }
}
