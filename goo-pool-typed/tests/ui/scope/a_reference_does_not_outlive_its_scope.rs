use goo_pool_typed::Pool;

fn main() {
    let pool = Pool::new();
    let number: &mut u32;
    {
        let scope = pool.scope();
        number = scope.alloc(1);
    }
    *number += 1;
}
