use goo_pool_typed::Pooled;

#[derive(Pooled)]
struct Node {
    #[pooled("default")]
    value: u32,
}

fn main() {}
