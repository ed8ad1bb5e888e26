use goo_pool_typed::Pooled;

#[derive(Pooled)]
enum Shape {
    #[pooled(rename = "new circle")]
    Circle,
}

fn main() {}
