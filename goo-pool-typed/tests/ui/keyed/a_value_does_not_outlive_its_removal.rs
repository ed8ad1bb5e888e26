use goo_pool_typed::KeyedPool;

fn main() {
    let mut pool = KeyedPool::new();
    let key = pool.insert(String::from("borrowed"));
    let value = &pool[key];
    pool.remove(key);
    println!("{value}");
}
