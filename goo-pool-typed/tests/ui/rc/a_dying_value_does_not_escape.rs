use goo_pool_typed::{PoolRc, RcPool};

fn main() {
    let one = RcPool::new().alloc(String::from("text"));
    let mut kept = None;
    PoolRc::drop_with(one, |text| kept = Some(text));
    println!("{kept:?}");
}
