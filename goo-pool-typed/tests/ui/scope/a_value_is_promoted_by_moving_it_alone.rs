use goo_pool_typed::{Pool, PoolBox};

fn main() {
    let pool = Pool::new();
    let scope = pool.scope();
    let value: &mut String = scope.alloc(String::from("borrowed"));
    let _: PoolBox<String> = pool.alloc(*value);
}
