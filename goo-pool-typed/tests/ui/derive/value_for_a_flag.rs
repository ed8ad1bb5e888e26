use goo_pool_typed::Pooled;

#[derive(Pooled)]
struct Node {
    #[pooled(into = String)]
    name: String,
}

fn main() {}
