use goo_pool_typed::{Parent, SyncPool};
use std::alloc::Layout;
use std::cell::Cell;
use std::ptr::NonNull;

struct OneThread(Cell<usize>);

unsafe impl Parent for OneThread {
    fn allocate(&self, _: Layout) -> Option<NonNull<u8>> {
        self.0.set(self.0.get() + 1);
        None
    }

    unsafe fn deallocate(&self, _: NonNull<u8>, _: Layout) {}
}

fn main() {
    let _ = SyncPool::<u32>::builder().parent(OneThread(Cell::new(0))).build();
}
