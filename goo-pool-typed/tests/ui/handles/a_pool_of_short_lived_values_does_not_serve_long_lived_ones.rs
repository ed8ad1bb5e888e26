use goo_pool_typed::{Pool, PoolBox};

fn lengthen_pool<'a>(pool: Pool<&'a str>) -> Pool<&'static str> {
    pool
}

fn lengthen_box<'a>(boxed: PoolBox<&'a str>) -> PoolBox<&'static str> {
    boxed
}

fn main() {
    lengthen_box(lengthen_pool(Pool::new()).alloc("text"));
}
