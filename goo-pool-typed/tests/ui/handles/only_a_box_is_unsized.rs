use std::fmt::Debug;

use goo_pool_typed::{PoolBox, unsize};

fn main() {
    let value = 1_u32;
    let _: PoolBox<dyn Debug> = unsize!(&raw const value, dyn Debug);
    let _: PoolBox<dyn Debug> = unsize!(Box::new(value), dyn Debug);
}
