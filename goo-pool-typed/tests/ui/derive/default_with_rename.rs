use goo_pool_typed::Pooled;

#[derive(Pooled)]
struct Node {
    #[pooled(rename = "number", default = 3)]
    value: u32,
}

fn main() {}
