use goo_pool_typed::{Pool, Pooled};

#[derive(Pooled)]
#[pooled(visibility = "pub")]
struct Node {
    value: u32,
}

fn main() {
    // No error follows here.
    Node::new_in(&Pool::new(), 1).value;
}
