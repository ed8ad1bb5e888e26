//! A box from a thread's pool does not leave the thread.
use std::thread;

use goo_pool_typed::Pooled;

#[derive(Pooled)]
#[pooled(thread_local)]
struct Node(u32);

fn main() {
    let node = Node::new(1);
    thread::spawn(move || node.0);
}
