use goo_pool_typed::Pooled;

#[derive(Pooled)]
struct Node {
    #[pooled(link)]
    next: Option<Box<Node>>,
}

fn main() {}
