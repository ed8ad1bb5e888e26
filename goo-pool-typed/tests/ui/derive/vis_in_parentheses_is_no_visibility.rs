use goo_pool_typed::Pooled;

#[derive(Pooled)]
#[pooled(vis(crate))]
struct Node;

fn main() {}
