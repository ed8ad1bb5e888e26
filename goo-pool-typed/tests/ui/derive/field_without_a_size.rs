use goo_pool_typed::Pooled;

#[derive(Pooled)]
struct Node {
    len: usize,
    bytes: [u8],
}

fn main() {}
