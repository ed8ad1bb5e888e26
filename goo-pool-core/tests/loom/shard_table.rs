//! Shards and buckets of their table, made by one thread and found by others (shard_table.rs).

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::AtomicUsize;
use loom::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use loom::thread;

use crate::explore::explore;
use crate::weakening::order;

/// A table of one bucket with a slot for each of two threads. Thread `i` makes, if it has to, bucket and shard `i`; a
/// pointer to that is `i + 1`.
struct Table {
    bucket: AtomicUsize,
    buckets: [Bucket; 2],
    /// The shards' memory.
    shards: [UnsafeCell<()>; 2],
}

struct Bucket {
    /// The bucket's memory: written when the slots are initialised and when it goes back.
    memory: UnsafeCell<()>,
    slots: [AtomicUsize; 2],
}

impl Table {
    fn new() -> Arc<Self> {
        let bucket = || Bucket { memory: UnsafeCell::new(()), slots: [AtomicUsize::new(0), AtomicUsize::new(0)] };
        Arc::new(Self {
            bucket: AtomicUsize::new(0),
            buckets: [bucket(), bucket()],
            shards: [UnsafeCell::new(()), UnsafeCell::new(())],
        })
    }

    /// `ShardTable::slot_slow`, with `bucket`.
    fn slot(&self, index: usize) -> Option<&AtomicUsize> {
        let bucket = self.bucket.load(order("shard_table.rs bucket", Acquire)).checked_sub(1)?;
        self.buckets[bucket].memory.with(|_| ());
        Some(&self.buckets[bucket].slots[index])
    }

    /// `ShardTable::get`, and a look at what it finds.
    fn get(&self, index: usize) -> bool {
        let Some(slot) = self.slot(index) else { return false };
        let shard = slot.load(order("shard_table.rs get", Acquire));
        if shard != 0 {
            self.shards[shard - 1].with(|_| ());
        }
        shard != 0
    }

    /// `ShardTable::prepare`. Whether it made a bucket.
    fn prepare(&self, index: usize) -> bool {
        if self.slot(index).is_some() {
            return false;
        }
        self.buckets[index].memory.with_mut(|_| ());
        let prepare = order("shard_table.rs prepare", Release);
        if self.bucket.compare_exchange(0, index + 1, prepare, Relaxed).is_err() {
            self.buckets[index].memory.with_mut(|_| ());
        }
        true
    }

    /// `SharedPtr::my_shard_or_new`, with `ShardTable::set`.
    fn make_shard(&self, index: usize) -> bool {
        let made_bucket = self.prepare(index);
        self.shards[index].with_mut(|_| ());
        self.slot(index).unwrap().store(index + 1, order("shard_table.rs set", Release));
        made_bucket
    }
}

#[test]
fn a_shard_that_is_found_is_whole() {
    explore([0, 1], || {
        let table = Table::new();
        let other = table.clone();
        let making = thread::spawn(move || other.make_shard(0));
        thread::yield_now();
        let found = table.get(0);
        making.join().unwrap();
        assert!(table.get(0));
        u64::from(found)
    });
}

#[test]
fn two_threads_that_make_one_bucket_use_the_same() {
    make_one_bucket([0b01, 0b10, 0b11], || ());
    make_one_bucket([0b00, 0b01, 0b11], thread::yield_now);
}

/// The outcome: whose bucket is used, and whether the other made one too. In the first execution, one thread or the other
/// goes first.
fn make_one_bucket<const N: usize>(outcomes: [u64; N], start: fn()) {
    explore(outcomes, move || {
        let table = Table::new();
        let other = table.clone();
        let making = thread::spawn(move || {
            let made = other.make_shard(0);
            other.get(1);
            made
        });
        start();
        let made = table.make_shard(1);
        table.get(0);
        let both = making.join().unwrap() && made;
        assert!(table.get(0) && table.get(1));
        (table.bucket.load(Relaxed) as u64 - 1) << 1 | u64::from(both)
    });
}
