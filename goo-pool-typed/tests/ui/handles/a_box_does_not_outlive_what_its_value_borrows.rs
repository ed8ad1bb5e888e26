use goo_pool_typed::Pool;

fn main() {
    let pool = Pool::new();
    let boxed;
    {
        let text = String::from("text");
        boxed = pool.alloc(text.as_str());
    }
    println!("{boxed}");
}
