//! `#[pooled(link)]`: nodes that are dropped, cloned and walked in a loop.
#![cfg(feature = "derive")]

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::mem::take;
use std::sync::{Mutex, OnceLock, RwLock};
use std::thread;

use goo_pool_typed::Pooled;
use goo_pool_typed::generic::{self, Kind};
use goo_pool_typed::links::{CloneLinks, Linked, Links, WalkLinks};

use crate::common::{Entry, Ledger, panic_of, scaled};
use crate::kind::{Pool, PoolBox};

/// As many nodes as no stack would take. Builds without optimisation, which take a second for 100,000, get a tenth.
const LIST: usize = scaled(10_000_000, 30_000) / SLOWER;
const TREE: usize = scaled(1_000_000, 15_000) / SLOWER;
const SLOWER: usize = if cfg!(debug_assertions) { 10 } else { 1 };

/// A list, by far.
#[derive(Pooled)]
#[pooled(clone, walk)]
struct Node {
    value: usize,
    #[pooled(link)]
    next: Option<PoolBox<Node>>,
}

/// A binary tree.
#[derive(Pooled)]
#[pooled(clone, walk)]
struct Branch {
    value: usize,
    #[pooled(link)]
    left: Option<PoolBox<Branch>>,
    #[pooled(link)]
    right: Option<PoolBox<Branch>>,
}

/// A tree of any shape.
#[derive(Pooled)]
#[pooled(clone, walk)]
struct Twig {
    value: usize,
    #[pooled(link)]
    twigs: Vec<PoolBox<Twig>>,
}

/// Runs `work` where recursion would not go far.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(64 * 1024).spawn(work).unwrap().join().unwrap();
}

fn list(pool: &Pool<Node>, count: usize) -> PoolBox<Node> {
    let mut list = Node::new_in(pool, count - 1, None);
    for value in (0..count - 1).rev() {
        list = Node::new_in(pool, value, Some(list));
    }
    list
}

/// A tree in which each node has one child, on the side that `is_left` says, but a leaf on the other where `has_leaf` does.
fn degenerate(
    pool: &Pool<Branch>,
    count: usize,
    is_left: fn(usize) -> bool,
    has_leaf: fn(usize) -> bool,
) -> PoolBox<Branch> {
    let mut tree = Branch::new_in(pool, 0, None, None);
    for value in 1..count {
        let leaf = has_leaf(value).then(|| Branch::new_in(pool, 0, None, None));
        tree = match is_left(value) {
            true => Branch::new_in(pool, value, Some(tree), leaf),
            false => Branch::new_in(pool, value, leaf, Some(tree)),
        };
    }
    tree
}

#[test]
fn a_list_of_ten_million_nodes_is_dropped_cloned_and_walked_on_a_small_stack() {
    on_a_small_stack(|| {
        let pool = Pool::new();
        let list = list(&pool, LIST);
        let clone = list.clone();
        assert_eq!(pool.len(), 2 * LIST);
        drop(list);
        assert_eq!(pool.len(), LIST);
        assert!(clone.links().map(|node| node.value).eq(0..LIST));
        drop(clone);
        assert!(pool.is_empty());
    });
}

#[test]
fn a_degenerate_tree_of_a_million_nodes_is_dropped_cloned_and_walked_on_a_small_stack() {
    on_a_small_stack(|| {
        let sides: [fn(usize) -> bool; 3] = [|_| true, |_| false, |value| value % 2 == 0];
        let leaves: [fn(usize) -> bool; 2] = [|_| false, |_| true];
        for is_left in sides {
            for has_leaf in leaves {
                let pool = Pool::new();
                let tree = degenerate(&pool, TREE, is_left, has_leaf);
                let count = pool.len();
                assert!(count == TREE || count == 2 * TREE - 1);
                let clone = tree.clone();
                assert!(clone.links().map(|node| node.value).eq(tree.links().map(|node| node.value)));
                assert_eq!((clone.links().count(), pool.len()), (count, 2 * count));
                drop(tree);
                assert_eq!(pool.len(), count);
                drop(clone);
                assert!(pool.is_empty());
            }
        }
    });
}

