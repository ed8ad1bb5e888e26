use std::fmt::Display;

use goo_pool_typed::{Pool, unsize};

struct Silent;

fn main() {
    unsize!(Pool::new().alloc(Silent), dyn Display);
}
