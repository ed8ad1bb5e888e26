use goo_pool_typed::{PoolRc, PoolWeak, RcPool};

fn main() {
    let weak: PoolWeak<&str>;
    {
        let text = String::from("text");
        weak = PoolRc::downgrade(&RcPool::new().alloc(text.as_str()));
    }
    println!("{:?}", weak.upgrade());
}
