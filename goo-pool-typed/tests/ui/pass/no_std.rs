//! A crate without std and without unsafe code.
#![no_std]
#![forbid(unsafe_code)]

use goo_pool_typed::{Pool, PoolBox, Pooled};

#[derive(Pooled)]
struct List {
    value: u32,
    #[pooled(default)]
    buffer: [u8; 100],
    next: Option<PoolBox<List>>,
}

fn main() {
    let pool = Pool::new();
    let list = List::new_in(&pool, 1, Some(List::new_in(&pool, 2, None)));
    assert_eq!(list.value + list.next.as_ref().map_or(0, |next| next.value), 3);
    assert_eq!(list.buffer, [0; 100]);
}
