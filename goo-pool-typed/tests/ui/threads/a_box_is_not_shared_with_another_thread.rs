use goo_pool_typed::Pool;

// Cloning it would allocate in the pool.
fn main() {
    let boxed = Pool::new().alloc(1);
    std::thread::scope(|scope| {
        scope.spawn(|| drop(boxed.clone()));
    });
}
