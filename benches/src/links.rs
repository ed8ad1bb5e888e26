//! Lists and trees of nodes that own each other: how they are dropped, walked and cloned. `benches/links.rs` runs it.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use goo_pool_typed::{Pool, PoolBox, Pooled};

/// One contestant: a type of nodes with one link or two, and who takes them apart.
pub trait Nodes: 'static {
    /// The name of its column.
    const NAME: &'static str;

    /// The pool, or nothing.
    type Pool: Default + 'static;

    /// Owns a node; to drop it is what is measured.
    type Link;

    /// A node; a list has no second link.
    fn node(pool: &Self::Pool, value: u64, first: Option<Self::Link>, second: Option<Self::Link>) -> Self::Link;

    /// Adds all values up.
    fn sum(link: &Self::Link) -> u64;

    /// Clones all nodes.
    fn clone(pool: &Self::Pool, link: &Self::Link) -> Self::Link;

    /// Every node has been dropped.
    fn assert_empty(pool: &Self::Pool);
}

/// What holds for all contestants in a pool, and for all on the heap.
macro_rules! in_a_pool {
    ($node:ident, $name:literal, $value:ident, $first:ident, $second:ident => $new:expr) => {
        const NAME: &'static str = $name;
        type Pool = Pool<$node>;
        type Link = PoolBox<$node>;

        #[inline(always)]
        fn node(
            pool: &Pool<$node>,
            $value: u64,
            $first: Option<Self::Link>,
            $second: Option<Self::Link>,
        ) -> Self::Link {
            pool.alloc($new)
        }

        fn assert_empty(pool: &Pool<$node>) {
            assert!(pool.is_empty());
        }
    };
}

macro_rules! on_the_heap {
    ($node:ident, $name:literal, $value:ident, $first:ident, $second:ident => $new:expr) => {
        const NAME: &'static str = $name;
        type Pool = ();
        type Link = Box<$node>;

        #[inline(always)]
        fn node((): &(), $value: u64, $first: Option<Self::Link>, $second: Option<Self::Link>) -> Self::Link {
            Box::new($new)
        }

        fn assert_empty((): &()) {}
    };
}

/// A list's node with a link that the derive takes care of.
#[derive(Debug, Pooled)]
#[pooled(clone, walk)]
pub struct DerivedList {
    value: u64,
    #[pooled(link)]
    next: Option<PoolBox<DerivedList>>,
}

impl Nodes for DerivedList {
    in_a_pool!(DerivedList, "derived", value, next, _none => DerivedList { value, next });

    #[inline(never)]
    fn sum(link: &Self::Link) -> u64 {
        link.links().map(|node| node.value).sum()
    }

    #[inline(never)]
    fn clone(_: &Self::Pool, link: &Self::Link) -> Self::Link {
        link.clone()
    }
}

/// A tree's node with links that the derive takes care of.
#[derive(Debug, Pooled)]
#[pooled(clone, walk)]
pub struct DerivedTree {
    value: u64,
    #[pooled(link)]
    left: Option<PoolBox<DerivedTree>>,
    #[pooled(link)]
    right: Option<PoolBox<DerivedTree>>,
}

impl Nodes for DerivedTree {
    in_a_pool!(DerivedTree, "derived", value, left, right => DerivedTree { value, left, right });

    #[inline(never)]
    fn sum(link: &Self::Link) -> u64 {
        link.links().map(|node| node.value).sum()
    }

    #[inline(never)]
    fn clone(_: &Self::Pool, link: &Self::Link) -> Self::Link {
        link.clone()
    }
}

/// A list as its author writes it who knows what happens otherwise.
macro_rules! list_by_hand {
    ($(#[$doc:meta])* $name:ident, $owner:ident, $contestant:ident!($text:literal)) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            value: u64,
            next: Option<$owner<$name>>,
        }

        impl Drop for $name {
            #[inline]
            fn drop(&mut self) {
                let mut next = self.next.take();
                while let Some(mut node) = next {
                    next = node.next.take();
                }
            }
        }

        impl Nodes for $name {
            $contestant!($name, $text, value, next, _none => $name { value, next });

            #[inline(never)]
            fn sum(link: &Self::Link) -> u64 {
                let (mut sum, mut rest) = (0, Some(link));
                while let Some(node) = rest {
                    sum += node.value;
                    rest = node.next.as_ref();
                }
                sum
            }

            #[inline(never)]
            fn clone(pool: &Self::Pool, link: &Self::Link) -> Self::Link {
                let mut clone = Self::node(pool, link.value, None, None);
                let (mut end, mut rest) = (&mut clone, link.next.as_ref());
                while let Some(node) = rest {
                    end = end.next.insert(Self::node(pool, node.value, None, None));
                    rest = node.next.as_ref();
                }
                clone
            }
        }
    };
}

list_by_hand!(
    /// In a pool, by hand.
    PoolList, PoolBox, in_a_pool!("PoolBox, by hand")
);
list_by_hand!(
    /// On the heap, by hand.
    BoxList, Box, on_the_heap!("Box, by hand")
);