#[test]
fn nodes_in_vectors_are_dropped_cloned_and_walked_on_a_small_stack() {
    on_a_small_stack(|| {
        let pool = Pool::new();
        let leaf = |value| Twig::new_in(&pool, value, Vec::new());
        let mut tree = leaf(0);
        for value in 1..TREE {
            let twigs = match value % 3 {
                0 => vec![tree],
                1 => vec![tree, leaf(0)],
                _ => vec![leaf(0), tree, leaf(0)],
            };
            tree = Twig::new_in(&pool, value, twigs);
        }
        let broad = Twig::new_in(&pool, 0, (0..TREE).map(leaf).collect());
        let count = pool.len();
        let clones = (tree.clone(), broad.clone());
        assert_eq!(pool.len(), 2 * count);
        assert!(clones.0.links().map(|node| node.value).eq(tree.links().map(|node| node.value)));
        assert!(clones.1.links().map(|node| node.value).eq(std::iter::once(0).chain(0..TREE)));
        drop((tree, broad));
        assert_eq!(pool.len(), count);
        drop(clones);
        assert!(pool.is_empty());
    });
}

#[test]
fn a_list_is_dropped_on_a_small_stack_whatever_way_its_first_node_goes() {
    let ways: [fn(PoolBox<Node>); 8] = [
        drop,
        |list| drop(PoolBox::into_inner(list)),
        |list| drop(vec![PoolBox::into_inner(list)]),
        |mut list| *list = Node { value: 0, next: None },
        |mut list| list.next = None,
        |list| drop(PoolBox::into_pin(list)),
        |list| drop(Box::new(list) as Box<dyn std::any::Any>),
        |list| {
            panic_of(move || {
                let _list = list;
                panic!("on the way");
            });
        },
    ];
    on_a_small_stack(move || {
        let pool = Pool::new();
        for way in ways {
            way(list(&pool, scaled(100_000, 500)));
            assert!(pool.is_empty());
        }
    });
}

/// A node that tells when it is dropped and cloned.
#[derive(Pooled)]
#[pooled(clone, walk)]
struct Told {
    entry: Entry,
    #[pooled(link)]
    first: Option<PoolBox<Told>>,
    #[pooled(link)]
    others: Vec<PoolBox<Told>>,
    second: Entry,
}

/// A tree of told nodes as nested brackets: `first` in `(...)`, `others` in `[...]`.
struct Telling<'p> {
    pool: &'p Pool<Told>,
    ledger: Ledger,
}

impl Telling<'_> {
    /// A node: its two entries get the next two numbers, before those of the nodes behind it.
    fn node(
        &self,
        first: impl FnOnce() -> Option<PoolBox<Told>>,
        others: impl FnOnce() -> Vec<PoolBox<Told>>,
    ) -> PoolBox<Told> {
        let (entry, second) = (self.ledger.entry(), self.ledger.entry());
        Told::new_in(self.pool, entry, first(), others(), second)
    }

    fn leaf(&self) -> PoolBox<Told> {
        self.node(|| None, Vec::new)
    }

    /// Entries 0, 1 in the root; the numbers grow in the order of the walk.
    fn tree(&self) -> PoolBox<Told> {
        self.node(
            || Some(self.node(|| Some(self.leaf()), || vec![self.leaf(), self.leaf()])),
            || vec![self.node(|| Some(self.leaf()), Vec::new), self.leaf(), self.node(|| None, || vec![self.leaf()])],
        )
    }
}

/// Nodes of such a tree.
const TOLD: usize = 10;

#[test]
fn a_walk_visits_a_node_then_what_is_behind_each_link() {
    let pool = Pool::new();
    let telling = Telling { pool: &pool, ledger: Ledger::default() };
    let tree = telling.tree();
    assert_eq!(pool.len(), TOLD);
    let mut walk = tree.links();
    assert_eq!(walk.size_hint(), (1, None));
    assert_eq!(walk.next().map(|node| node.entry.number), Some(0));
    assert_eq!(walk.size_hint(), (4, None));
    let rest = walk.clone();
    assert!(walk.by_ref().map(|node| node.entry.number).eq((1..TOLD).map(|node| 2 * node)));
    assert_eq!(walk.size_hint(), (0, Some(0)));
    assert!(walk.next().is_none() && walk.next().is_none());
    assert_eq!(rest.count(), TOLD - 1);
    assert_eq!(tree.others[0].links().map(|node| node.entry.number).collect::<Vec<_>>(), [10, 12]);
}

#[test]
fn nodes_are_dropped_as_they_are_walked_and_the_first_at_the_end() {
    let pool = Pool::new();
    let telling = Telling { pool: &pool, ledger: Ledger::default() };
    drop(telling.tree());
    let order: Vec<_> = (2..2 * TOLD).chain([0, 1]).collect();
    assert_eq!(telling.ledger.dropped(), order);
    assert!(pool.is_empty());
}

