use goo_pool_typed::{PoolRc, PoolWeak, RcPool};

fn main() {
    let one = RcPool::new().alloc(1);
    let weak = PoolRc::downgrade(&one);
    let _ = PoolRc::from_raw(PoolRc::into_raw(one));
    let _ = PoolWeak::from_raw(weak.into_raw());
}
