use goo_pool_typed::Pooled;

#[derive(Pooled)]
struct Node {
    #[pooled(default = [0; 3])]
    array: [u8; 4],
}

fn main() {}
