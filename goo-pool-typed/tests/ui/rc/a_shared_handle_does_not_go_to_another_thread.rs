use goo_pool_typed::{ArcPool, RcPool};
use std::cell::Cell;

fn main() {
    let one = RcPool::new().alloc(1);
    std::thread::spawn(move || drop(one));

    let cell = ArcPool::new().alloc(Cell::new(1));
    std::thread::spawn(move || drop(cell));
}
