use goo_pool_typed::{Pool, PoolBox};

fn main() {
    let text = String::from("text");
    let leaked: &'static mut &str = PoolBox::leak(Pool::new().alloc(text.as_str()));
    println!("{leaked}");
}
