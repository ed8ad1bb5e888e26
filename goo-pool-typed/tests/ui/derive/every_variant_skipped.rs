use goo_pool_typed::Pooled;

#[derive(Pooled)]
enum Shape {
    #[pooled(skip)]
    Circle,
    #[pooled(skip)]
    Square,
}

fn main() {}
