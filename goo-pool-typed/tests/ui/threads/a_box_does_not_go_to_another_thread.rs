use goo_pool_typed::Pool;

fn main() {
    let boxed = Pool::new().alloc(1);
    std::thread::spawn(move || drop(boxed));
}
