use goo_pool_typed::Pooled;

#[derive(Pooled)]
#[pooled(vis = "public")]
struct Node;

fn main() {}
