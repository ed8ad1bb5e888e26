use goo_pool_typed::Pooled;

#[derive(Pooled)]
enum Shape {
    Circle,
    #[pooled(rename = "try_new_circle_in")]
    Square,
}

fn main() {}
