use std::marker::PhantomPinned;

use goo_pool_typed::{Pool, PoolBox};

fn main() {
    let mut pinned = PoolBox::into_pin(Pool::new().alloc((1, PhantomPinned)));
    let value = pinned.as_mut().get_mut();
    value.0 = 2;
    std::pin::Pin::into_inner(pinned);
}
