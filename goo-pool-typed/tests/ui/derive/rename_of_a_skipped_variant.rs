use goo_pool_typed::Pooled;

#[derive(Pooled)]
enum Shape {
    Circle,
    #[pooled(skip, rename = "square")]
    Square,
}

fn main() {}
