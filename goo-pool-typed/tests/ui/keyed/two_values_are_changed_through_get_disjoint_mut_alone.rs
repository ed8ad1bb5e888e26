use goo_pool_typed::KeyedPool;

fn main() {
    let mut pool = KeyedPool::new();
    let keys = [pool.insert(1), pool.insert(2)];
    let one = pool.get_mut(keys[0]).unwrap();
    let two = pool.get_mut(keys[1]).unwrap();
    std::mem::swap(one, two);
}
