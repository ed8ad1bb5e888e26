use goo_pool_typed::Pool;

fn main() {
    let pool = Pool::<u32>::new();
    std::thread::scope(|scope| {
        scope.spawn(|| drop(pool.alloc(1)));
    });
}
