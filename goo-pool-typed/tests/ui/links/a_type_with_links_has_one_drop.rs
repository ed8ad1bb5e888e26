use goo_pool_typed::{PoolBox, Pooled};

#[derive(Pooled)]
struct Node {
    #[pooled(link)]
    next: Option<PoolBox<Node>>,
}

impl Drop for Node {
    fn drop(&mut self) {}
}

fn main() {}
