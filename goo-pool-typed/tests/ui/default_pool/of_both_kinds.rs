//! Which of them would `Node::new` take?
use goo_pool_typed::Pooled;

#[derive(Pooled)]
#[pooled(global, thread_local)]
struct Node(u32);

fn main() {
    let _ = Node::new(1).0;
}
