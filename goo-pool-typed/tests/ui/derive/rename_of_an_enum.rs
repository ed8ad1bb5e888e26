use goo_pool_typed::Pooled;

#[derive(Pooled)]
#[pooled(rename = "make")]
enum Shape {
    Circle,
}

fn main() {}
