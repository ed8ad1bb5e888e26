//! The constructors without a pool: their names, their arguments, and what they may do on the way.

use goo_pool_typed::{DefaultPool, Pool, PoolBox, Pooled, SyncPool, SyncPoolBox};

#[test]
fn a_struct_has_new_and_try_new() {
    #[derive(Pooled)]
    #[pooled(thread_local)]
    struct Node {
        value: u32,
        #[pooled(into)]
        name: String,
        #[pooled(default)]
        marks: [u8; 100],
        next: Option<PoolBox<Node>>,
    }

    let last: PoolBox<Node> = Node::new(1, "last", None);
    let first = Node::try_new(2, String::from("first"), Some(last)).unwrap();
    let own = Node::new_in(&Pool::new(), 3, "in a pool of its own", None);
    assert_eq!((first.value, &*first.name, first.marks), (2, "first", [0; 100]));
    assert_eq!(first.next.as_ref().map(|node| node.value), Some(1));
    assert_eq!((own.value, Node::default_pool().len()), (3, 2));
}

#[test]
fn an_enum_has_a_pair_for_each_variant() {
    #[derive(Pooled)]
    #[pooled(global)]
    enum Tree {
        Leaf(i64),
        BinaryNode {
            left: SyncPoolBox<Tree>,
            right: SyncPoolBox<Tree>,
        },
        #[pooled(skip)]
        Empty,
        #[pooled(rename = "nothing_in")]
        Nothing,
    }

    fn sum(tree: &Tree) -> i64 {
        match tree {
            Tree::Leaf(value) => *value,
            Tree::BinaryNode { left, right } => sum(left) + sum(right),
            Tree::Empty | Tree::Nothing => 0,
        }
    }

    let pair = Tree::new_binary_node(Tree::new_leaf(1), Tree::try_new_leaf(2).unwrap());
    let tree: SyncPoolBox<Tree> = Tree::new_binary_node(pair, Tree::nothing());
    assert_eq!((sum(&tree), Tree::default_pool().len()), (3, 5));
    let more = Tree::try_new_binary_node(tree, Tree::try_nothing().unwrap()).unwrap();
    std::thread::spawn(move || drop(more)).join().unwrap();
    assert_eq!((sum(&Tree::Empty), Tree::default_pool().len()), (0, 0));
    drop(Tree::new_leaf_in(&SyncPool::new(), 1));
}

mod renamed {
    use super::*;

    /// Has a `new` of its own, as the types of an existing program do.
    #[derive(Pooled)]
    #[pooled(thread_local, vis = "pub(super)", rename = "pooled_in")]
    pub(super) struct Square {
        pub(super) side: f64,
    }

    impl Square {
        pub(super) fn new(side: f64) -> Self {
            Self { side }
        }
    }

    /// Without the suffix it is a keyword.
    #[derive(Pooled)]
    #[pooled(thread_local, rename = "move_in")]
    pub(super) struct Tenant;
}

#[test]
fn a_renamed_constructor_loses_the_same_suffix() {
    let squares = [
        renamed::Square::pooled(2.0),
        renamed::Square::try_pooled(3.0).unwrap(),
        PoolBox::new(renamed::Square::new(4.0)),
        renamed::Square::pooled_in(&renamed::Square::default_pool(), 5.0),
    ];
    assert_eq!(squares.iter().map(|square| square.side).sum::<f64>(), 14.0);
    assert_eq!(renamed::Square::default_pool().len(), 4);
    drop((renamed::Tenant::r#move(), renamed::Tenant::try_move().unwrap()));
    assert!(renamed::Tenant::default_pool().is_empty());
}

#[test]
fn a_field_may_be_built_by_the_same_constructor() {
    #[derive(Pooled)]
    #[pooled(thread_local)]
    struct Chain {
        #[pooled(default = (depth > 0).then(|| Chain::new(depth - 1)))]
        next: Option<PoolBox<Chain>>,
        depth: u32,
    }

    let chain = Chain::new(99);
    assert_eq!(Chain::default_pool().len(), 100);
    let depths = std::iter::successors(Some(&*chain), |chain| chain.next.as_deref()).map(|chain| chain.depth);
    assert!(depths.eq((0..100).rev()));
    drop(chain);
    assert!(Chain::default_pool().is_empty());
}

#[test]
fn a_default_may_allocate_from_the_pool_it_goes_to() {
    #[derive(Pooled)]
    #[pooled(global)]
    struct Pair {
        #[pooled(default)]
        both: Both,
    }

    struct Both(Option<SyncPoolBox<Pair>>);

    impl Default for Both {
        fn default() -> Self {
            Both(Some(SyncPoolBox::new(Pair { both: Both(None) })))
        }
    }

    impl Default for Pair {
        fn default() -> Self {
            Pair { both: Both(Some(Pair::new())) }
        }
    }

    let pairs: [SyncPoolBox<Pair>; 2] = [Pair::new(), SyncPoolBox::default()];
    assert!(pairs.iter().all(|pair| pair.both.0.is_some()));
    assert_eq!(Pair::default_pool().len(), 5);
    drop(pairs);
    assert!(Pair::default_pool().is_empty());
}

#[test]
fn types_inside_functions_have_pools_of_their_own() {
    fn one() -> usize {
        #[derive(Pooled)]
        #[pooled(thread_local)]
        struct Node;

        let _nodes = [Node::new(), Node::new()];
        Node::default_pool().len()
    }

    fn other() -> usize {
        #[derive(Pooled)]
        #[pooled(thread_local)]
        struct Node;

        let _node = Node::new();
        Node::default_pool().len()
    }

    assert_eq!((one(), other()), (2, 1));
}
