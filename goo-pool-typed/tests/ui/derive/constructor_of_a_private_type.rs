mod inner {
    #[derive(goo_pool_typed::Pooled)]
    #[pooled(vis = "")]
    pub struct Node {
        value: u32,
    }
}

fn main() {
    drop(inner::Node::new_in(&goo_pool_typed::Pool::new(), 3));
}
