use goo_pool_typed::{PoolBox, Pooled};

#[derive(Pooled)]
struct Node<T: ?Sized> {
    #[pooled(link)]
    next: Option<PoolBox<Node<u32>>>,
    value: T,
}

fn main() {}
