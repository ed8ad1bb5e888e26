use goo_pool_typed::{PoolBox, Pooled};

#[derive(Pooled)]
#[repr(packed)]
struct Node {
    flag: bool,
    #[pooled(link)]
    next: Option<PoolBox<Node>>,
}

fn main() {}
