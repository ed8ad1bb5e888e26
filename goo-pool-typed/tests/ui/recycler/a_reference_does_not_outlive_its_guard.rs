use goo_pool_typed::Pool;

fn main() {
    let buffers = Pool::<Vec<u8>>::new().recycler(Vec::clear);
    let mut guard = buffers.take();
    let first = &mut guard[0];
    drop(guard);
    *first = 1;
}
