use goo_pool_typed::{PoolBox, Pooled};
use std::marker::PhantomData;

#[derive(Pooled)]
struct Node {
    #[pooled(link)]
    next: PhantomData<PoolBox<Node>>,
}

fn main() {}
