use goo_pool_typed::Pooled;

#[derive(Pooled)]
struct Node {
    left: u32,
    #[pooled(rename = "left")]
    right: u32,
}

fn main() {}