#[test]
fn what_hangs_on_a_link_is_dropped_when_the_link_is() {
    let pool = Pool::new();
    let telling = Telling { pool: &pool, ledger: Ledger::default() };
    let mut tree = telling.tree();
    drop(tree.first.take());
    assert_eq!(telling.ledger.dropped(), [4, 5, 6, 7, 8, 9, 2, 3]);
    drop(tree.others.remove(1));
    assert_eq!(telling.ledger.dropped()[8..], [14, 15]);
    drop(tree);
    telling.ledger.assert_settled();
}

#[test]
fn nodes_are_cloned_with_their_siblings_and_then_what_is_behind_them() {
    let pool = Pool::new();
    let telling = Telling { pool: &pool, ledger: Ledger::default() };
    let tree = telling.tree();
    let clone = tree.clone();
    // The numbers of the clones are the order in which they were made.
    let numbers: Vec<_> = clone.links().map(|node| node.entry.number - 2 * TOLD).collect();
    // The root; its links; then those of the first of them; then those of the second, and so on.
    let order: [usize; TOLD] = [0, 1, 5, 6, 7, 2, 8, 3, 4, 9];
    assert_eq!(numbers, order.map(|node| 2 * node));
    assert!(clone.links().all(|node| node.second.number == node.entry.number + 1));
    drop((tree, clone));
    telling.ledger.assert_settled();
    assert!(pool.is_empty());
}

#[test]
fn a_destructor_that_panics_leaves_no_node_behind() {
    for number in 0..2 * TOLD {
        let pool = Pool::new();
        let telling = Telling { pool: &pool, ledger: Ledger::default() };
        let tree = telling.tree();
        telling.ledger.panic_in_drop_of(number);
        let message = panic_of(|| drop(tree));
        assert!(message.contains("the destructor panics"), "{message}");
        telling.ledger.assert_settled();
        assert!(pool.is_empty(), "{number}");
    }
}

#[test]
fn a_destructor_that_panics_in_a_long_list_does_not_overflow_the_stack() {
    #[derive(Pooled)]
    struct Panics {
        _bomb: Option<Bomb>,
        #[pooled(link)]
        next: Option<PoolBox<Panics>>,
    }

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("the destructor panics");
        }
    }

    on_a_small_stack(|| {
        for bomb in [0, 1, 70_000] {
            let pool = Pool::new();
            let mut list = None;
            for number in (0..scaled(100_000, 500)).rev() {
                list = Some(Panics::new_in(&pool, (number == bomb).then(|| Bomb), list));
            }
            let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(list)));
            assert_eq!(dropped.is_err(), bomb < scaled(100_000, 500));
            assert!(pool.is_empty());
        }
    });
}

#[test]
fn a_clone_that_panics_leaves_nothing_behind() {
    for clones in 0..2 * TOLD {
        let pool = Pool::new();
        let telling = Telling { pool: &pool, ledger: Ledger::default() };
        let tree = telling.tree();
        telling.ledger.panic_after_clones(clones);
        let message = panic_of(|| drop(tree.clone()));
        assert!(message.contains("the clone panics"), "{message}");
        assert_eq!((pool.len(), telling.ledger.live()), (TOLD, 2 * TOLD), "{clones}");
        drop(tree);
        telling.ledger.assert_settled();
    }
}

#[test]
fn a_clone_that_finds_the_pool_full_leaves_nothing_behind() {
    for room in 0..TOLD - 1 {
        let pool = Pool::builder().max_chunks(TOLD + 1 + room).build().unwrap();
        let telling = Telling { pool: &pool, ledger: Ledger::default() };
        let tree = telling.tree();
        panic_of(|| drop(tree.clone()));
        assert_eq!((pool.len(), telling.ledger.live()), (TOLD, 2 * TOLD), "{room}");
    }
}

#[test]
fn a_node_outside_of_the_pool_is_cloned_there() {
    let pool = Pool::new();
    let node = PoolBox::into_inner(list(&pool, 5));
    let clone = Node::clone(&node);
    assert!(clone.links().map(|node| node.value).eq(0..5));
    assert_eq!(pool.len(), 8);
}

