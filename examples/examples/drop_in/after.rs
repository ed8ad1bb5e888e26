//! The program with a pool. What is new stands here: another `Box`, the pool of the nodes, and a call in place of `*boxed`.

pub(crate) use goo_pool_typed::PoolBox as Box;

#[path = "counts.rs"]
pub(crate) mod counts;

goo_pool_typed::default_pool!(thread_local, counts::Node);

fn unbox<T>(boxed: Box<T>) -> T {
    Box::into_inner(boxed)
}
