use goo_pool_typed::Pooled;

struct NoDefault;

#[derive(Pooled)]
struct Node {
    #[pooled(default)]
    array: [NoDefault; 3],
}

fn main() {}
