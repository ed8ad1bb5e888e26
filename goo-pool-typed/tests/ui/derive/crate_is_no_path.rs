use goo_pool_typed::Pooled;

#[derive(Pooled)]
#[pooled(crate = "goo pool")]
struct Node;

fn main() {}
