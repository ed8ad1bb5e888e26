use goo_pool_typed::{PoolBox, Pooled};

#[derive(Pooled)]
struct Node {
    #[pooled(link)]
    next: Option<PoolBox<Node>>,
    #[pooled(link)]
    value: u32,
}

fn main() {}
