use goo_pool_typed::{Pool, Pooled};

#[derive(Pooled)]
#[pooled(vis = 3, unknown)]
struct Node<T> {
    #[pooled(default, into, skip)]
    a: u8,
    #[pooled(rename = "b c")]
    b: T,
    #[pooled(rename = "b")]
    c: u8,
}

#[derive(Pooled)]
#[pooled(rename = "new")]
enum Shape {
    #[pooled(default)]
    Circle(#[pooled(into = u8)] u8),
    #[pooled(rename = "new_circle_in")]
    Square(#[pooled(rename = "")] u8),
}

fn main() {
    // No error follows here.
    let node = Node::new_in(&Pool::new(), "b", 1);
    let _ = (node.a, node.b, node.c);
    let _ = Node::try_new_in(&Pool::new(), "b", 1).is_ok();
    let _ = Shape::new_circle_in(&Pool::new(), 1);
}
