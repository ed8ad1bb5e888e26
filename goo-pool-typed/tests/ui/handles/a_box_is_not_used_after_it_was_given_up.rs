use goo_pool_typed::{Pool, PoolBox};

fn main() {
    let pool = Pool::new();

    let boxed = pool.alloc(1);
    let value = PoolBox::into_inner(boxed);
    println!("{value} {boxed}");

    let boxed = pool.alloc(2);
    let raw = PoolBox::into_raw(boxed);
    println!("{raw:p} {boxed}");

    let boxed = pool.alloc(3);
    let pinned = PoolBox::into_pin(boxed);
    println!("{pinned} {boxed}");

    let boxed = pool.alloc(4);
    let leaked = PoolBox::leak(boxed);
    println!("{leaked} {boxed}");

    let slot = pool.alloc_uninit();
    let boxed = PoolBox::write(slot, 5);
    println!("{boxed} {}", slot.as_ptr().is_null());
}
