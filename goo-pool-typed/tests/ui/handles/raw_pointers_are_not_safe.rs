use goo_pool_typed::{Pool, PoolBox};

fn main() {
    let pool = Pool::<u32>::new();
    let raw = PoolBox::into_raw(pool.alloc(1));
    drop(PoolBox::from_raw(raw));
    drop(pool.alloc_uninit().assume_init());
}
