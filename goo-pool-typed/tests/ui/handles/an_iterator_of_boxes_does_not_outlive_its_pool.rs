use goo_pool_typed::{Pool, PoolBox};

fn boxes() -> impl Iterator<Item = PoolBox<u32>> {
    let pool = Pool::new();
    pool.alloc_iter(0..10)
}

fn main() {
    boxes();
}
