use goo_pool_typed::{PoolBox, PoolRc, Pooled};

#[derive(Pooled)]
struct Node {
    #[pooled(link)]
    owned: Option<PoolBox<Node>>,
    #[pooled(link)]
    shared: Option<PoolRc<Node>>,
}

fn main() {}
