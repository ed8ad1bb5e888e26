use goo_pool_typed::{Pool, PoolBox, unsize};

fn main() {
    let _: PoolBox<u8> = unsize!(Pool::new().alloc(1_u32), u8);
    let _: PoolBox<[u16]> = unsize!(Pool::new().alloc([1_u8, 2]), [u16]);
    let _: PoolBox<[u8; 3]> = unsize!(Pool::new().alloc([1_u8, 2]), [u8; 3]);
    let _: PoolBox<[u8]> = unsize!(Pool::new().alloc(1_u8), [u8]);
}
