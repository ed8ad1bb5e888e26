//! Nodes that own each other are dropped, walked and cloned: by the derive, by a loop written by hand, and by recursion, where
//! that is possible. `cargo bench -p goo-pool-benches --bench links`.

use goo_pool_benches::{
    contest::{Contest, Row},
    links::{
        BoxList, BoxRecursion, BoxTree, DerivedList, DerivedTree, Job, Nodes, PoolList, PoolRecursion, PoolTree, Shape,
        run,
    },
};

const MANY: u64 = 1_000_000;

fn main() {
    let mut contest = Contest::new("links", "one of 1,000,000 nodes");
    for (verb, job) in [("drop", Job::Drop), ("walk", Job::Walk), ("clone", Job::Clone)] {
        let list = contest.row(format!("{verb}: a list"), MANY);
        enter::<DerivedList>(list, Shape::List, job);
        enter::<PoolList>(list, Shape::List, job);
        enter::<BoxList>(list, Shape::List, job);
        let trees = [
            ("a degenerate tree", Shape::Degenerate),
            ("a balanced tree", Shape::Balanced(u32::MAX)),
            ("trees of 15", Shape::Balanced(4)),
            ("trees of 3", Shape::Balanced(2)),
        ];
        for (name, shape) in trees {
            let row = contest.row(format!("{verb}: {name}"), MANY);
            enter::<DerivedTree>(row, shape, job);
            enter::<PoolTree>(row, shape, job);
            enter::<BoxTree>(row, shape, job);
            // Recursion does not come to the end of a degenerate tree.
            if matches!(shape, Shape::Balanced(_)) {
                enter::<PoolRecursion>(row, shape, job);
                enter::<BoxRecursion>(row, shape, job);
            }
        }
    }
    contest.finish();
}

fn enter<N: Nodes>(row: &mut Row, shape: Shape, job: Job) {
    row.run(N::NAME, run::<N>(shape, job));
}
