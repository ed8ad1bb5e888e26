//! Without std there are no thread-local variables.
use goo_pool_typed::Pooled;

#[derive(Pooled)]
#[pooled(thread_local)]
struct Node(u32);

fn main() {
    let _ = Node::new(1).0;
}
