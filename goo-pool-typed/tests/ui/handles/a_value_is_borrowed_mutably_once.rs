use goo_pool_typed::Pool;

fn main() {
    let mut boxed = Pool::new().alloc(vec![1, 2]);
    let first = &mut boxed[0];
    let second = &mut boxed[1];
    std::mem::swap(first, second);
}
