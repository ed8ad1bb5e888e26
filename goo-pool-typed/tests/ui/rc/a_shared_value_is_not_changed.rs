use goo_pool_typed::RcPool;

fn main() {
    let mut numbers = RcPool::new().alloc(vec![1]);
    numbers.push(2);
    *numbers = vec![];
}
