//! `new_leaf_in` takes a pool for one, and is without a pool for the other.
use goo_pool_typed::Pooled;

#[derive(Pooled)]
#[pooled(thread_local)]
enum Tree {
    Leaf,
    LeafIn,
}

fn main() {
    let _ = Tree::new_leaf();
}
