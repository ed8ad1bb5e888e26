use goo_pool_typed::KeyedPool;

fn fill(pool: &mut KeyedPool<&'static str>) {
    let local = String::from("local");
    let shorter: &mut KeyedPool<&str> = pool;
    shorter.insert(&local);
}

fn main() {
    fill(&mut KeyedPool::new());
}
