use goo_pool_typed::Pool;

fn main() {
    let pool = Pool::new();
    let mut scope = pool.scope();
    let number = scope.alloc(1);
    for other in scope.iter_mut() {
        std::mem::swap(number, other);
    }
}
