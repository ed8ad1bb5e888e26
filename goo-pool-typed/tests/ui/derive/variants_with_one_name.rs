use goo_pool_typed::{Pool, Pooled};

#[derive(Pooled)]
enum Shape {
    Http,
    HTTP,
}

fn main() {
    // No error follows here.
    drop(Shape::new_http_in(&Pool::new()));
}