#[test]
fn clones_of_a_closed_pools_nodes_share_a_pool() {
    let pool = Pool::new();
    let list = list(&pool, scaled(1000, 100));
    drop(pool);
    let clone = list.clone();
    let pool = PoolBox::pool(&clone);
    assert!(clone.links().skip(1).all(|node| PoolBox::pool(node.next.as_ref().unwrap_or(&clone)).ptr_eq(&pool)));
    drop((list, clone));
    assert!(pool.is_empty());
}

#[test]
fn destructors_may_use_the_pool_and_drop_nodes_of_the_same_type() {
    #[derive(Pooled)]
    struct Busy {
        _work: Work,
        #[pooled(link)]
        next: Option<PoolBox<Busy>>,
        #[pooled(link)]
        other: Option<PoolBox<Busy>>,
    }

    struct Work(Pool<Busy>, usize);

    impl Drop for Work {
        fn drop(&mut self) {
            // Another structure of such nodes, made and dropped in the middle; they have less to do.
            if let Some(less) = self.1.checked_sub(1) {
                drop(busy(&self.0, 3, less));
            }
        }
    }

    fn busy(pool: &Pool<Busy>, count: usize, work: usize) -> Option<PoolBox<Busy>> {
        (0..count).fold(None, |next, _| {
            let other = Busy::new_in(pool, Work(pool.clone(), work), None, None);
            Some(Busy::new_in(pool, Work(pool.clone(), work), next, Some(other)))
        })
    }

    let pool = Pool::new();
    drop(busy(&pool, scaled(200, 10), 2));
    assert!(pool.is_empty());
}

/// A list for any type of values.
#[derive(Pooled)]
#[pooled(clone, walk)]
struct List<T, const N: usize = 1>
where
    T: PartialEq,
{
    values: [T; N],
    #[pooled(link, default)]
    next: Option<PoolBox<List<T, N>>>,
}

/// A node that borrows, of any kind of box.
#[derive(Pooled)]
#[pooled(clone, walk)]
struct Word<'t, H: Kind> {
    text: &'t str,
    #[pooled(link, into)]
    longer: Option<generic::PoolBox<Word<'t, H>, H>>,
}

