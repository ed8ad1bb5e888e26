//! A static has no type parameters.
use goo_pool_typed::{PoolBox, Pooled};

#[derive(Pooled)]
#[pooled(thread_local)]
struct List<T> {
    value: T,
    next: Option<PoolBox<List<T>>>,
}

fn main() {
    // Not one message more.
    let next = Some(PoolBox::new(List { value: 2, next: None }));
    let list = List::new(1, next);
    let _ = (list.value, &list.next);
}
