use goo_pool_typed::{Pool, PoolBox, SyncPool, SyncPoolBox};

fn main() {
    let _: PoolBox<u32> = SyncPool::new().alloc(1);
    let _: SyncPoolBox<u32> = Pool::new().alloc(1);
    let boxed: SyncPoolBox<u32> = SyncPool::new().alloc(1);
    let _ = PoolBox::into_inner(boxed);
}
