//! What would the constructor without a pool be called?
use goo_pool_typed::{Pool, Pooled};

#[derive(Pooled)]
#[pooled(thread_local, rename = "make")]
struct Node(u32);

fn main() {
    let _ = Node::make(&Pool::new(), 1).0;
}
