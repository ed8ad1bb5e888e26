use goo_pool_typed::{ArcPool, PoolRc, RcPool, SyncPool};

fn main() {
    let _: PoolRc<u32> = ArcPool::new().alloc(1);
    let _ = RcPool::<u32>::from(SyncPool::new());
}
