use goo_pool_typed::{PoolBox, Pooled};

#[derive(Pooled)]
#[pooled(clone, walk)]
struct Node {
    next: Option<PoolBox<Node>>,
}

fn main() {}
