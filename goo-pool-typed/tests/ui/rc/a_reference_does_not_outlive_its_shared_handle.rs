use goo_pool_typed::{PoolRc, RcPool};

fn main() {
    let mut one = RcPool::new().alloc(String::new());
    let text: &str = &one;
    drop(one.clone());
    let changed = PoolRc::get_mut(&mut one);
    println!("{text}{changed:?}");
    let text: &str = &one;
    drop(one);
    println!("{text}");
}
