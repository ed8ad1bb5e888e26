use goo_pool_typed::SyncPool;
use std::rc::Rc;

fn main() {
    let boxed = SyncPool::new().alloc(Rc::new(1));
    std::thread::spawn(move || drop(boxed));
}
