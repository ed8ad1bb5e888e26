use goo_pool_typed::Pool;

fn main() {
    let boxed = Pool::new().alloc(String::from("text"));
    let text: String = *boxed;
    println!("{text}");
}
