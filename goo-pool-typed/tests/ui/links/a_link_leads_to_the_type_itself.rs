use goo_pool_typed::{PoolBox, Pooled};

#[derive(Pooled)]
struct Other {
    #[pooled(link)]
    next: Option<PoolBox<Other>>,
}

#[derive(Pooled)]
struct Node {
    #[pooled(link)]
    next: Option<PoolBox<Node>>,
    #[pooled(link)]
    other: Vec<PoolBox<Other>>,
}

fn main() {}