/// Links in some variants.
#[derive(Pooled)]
#[pooled(clone, walk)]
enum Expression {
    Number(u32),
    Negative(#[pooled(link)] Option<PoolBox<Self>>),
    Sum {
        #[pooled(link)]
        left: Option<PoolBox<Expression>>,
        name: String,
        #[pooled(link)]
        rest: Vec<PoolBox<Expression>>,
    },
    #[pooled(skip)]
    Nothing,
}

#[test]
fn types_with_parameters_have_links() {
    let pool = Pool::new();
    let mut list = List::new_in(&pool, [String::from("a"), String::from("b")]);
    list.next = Some(List::new_in(&pool, [String::from("c"), String::from("d")]));
    assert_eq!(list.clone().links().flat_map(|node| &node.values).map(|s| &**s).collect::<String>(), "abcd");

    let text = String::from("a bc def");
    let pool = Pool::new();
    let mut words = None;
    for text in text.split(' ').rev() {
        words = Some(Word::new_in(&pool, text, words));
    }
    assert!(words.clone().unwrap().links().map(|word| word.text).eq(["a", "bc", "def"]));
    drop(words);
    assert!(pool.is_empty());
}

#[test]
fn variants_have_links() {
    on_a_small_stack(|| {
        let pool = Pool::new();
        let mut expression = Expression::new_number_in(&pool, 1);
        for depth in 0..scaled(100_000, 500) {
            expression = match depth % 3 {
                0 => Expression::new_negative_in(&pool, Some(expression)),
                1 => Expression::new_sum_in(
                    &pool,
                    None,
                    String::from("+"),
                    vec![pool.alloc(Expression::Nothing), expression],
                ),
                _ => {
                    let two = Expression::new_number_in(&pool, 2);
                    Expression::new_sum_in(&pool, Some(expression), String::from("+"), vec![two])
                }
            };
        }
        let value = |expression: &Expression| match expression {
            Expression::Number(number) => *number as usize,
            Expression::Sum { name, .. } => name.len(),
            Expression::Negative(_) | Expression::Nothing => 0,
        };
        let clone = expression.clone();
        assert_eq!(clone.links().count() * 2, pool.len());
        assert_eq!(clone.links().map(value).sum::<usize>(), expression.links().map(value).sum());
        drop((expression, clone));
        assert!(pool.is_empty());
    });
}

/// Links in all that may hold them and can be cloned.
#[derive(Pooled)]
#[pooled(clone, walk)]
struct Everything {
    #[pooled(link, default)]
    option: Option<PoolBox<Everything>>,
    #[pooled(link, default)]
    vec: Vec<Option<PoolBox<Everything>>>,
    #[pooled(link, default)]
    deque: VecDeque<PoolBox<Everything>>,
    #[pooled(link, default)]
    slice: Box<[Option<PoolBox<Everything>>]>,
    #[pooled(link, default)]
    map: BTreeMap<u8, PoolBox<Everything>>,
    #[pooled(link, default)]
    hash_map: HashMap<String, PoolBox<Everything>>,
    #[pooled(link, default)]
    array: [Option<PoolBox<Everything>>; 100],
    #[pooled(link, default)]
    arrays: [[Option<PoolBox<Everything>>; 2]; 2],
    #[pooled(link, default)]
    boxed: Box<[Vec<PoolBox<Everything>>; 2]>,
    #[cfg(feature = "smallvec")]
    #[pooled(link, default)]
    small: smallvec::SmallVec<[PoolBox<Everything>; 2]>,
    number: usize,
}

/// Links in all that may hold them, but gives them out only when the node is not shared.
#[derive(Pooled)]
struct Shut {
    #[pooled(link, default)]
    cell: Cell<Option<PoolBox<Shut>>>,
    #[pooled(link, default)]
    ref_cell: RefCell<Vec<PoolBox<Shut>>>,
    #[pooled(link, default)]
    mutex: Mutex<Option<PoolBox<Shut>>>,
    #[pooled(link, default)]
    lock: RwLock<Vec<Option<PoolBox<Shut>>>>,
}

/// Links that are set once.
#[derive(Pooled)]
#[pooled(walk)]
struct Once {
    #[pooled(link, default)]
    cell: OnceCell<PoolBox<Once>>,
    #[pooled(link, default)]
    lock: OnceLock<Option<PoolBox<Once>>>,
    number: usize,
}

/// Puts a node into a field of another.
type Put<T> = fn(&mut T, PoolBox<T>);

#[test]
fn every_collection_of_links_is_dropped_cloned_and_walked() {
    let puts: &[Put<Everything>] = &[
        |node, link| node.option = Some(link),
        |node, link| node.vec = vec![None, Some(link)],
        |node, link| node.deque.push_front(link),
        |node, link| node.slice = Box::new([None, Some(link), None]),
        |node, link| drop(node.map.insert(1, link)),
        |node, link| drop(node.hash_map.insert(String::from("one"), link)),
        |node, link| node.array[99] = Some(link),
        |node, link| node.arrays[1][0] = Some(link),
        |node, link| node.boxed[1].push(link),
        #[cfg(feature = "smallvec")]
        |node, link| node.small.push(link),
    ];
    let puts = puts.to_vec();
    on_a_small_stack(move || {
        let pool = Pool::new();
        // All of one sort in a row, and all sorts by turns.
        let count = scaled(5_000, 50);
        for round in 0..=puts.len() {
            let mut node = Everything::new_in(&pool, count);
            for number in (0..count).rev() {
                let mut owner = Everything::new_in(&pool, number);
                puts.get(round).unwrap_or(&puts[number % puts.len()])(&mut owner, node);
                node = owner;
            }
            let clone = node.clone();
            assert_eq!(pool.len(), 2 * (count + 1));
            drop(node);
            assert!(clone.links().map(|node| node.number).eq(0..=count), "{round}");
            drop(clone);
            assert!(pool.is_empty());
        }
    });
}

#[test]
fn the_links_of_every_collection_come_in_the_order_of_the_fields() {
    let pool = Pool::new();
    let mut numbers = 1..;
    let mut next = || Everything::new_in(&pool, numbers.next().unwrap());
    let mut node = Everything::new_in(&pool, 0);
    node.option = Some(next());
    node.vec = vec![Some(next()), None, Some(next())];
    node.deque = VecDeque::from([next(), next()]);
    node.slice = Box::new([Some(next()), None, Some(next())]);
    node.map = BTreeMap::from([(1, next()), (2, next())]);
    node.hash_map = HashMap::from([(String::from("one"), next())]);
    (node.array[0], node.array[99]) = (Some(next()), Some(next()));
    (node.arrays[0][1], node.arrays[1][0]) = (Some(next()), Some(next()));
    *node.boxed = [vec![next(), next()], vec![next()]];
    #[cfg(feature = "smallvec")]
    node.small.extend((0..3).map(|_| next()));
    let count = pool.len();
    assert!(node.links().map(|node| node.number).eq(0..count));
    let clone = node.clone();
    drop(node);
    assert_eq!(pool.len(), count);
    assert!(clone.links().map(|node| node.number).eq(0..count));
}

#[test]
fn links_in_cells_are_dropped_on_a_small_stack() {
    let puts: [Put<Shut>; 4] = [
        |node, link| node.cell = Cell::new(Some(link)),
        |node, link| node.ref_cell.get_mut().push(link),
        |node, link| *node.mutex.get_mut().unwrap() = Some(link),
        |node, link| node.lock.get_mut().unwrap().extend([None, Some(link)]),
    ];
    on_a_small_stack(move || {
        let pool = Pool::new();
        let mut node = Shut::new_in(&pool);
        for number in 0..scaled(50_000, 200) {
            let mut owner = Shut::new_in(&pool);
            puts[number % 4](&mut owner, node);
            node = owner;
        }
        let poisoned = panic_of(|| {
            let _guard = node.mutex.lock();
            panic!("in a lock");
        });
        assert_eq!(poisoned, "in a lock");
        drop(node);
        assert!(pool.is_empty());
    });
}

#[test]
fn links_that_are_set_once_are_dropped_and_walked_on_a_small_stack() {
    on_a_small_stack(move || {
        let pool = Pool::new();
        let count = scaled(50_000, 200);
        let mut node = Once::new_in(&pool, count);
        for number in (0..count).rev() {
            let owner = Once::new_in(&pool, number);
            match number % 2 {
                0 => drop(owner.cell.set(node)),
                _ => drop(owner.lock.set(Some(node))),
            }
            node = owner;
        }
        assert!(node.links().map(|node| node.number).eq(0..=count));
        drop(node);
        assert!(pool.is_empty());
    });
}

/// A collection of a user, whose methods do what they should not.
#[derive(Default)]
struct Careless {
    links: Vec<PoolBox<Owner>>,
    /// The first time.
    take_panics: bool,
}

impl Links for Careless {
    type Link = PoolBox<Owner>;

