use goo_pool_typed::Pool;
use std::cell::RefCell;

/// What is behind the `dyn` may have a destructor that looks.
struct Node<'s> {
    actions: RefCell<Vec<Box<dyn Fn() -> usize + 's>>>,
}

fn main() {
    let pool = Pool::new();
    let scope = pool.scope();
    let node = &*scope.alloc(Node { actions: RefCell::new(Vec::new()) });
    node.actions.borrow_mut().push(Box::new(move || node.actions.borrow().len()));
}
