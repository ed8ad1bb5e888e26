use goo_pool_typed::Pooled;

#[derive(Pooled)]
enum Shape {
    #[pooled(ignore)]
    Circle,
    Square,
}

fn main() {}
