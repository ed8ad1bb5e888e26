use goo_pool_typed::Pool;
use std::marker::PhantomPinned;
use std::pin::Pin;

fn main() {
    let pool = Pool::new();
    let mut scope = pool.scope();
    let _ = Pin::new(scope.alloc(PhantomPinned));
    let _: Pin<&mut PhantomPinned> = scope.alloc(PhantomPinned).into();
    for value in scope.iter_mut() {
        let _ = Pin::new(value);
    }
}
