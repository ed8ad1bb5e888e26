use goo_pool_typed::Pooled;

fn three() -> Option<u32> {
    Some(3)
}

#[derive(Pooled)]
struct Node {
    #[pooled(default = three()?)]
    value: u32,
}

fn main() {}
