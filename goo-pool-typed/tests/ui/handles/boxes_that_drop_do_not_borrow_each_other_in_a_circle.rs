use std::cell::Cell;

use goo_pool_typed::Pool;

struct Node<'a>(Cell<Option<&'a Node<'a>>>);

impl Drop for Node<'_> {
    fn drop(&mut self) {
        // The other node may be gone.
        assert!(self.0.get().is_none());
    }
}

fn main() {
    let pool = Pool::new();
    let one = pool.alloc(Node(Cell::new(None)));
    let other = pool.alloc(Node(Cell::new(Some(&*one))));
    one.0.set(Some(&*other));
}
