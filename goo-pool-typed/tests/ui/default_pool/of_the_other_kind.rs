//! Boxes from a global pool are `SyncPoolBox`es.
use goo_pool_typed::{PoolBox, Pooled};

#[derive(Pooled)]
#[pooled(global)]
struct Node(u32);

fn main() {
    let _ = PoolBox::new(Node(1));
}
