use goo_pool_typed::Pool;

fn main() {
    let scope = Pool::<u32>::new().scope();
    std::thread::spawn(move || scope.len());
}
