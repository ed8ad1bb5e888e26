//! Linked structures on `PoolBox`: who owns the nodes, and what that means for links that go both ways, for
//! cycles and for dropping.
//!
//! | file       | structure                    | a node is owned by                 | unsafe                  |
//! |------------|------------------------------|------------------------------------|-------------------------|
//! | `list.rs`  | singly linked list           | the node before it                 | none                    |
//! | `tree.rs`  | binary search tree           | its parent                         | none                    |
//! | `deque.rs` | doubly linked list           | the list, by `into_raw`/`from_raw` | the links               |
//! | `graph.rs` | directed graph with cycles   | the graph, in a `Vec` of boxes     | following an edge       |
//!
//! ```text
//! cargo run --release --example lists_and_trees
//! ```

mod deque;
mod graph;
mod list;
mod tree;

fn main() {
    list::show();
    tree::show();
    deque::show();
    graph::show();
}
