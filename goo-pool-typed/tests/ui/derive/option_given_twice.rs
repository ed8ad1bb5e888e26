use goo_pool_typed::Pooled;

#[derive(Pooled)]
struct Node {
    #[pooled(default)]
    #[pooled(default = 3)]
    value: u32,
}

fn main() {}
