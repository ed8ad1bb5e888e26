use goo_pool_typed::Pooled;

#[derive(Pooled)]
struct Node(#[pooled(rename = "field1")] u32, u32);

fn main() {}
