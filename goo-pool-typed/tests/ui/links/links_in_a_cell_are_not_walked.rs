use goo_pool_typed::{PoolRc, Pooled};
use std::cell::RefCell;

#[derive(Pooled)]
#[pooled(walk)]
struct Node {
    #[pooled(link)]
    nodes: RefCell<Vec<PoolRc<Node>>>,
}

fn main() {}
