use goo_pool_typed::KeyedPool;

fn main() {
    let numbers = KeyedPool::<u64>::new();
    let mut names = KeyedPool::new();
    let key = names.insert("name");
    numbers.get(key);
}
