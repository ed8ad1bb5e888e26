use goo_pool_typed::Pooled;

#[derive(Pooled)]
struct Node {
    #[pooled(rename = "type")]
    kind: u32,
}

fn main() {}
