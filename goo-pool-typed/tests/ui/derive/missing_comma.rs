use goo_pool_typed::Pooled;

#[derive(Pooled)]
#[pooled(rename = "make" vis = "pub")]
struct Node {
    value: u32,
}

fn main() {}
