use std::cell::Cell;

use goo_pool_typed::PoolBox;

fn shorten<'a>(boxed: PoolBox<Cell<&'static str>>) -> PoolBox<Cell<&'a str>> {
    boxed
}

fn main() {
    let _ = shorten;
}
