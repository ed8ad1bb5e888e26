use std::rc::Rc;

use goo_pool_typed::KeyedPool;

fn main() {
    let mut pool = KeyedPool::new();
    pool.insert(Rc::new(1));
    std::thread::spawn(move || drop(pool));
}
