use goo_pool_typed::Pooled;

#[derive(Pooled)]
#[pooled(bound = "T = Clone")]
struct Node<T>(T);

fn main() {}
