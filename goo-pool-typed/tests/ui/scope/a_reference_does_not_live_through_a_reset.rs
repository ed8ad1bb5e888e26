use goo_pool_typed::Pool;

fn main() {
    let pool = Pool::new();
    let mut scope = pool.scope();
    let number = scope.alloc(1);
    scope.reset();
    *number += 1;
}
