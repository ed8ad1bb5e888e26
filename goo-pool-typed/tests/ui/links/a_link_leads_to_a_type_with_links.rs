use goo_pool_typed::{PoolBox, Pooled};

#[derive(Pooled)]
struct Leaf(u32);

#[derive(Pooled)]
struct Node {
    #[pooled(link)]
    leaf: Option<PoolBox<Leaf>>,
}

fn main() {}
