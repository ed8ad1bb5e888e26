use goo_pool_typed::Pool;

fn main() {
    let guard;
    {
        let buffers = Pool::<Vec<u8>>::new().recycler(Vec::clear);
        guard = buffers.take();
    }
    drop(guard);
}
