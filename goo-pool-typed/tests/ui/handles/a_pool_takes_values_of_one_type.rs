use goo_pool_typed::Pool;

fn main() {
    let pool = Pool::new();
    let _number = pool.alloc(1_u32);
    let _text = pool.alloc("text");
}
