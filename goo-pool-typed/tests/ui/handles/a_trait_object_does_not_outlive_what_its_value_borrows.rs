use std::fmt::Display;

use goo_pool_typed::{Pool, PoolBox, unsize};

fn shown<'a>(text: &'a str) -> PoolBox<dyn Display> {
    unsize!(Pool::new().alloc(text), dyn Display)
}

fn lengthened<'a>(boxed: PoolBox<dyn Display + 'a>) -> PoolBox<dyn Display + 'static> {
    unsize!(boxed, dyn Display + 'static)
}

fn main() {
    lengthened(shown("text"));
}
