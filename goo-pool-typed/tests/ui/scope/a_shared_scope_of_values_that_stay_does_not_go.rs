use goo_pool_typed::SyncPool;
use std::rc::Rc;

fn main() {
    let scope = SyncPool::<Rc<u32>>::new().scope();
    std::thread::spawn(move || scope.len());
}
