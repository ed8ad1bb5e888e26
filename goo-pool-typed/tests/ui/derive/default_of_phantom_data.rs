use std::marker::PhantomData;

use goo_pool_typed::Pooled;

#[derive(Pooled)]
struct Node<T> {
    #[pooled(default)]
    marker: PhantomData<T>,
}

fn main() {}
