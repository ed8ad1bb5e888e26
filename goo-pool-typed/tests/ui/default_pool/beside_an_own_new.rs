//! `rename` is the way out.
use goo_pool_typed::Pooled;

#[derive(Pooled)]
#[pooled(thread_local)]
struct Node {
    value: u32,
}

impl Node {
    fn new() -> Self {
        Self { value: 0 }
    }
}

fn main() {}
