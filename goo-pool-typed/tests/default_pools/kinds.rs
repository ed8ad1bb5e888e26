//! Both kinds of default pools.
use goo_pool_typed::{DefaultPool, PoolBox, Pooled, SyncPoolBox};

#[derive(Pooled, Default)]
#[pooled(thread_local)]
struct Node {
    value: u32,
    next: Option<PoolBox<Node>>,
}

#[derive(Pooled)]
#[pooled(global)]
enum Tree {
    Leaf(u32),
    BinaryNode { left: SyncPoolBox<Tree>, right: SyncPoolBox<Tree> },
}

#[test]
fn first() {
    let l = Node::new(1, Some(PoolBox::new(Node { value: 2, next: None })));
    assert_eq!(Node::default_pool().len(), 2);
    assert_eq!(l.next.as_ref().unwrap().value, 2);
    let d = PoolBox::<Node>::default();
    let _: PoolBox<Node> = Node::default().into();
    drop(l);
    let t = Tree::new_binary_node(Tree::new_leaf(1), Tree::try_new_leaf(2).unwrap());
    std::thread::spawn(move || drop(t)).join().unwrap();
    assert_eq!(d.value, 0);
}
