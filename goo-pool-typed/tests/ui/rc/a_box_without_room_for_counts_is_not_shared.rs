use goo_pool_typed::{Pool, PoolRc};

fn main() {
    let _: PoolRc<u32> = PoolRc::from(Pool::new().alloc(1_u32));
}
