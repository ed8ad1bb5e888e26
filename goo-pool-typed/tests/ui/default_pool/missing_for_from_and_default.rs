//! As do the traits.
use goo_pool_typed::{PoolBox, Pooled};

#[derive(Pooled, Default)]
struct Node(u32);

fn main() {
    let _: PoolBox<Node> = PoolBox::default();
    let _: PoolBox<Node> = Node(1).into();
}
