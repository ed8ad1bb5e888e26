use goo_pool_typed::PoolRc;
use std::cell::Cell;

fn shorter<'a>(cell: PoolRc<Cell<&'static str>>) -> PoolRc<Cell<&'a str>> {
    cell
}

fn main() {}
