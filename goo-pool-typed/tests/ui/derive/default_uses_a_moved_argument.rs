use goo_pool_typed::Pooled;

#[derive(Pooled)]
struct Node {
    text: String,
    #[pooled(default = text.len())]
    len: usize,
}

fn main() {}
