use goo_pool_typed::SyncPool;

fn main() {
    let pool = SyncPool::new();
    let local = pool.local();
    drop(pool);
    drop(local.alloc(1));
}
