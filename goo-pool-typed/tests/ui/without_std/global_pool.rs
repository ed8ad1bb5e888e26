//! Nor are there locks.
use goo_pool_typed::Pooled;

#[derive(Pooled)]
#[pooled(global)]
struct Node(u32);

fn main() {
    let _ = Node::new(1).0;
}
