use goo_pool_typed::Pooled;

#[derive(Pooled)]
struct Node {
    #[pooled(default = "text")]
    text: String,
}

fn main() {}
