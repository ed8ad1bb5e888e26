use goo_pool_typed::Pool;
use std::cell::Cell;

struct Node<'s> {
    name: String,
    next: Cell<Option<&'s Node<'s>>>,
}

impl Drop for Node<'_> {
    fn drop(&mut self) {
        println!("{} goes before {:?}", self.name, self.next.get().map(|next| &next.name));
    }
}

fn main() {
    let pool = Pool::new();
    let scope = pool.scope();
    let one = scope.alloc(Node { name: "one".into(), next: Cell::new(None) });
    let two = scope.alloc(Node { name: "two".into(), next: Cell::new(Some(one)) });
    one.next.set(Some(two));
}
