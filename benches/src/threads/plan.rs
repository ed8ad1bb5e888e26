//! Who runs what.

use super::{
    alone::{Pairs, Replacements, pairs_here},
    passes::Entry,
    subjects::{Boxed, Core, Harness, InfinityPool, Local, Ours, OursLocal, Plurality, ShardedSlab, SharedArena},
};
use crate::classics::{
    Cache, Larson, Mstress, Workload, Xmalloc,
    objects::{Counter, Record},
    subject::{Shared, Subject, Value},
};

/// Threads of the curve.
pub const THREADS: [usize; 5] = [1, 2, 4, 8, 16];

/// The workloads, in the order of the table.
pub const WORKLOADS: [&str; 6] = ["pair", "xmalloc", "larson", "mstress", "cache_thrash", "cache_scratch"];

/// The curve's workloads.
pub const CURVE: [&str; 3] = ["pair", "replace", "larson"];

/// How many objects a workload works on.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    xmalloc: Xmalloc,
    larson: Larson,
    mstress: Mstress,
    cache: Cache,
    /// Objects of each thread on the curve. Few: what is asked is whether threads hinder each other in the pool, and the more
    /// of them there are, the less their objects fit into the caches together.
    few: usize,
}

impl Scale {
    /// The sizes that figures are published for.
    pub const FULL: Scale = Scale {
        xmalloc: Xmalloc { producers: 1, consumers: 1, batches: 16, objects: 512 },
        larson: Larson { threads: 2, objects: 5_000, replacements: 500_000 },
        mstress: Mstress { threads: 2, objects: 20_000, table: 1_000 },
        cache: Cache { threads: 2, objects: 4, writes: 100, scratch: false },
        few: 1_000,
    };

    /// Small sizes, to see that everything runs.
    pub const SMOKE: Scale = Scale {
        xmalloc: Xmalloc { objects: 32, ..Self::FULL.xmalloc },
        larson: Larson { objects: 100, replacements: 1_000, ..Self::FULL.larson },
        mstress: Mstress { objects: 200, table: 20, ..Self::FULL.mstress },
        cache: Self::FULL.cache,
        few: 100,
    };
}

/// The table: every workload with two threads, but `pair`, which has one.
pub fn table(scale: Scale) -> Vec<Entry> {
    let Scale { xmalloc, larson, mstress, cache, .. } = scale;
    let mut entries = Vec::new();
    here::<Local>(&mut entries);
    contest::<Record>(&mut entries, "pair", Pairs { threads: 1 });
    contest::<Record>(&mut entries, "xmalloc", xmalloc);
    contest::<Record>(&mut entries, "larson", larson);
    contest::<Record>(&mut entries, "mstress", mstress);
    contest::<Counter>(&mut entries, "cache_thrash", cache);
    contest::<Counter>(&mut entries, "cache_scratch", Cache { scratch: true, ..cache });
    entries
}

/// The curve: the same work with more and more threads.
pub fn curve(scale: Scale) -> Vec<Entry> {
    let mut entries = Vec::new();
    for threads in THREADS {
        contest::<Record>(&mut entries, &format!("pair@{threads}"), Pairs { threads });
        let objects = scale.few;
        contest::<Record>(&mut entries, &format!("replace@{threads}"), Replacements { threads, objects });
        contest::<Record>(&mut entries, &format!("larson@{threads}"), Larson { threads, objects, ..scale.larson });
    }
    // One contestant's whole curve at a time: its points are compared with each other.
    entries.sort_by_key(|entry| {
        let workload = entry.figure.workload.split('@').next().map(str::to_owned);
        (workload, entry.figure.subject.clone())
    });
    entries
}

/// The workload for every subject, neighbours in time.
fn contest<T: Value>(entries: &mut Vec<Entry>, name: &str, workload: impl Workload<T> + Copy + 'static) {
    entry::<Harness, T>(entries, name, workload);
    entry::<OursLocal, T>(entries, name, workload);
    entry::<Ours, T>(entries, name, workload);
    entry::<Core, T>(entries, name, workload);
    entry::<Boxed<std::alloc::System>, T>(entries, name, workload);
    entry::<Boxed<mimalloc::MiMalloc>, T>(entries, name, workload);
    entry::<Boxed<snmalloc_rs::SnMalloc>, T>(entries, name, workload);
    entry::<Plurality, T>(entries, name, workload);
    entry::<InfinityPool, T>(entries, name, workload);
    entry::<SharedArena, T>(entries, name, workload);
    entry::<ShardedSlab, T>(entries, name, workload);
}

/// One contestant. Its pool is made in the first pass and lives through all.
fn entry<S: Shared<T>, T: Value>(entries: &mut Vec<Entry>, name: &str, workload: impl Workload<T> + 'static) {
    let mut pool = None;
    entries.push(Entry::new(name.to_owned(), S::NAME, size_of::<T>(), move |run| {
        workload.run::<S>(pool.get_or_insert_with(S::pool), run).objects
    }));
}

/// `pair` for a pool that cannot leave its thread.
fn here<S: Subject<Record>>(entries: &mut Vec<Entry>) {
    let mut pool = None;
    entries.push(Entry::new("pair".to_owned(), S::NAME, size_of::<Record>(), move |run| {
        pairs_here::<S>(pool.get_or_insert_with(S::pool), run)
    }));
}

#[cfg(test)]
mod tests {
    use super::{CURVE, Scale, THREADS, WORKLOADS, curve, table};
    use crate::{
        subjects::NAMES,
        threads::passes::{Effort, Entry, measure},
    };

    fn assert_named(entries: &[Entry], workloads: &[String]) {
        for Entry { figure, .. } in entries {
            assert!(workloads.contains(&figure.workload), "{figure:?}");
            assert!(NAMES.contains(&figure.subject.as_str()), "{figure:?}");
        }
        let missing = |name: &&String| entries.iter().all(|entry| entry.figure.workload != **name);
        assert_eq!(workloads.iter().find(missing), None);
    }

    #[test]
    fn every_figure_has_its_place_in_the_report() {
        assert_named(&table(Scale::SMOKE), &WORKLOADS.map(str::to_owned));
        let points = CURVE.iter().flat_map(|name| THREADS.map(|threads| format!("{name}@{threads}")));
        assert_named(&curve(Scale::SMOKE), &points.collect::<Vec<_>>());
    }

    #[test]
    fn a_pass_leaves_one_figure_with_each_entry() {
        let mut entries = table(Scale::SMOKE);
        entries.retain(|entry| entry.figure.workload == "larson");
        measure(&mut entries, Effort { passes: 2, ..Effort::SMOKE });
        assert!(entries.iter().all(|entry| entry.figure.nanos.len() == 2), "{entries:?}");
        assert!(entries.iter().flat_map(|entry| &entry.figure.nanos).all(|nanos| *nanos > 0.0), "{entries:?}");
    }
}
