use goo_pool_typed::{PoolRc, RcPool};
use std::marker::PhantomPinned;

fn main() {
    let mut pinned = RcPool::new().pin(PhantomPinned);
    PoolRc::get_mut(&mut pinned);
    let _ = PoolRc::try_unwrap(pinned);
}
