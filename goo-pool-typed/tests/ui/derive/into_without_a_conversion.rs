use goo_pool_typed::{Pool, Pooled};

#[derive(Pooled)]
struct Node {
    #[pooled(into)]
    text: String,
}

fn main() {
    drop(Node::new_in(&Pool::new(), 3));
}