/// A tree as its author writes it who knows what happens otherwise.
macro_rules! tree_by_hand {
    ($(#[$doc:meta])* $name:ident, $owner:ident, $contestant:ident!($text:literal)) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            value: u64,
            left: Option<$owner<$name>>,
            right: Option<$owner<$name>>,
        }

        impl Drop for $name {
            #[inline]
            fn drop(&mut self) {
                let mut stack = Vec::new();
                stack.extend(self.right.take());
                stack.extend(self.left.take());
                while let Some(mut node) = stack.pop() {
                    stack.extend(node.right.take());
                    stack.extend(node.left.take());
                }
            }
        }

        impl Nodes for $name {
            $contestant!($name, $text, value, left, right => $name { value, left, right });

            #[inline(never)]
            fn sum(link: &Self::Link) -> u64 {
                let (mut sum, mut stack) = (0, vec![link]);
                while let Some(node) = stack.pop() {
                    sum += node.value;
                    stack.extend(&node.right);
                    stack.extend(&node.left);
                }
                sum
            }

            #[inline(never)]
            fn clone(pool: &Self::Pool, link: &Self::Link) -> Self::Link {
                let mut clone = None;
                let mut stack = vec![(link, &mut clone)];
                while let Some((node, place)) = stack.pop() {
                    let clone = place.insert(Self::node(pool, node.value, None, None));
                    let $name { left, right, .. } = &mut **clone;
                    stack.extend(node.right.as_ref().map(|node| (node, right)));
                    stack.extend(node.left.as_ref().map(|node| (node, left)));
                }
                clone.expect("a node")
            }
        }
    };
}

tree_by_hand!(
    /// In a pool, by hand.
    PoolTree, PoolBox, in_a_pool!("PoolBox, by hand")
);
tree_by_hand!(
    /// On the heap, by hand.
    BoxTree, Box, on_the_heap!("Box, by hand")
);

/// A tree as the compiler drops it, for trees that are known to be shallow.
macro_rules! tree_by_recursion {
    ($(#[$doc:meta])* $name:ident, $owner:ident, $contestant:ident!($text:literal)) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            value: u64,
            left: Option<$owner<$name>>,
            right: Option<$owner<$name>>,
        }

        impl Nodes for $name {
            $contestant!($name, $text, value, left, right => $name { value, left, right });

            #[inline(never)]
            fn sum(link: &Self::Link) -> u64 {
                link.value + [&link.left, &link.right].into_iter().flatten().map(Self::sum).sum::<u64>()
            }

            #[inline(never)]
            fn clone(pool: &Self::Pool, link: &Self::Link) -> Self::Link {
                let clone = |link: &Self::Link| <Self as Nodes>::clone(pool, link);
                Self::node(pool, link.value, link.left.as_ref().map(clone), link.right.as_ref().map(clone))
            }
        }
    };
}

tree_by_recursion!(
    /// In a pool, by recursion.
    PoolRecursion, PoolBox, in_a_pool!("PoolBox, recursion")
);
tree_by_recursion!(
    /// On the heap, by recursion.
    BoxRecursion, Box, on_the_heap!("Box, recursion")
);

/// How nodes hang together.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Each has one link but the last.
    List,
    /// A tree of so many levels, as often as it takes.
    Balanced(u32),
    /// A tree whose nodes have a leaf on one side and the rest on the other, by turns.
    Degenerate,
}

impl Shape {
    /// Makes about `count` nodes, and what owns them. All values are 1.
    fn grow<N: Nodes>(self, pool: &N::Pool, count: u64) -> Vec<N::Link> {
        let node = |first, second| N::node(pool, 1, first, second);
        match self {
            Self::List => vec![(1..count).fold(node(None, None), |next, _| node(Some(next), None))],
            Self::Balanced(levels) => {
                fn tree<N: Nodes>(pool: &N::Pool, levels: u32) -> Option<N::Link> {
                    let levels = levels.checked_sub(1)?;
                    Some(N::node(pool, 1, tree::<N>(pool, levels), tree::<N>(pool, levels)))
                }

                // The levels that so many nodes have, if there are fewer.
                let levels = levels.min(count.ilog2());
                (0..count >> levels).filter_map(|_| tree::<N>(pool, levels)).collect()
            }
            Self::Degenerate => {
                let grow = |rest, step| match step % 2 {
                    0 => node(Some(rest), Some(node(None, None))),
                    _ => node(Some(node(None, None)), Some(rest)),
                };
                vec![(0..count / 2).fold(node(None, None), grow)]
            }
        }
    }
}

/// What is done to the nodes.
#[derive(Clone, Copy, Debug)]
pub enum Job {
    /// All are dropped.
    Drop,
    /// All are visited, and their values added up.
    Walk,
    /// All are cloned.
    Clone,
}

/// A run of `job`: about so many nodes, and the time for so many.
pub fn run<N: Nodes>(shape: Shape, job: Job) -> impl FnMut(u64) -> Duration {
    let pool = N::Pool::default();
    move |count| {
        let roots = shape.grow::<N>(&pool, count);
        let nodes = sum::<N>(&roots);
        assert!(nodes <= count + 1 && nodes > count / 2, "{nodes} nodes instead of {count}");
        let start = Instant::now();
        let time = match job {
            Job::Drop => {
                drop(black_box(roots));
                start.elapsed()
            }
            Job::Walk => {
                let seen = sum::<N>(black_box(&roots));
                let time = start.elapsed();
                assert_eq!(seen, nodes);
                drop(roots);
                time
            }
            Job::Clone => {
                let clones: Vec<_> = black_box(&roots).iter().map(|root| N::clone(&pool, root)).collect();
                let time = start.elapsed();
                drop(roots);
                assert_eq!(sum::<N>(&clones), nodes);
                time
            }
        };
        N::assert_empty(&pool);
        // As if it had been `count`: trees come in whole numbers.
        time.mul_f64(count as f64 / nodes as f64)
    }
}

fn sum<N: Nodes>(roots: &[N::Link]) -> u64 {
    roots.iter().map(N::sum).sum()
}
