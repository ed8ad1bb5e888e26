use goo_pool_typed::Pool;

fn main() {
    let most = 100;
    let _ = Pool::<Vec<u8>>::new().recycler(|buffer| buffer.truncate(most));
}
