use goo_pool_typed::SyncPool;

fn main() {
    let pool = SyncPool::new();
    let local = pool.local();
    std::thread::scope(|scope| {
        scope.spawn(|| drop(local.alloc(1)));
    });
}
