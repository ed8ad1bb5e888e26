use goo_pool_typed::Pooled;

#[derive(Pooled)]
struct Node {
    #[pooled(default, into)]
    value: u32,
}

fn main() {}
