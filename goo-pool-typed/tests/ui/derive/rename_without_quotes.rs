use goo_pool_typed::Pooled;

#[derive(Pooled)]
#[pooled(rename = make)]
struct Node {
    value: u32,
}

fn main() {}
