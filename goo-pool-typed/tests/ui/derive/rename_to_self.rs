use goo_pool_typed::Pooled;

#[derive(Pooled)]
struct Node {
    #[pooled(rename = "self")]
    kind: u32,
}

fn main() {}
