use goo_pool_typed::RcPool;

fn main() {
    let text = RcPool::new().alloc(String::new());
    let moved: String = *text;
    println!("{moved}");
}
