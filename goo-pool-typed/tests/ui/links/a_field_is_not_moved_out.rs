use goo_pool_typed::{Pool, PoolBox, Pooled};

#[derive(Pooled)]
struct Node {
    #[pooled(link)]
    next: Option<PoolBox<Node>>,
}

fn main() {
    let node = Node::new_in(&Pool::new(), None);
    let _next = PoolBox::into_inner(node).next;
}