    /// Takes all but the first.
    fn take_links(&mut self) -> impl Iterator<Item = PoolBox<Owner>> {
        assert!(!take(&mut self.take_panics), "the collection panics");
        self.links.drain(1.min(self.links.len())..)
    }

    /// Does not count the first.
    fn has_links(&mut self) -> bool {
        self.links.len() > 1
    }
}

impl WalkLinks for Careless {
    fn links(&self) -> impl Iterator<Item = &PoolBox<Owner>> {
        self.links.iter().rev()
    }
}

impl CloneLinks for Careless {
    fn none() -> Self {
        Self::default()
    }

    /// Forgets one.
    fn clone_with(&self, clone: impl FnMut(&PoolBox<Owner>) -> PoolBox<Owner>) -> Self {
        Self { links: self.links.iter().skip(1).map(clone).collect(), take_panics: false }
    }

    fn links_mut(&mut self) -> impl Iterator<Item = &mut PoolBox<Owner>> {
        self.links.iter_mut()
    }
}

#[derive(Pooled)]
#[pooled(clone)]
struct Owner {
    entry: Entry,
    #[pooled(link)]
    owned: Careless,
}

#[test]
fn a_careless_collection_loses_no_node() {
    for take_panics in [false, true] {
        let pool = Pool::new();
        let ledger = Ledger::default();
        let leaf = || Owner::new_in(&pool, ledger.entry(), Careless::default());
        let node = |owned| Owner::new_in(&pool, ledger.entry(), owned);
        let inner = node(Careless { links: vec![leaf(), leaf(), leaf()], take_panics });
        let root = node(Careless { links: vec![leaf(), inner, leaf()], take_panics: false });
        let clone = root.clone();
        assert_eq!((root.owned.links().count(), clone.owned.links().count()), (3, 2));
        drop(clone);
        match take_panics {
            false => drop(root),
            true => assert_eq!(panic_of(|| drop(root)), "the collection panics"),
        }
        ledger.assert_settled();
        assert!(pool.is_empty());
    }
}

#[test]
fn generic_code_asks_for_linked_types() {
    fn last<T: Linked<Link = PoolBox<T>>>(mut links: Vec<PoolBox<T>>) -> Option<PoolBox<T>> {
        links.pop()
    }

    let pool = Pool::new();
    assert_eq!(last(vec![list(&pool, 1), list(&pool, 3)]).map(|node| node.links().count()), Some(3));
}
