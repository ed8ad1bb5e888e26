//! A global pool takes any value; its box goes where the value may.
use std::rc::Rc;
use std::thread;

use goo_pool_typed::Pooled;

#[derive(Pooled)]
#[pooled(global)]
struct Node(Rc<u32>);

fn main() {
    let node = Node::new(Rc::new(1));
    thread::spawn(move || *node.0);
}
