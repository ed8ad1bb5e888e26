use std::fmt::Debug;

use goo_pool_typed::{Pool, PoolBox, unsize};

struct Unique;

fn main() {
    let object: PoolBox<dyn Debug> = unsize!(Pool::new().alloc(1), dyn Debug);
    let _: PoolBox<dyn Debug> = object.clone();
    let unique = Pool::new().alloc(Unique);
    let _: PoolBox<Unique> = unique.clone();
}
