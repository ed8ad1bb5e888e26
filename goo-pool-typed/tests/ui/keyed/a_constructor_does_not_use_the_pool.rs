use goo_pool_typed::KeyedPool;

fn main() {
    let mut pool = KeyedPool::new();
    pool.insert_with_key(|_| {
        pool.insert(1);
        2
    });
}
