//! `PoolBox::new` needs to know the pool.
use goo_pool_typed::PoolBox;

struct Node(u32);

fn main() {
    let _ = PoolBox::new(Node(1));
}
