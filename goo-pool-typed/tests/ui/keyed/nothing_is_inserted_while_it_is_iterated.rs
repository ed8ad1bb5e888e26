use goo_pool_typed::KeyedPool;

fn main() {
    let mut pool = KeyedPool::new();
    pool.insert(1);
    for (_, value) in &pool {
        pool.insert(*value);
    }
}
