//! There is nothing to choose.
use goo_pool_typed::Pooled;

#[derive(Pooled)]
#[pooled(thread_local = "POOL")]
struct Node(u32);

fn main() {}
