use goo_pool_typed::{PoolBox, Pooled};

#[derive(Pooled)]
#[pooled(clone, walk)]
enum Tree {
    Leaf(u32),
    Branch(#[pooled(link)] PoolBox<Tree>, #[pooled(link)] Option<PoolBox<Tree>>),
}

fn main() {
    let tree = Tree::Leaf(1);
    // What was asked for brings no errors of its own.
    let _ = tree.clone().links().count();
}
