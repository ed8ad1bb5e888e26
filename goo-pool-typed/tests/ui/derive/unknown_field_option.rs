use std::collections::BTreeMap;

use goo_pool_typed::Pooled;

#[derive(Pooled)]
struct Node {
    #[pooled(defualt = BTreeMap::<u8, u8>::new(), into)]
    value: BTreeMap<u8, u8>,
}

fn main() {}
