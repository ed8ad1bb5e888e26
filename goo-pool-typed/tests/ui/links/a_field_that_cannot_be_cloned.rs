use goo_pool_typed::{PoolBox, Pooled};

struct Unique;

#[derive(Pooled)]
#[pooled(clone)]
struct Node {
    unique: Unique,
    #[pooled(link)]
    next: Option<PoolBox<Node>>,
}

fn main() {}
