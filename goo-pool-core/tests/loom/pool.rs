//! A pool of one segment with one block, whose two chunks are in one word: what remote.rs, closing.rs and
//! the accounting stores of front.rs and shard.rs do to it.

use loom::cell::UnsafeCell;
use loom::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use loom::sync::atomic::{AtomicU64, AtomicUsize};
use loom::sync::{Arc, Mutex};
use loom::thread;

use crate::weakening::{in_order, order};

pub(crate) const BOTH: u64 = 0b11;
const COUNTING: usize = 1 << 32;
const NOBODY: usize = usize::MAX;

pub(crate) struct Pool {
    pub(crate) handles: AtomicUsize,
    /// The graveyard's lock: the chunks outstanding at the closing, as long as the segment is found from there.
    graveyard: Mutex<Option<u64>>,
    /// The block's owner.
    index: AtomicUsize,
    /// The owner's.
    recent: AtomicUsize,
    pub(crate) local: AtomicU64,
    remote: AtomicU64,
    marks: AtomicU64,
    /// Whether the block is on the pending stack.
    pending: AtomicU64,
    /// Written by who pushes the block, read by who takes it off.
    link: UnsafeCell<()>,
    outstanding: AtomicUsize,
    /// Stands for the first store to `outstanding`: loom does not move a store behind what others do later.
    counted: UnsafeCell<()>,
    /// The chunks' bytes.
    chunks: [UnsafeCell<()>; 2],
    /// All that a free touches besides; `with_mut` is the memory's going back.
    memory: UnsafeCell<()>,
    /// By whom; not part of the model.
    returned: std::sync::Mutex<Option<thread::ThreadId>>,
}

impl Pool {
    /// With one handle, and both chunks live in a block of thread 1.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            handles: AtomicUsize::new(1),
            graveyard: Mutex::new(None),
            index: AtomicUsize::new(1),
            recent: AtomicUsize::new(0),
            local: AtomicU64::new(0),
            remote: AtomicU64::new(0),
            marks: AtomicU64::new(0),
            pending: AtomicU64::new(0),
            link: UnsafeCell::new(()),
            outstanding: AtomicUsize::new(0),
            counted: UnsafeCell::new(()),
            chunks: [UnsafeCell::new(()), UnsafeCell::new(())],
            memory: UnsafeCell::new(()),
            returned: std::sync::Mutex::new(None),
        })
    }

    pub(crate) fn is_returned(&self) -> bool {
        self.returned.lock().unwrap().is_some()
    }

    pub(crate) fn is_returned_by_me(&self) -> bool {
        *self.returned.lock().unwrap() == Some(thread::current().id())
    }

    /// `shard::free`.
    pub(crate) fn free(&self, chunk: usize, me: usize) {
        if self.index.load(Relaxed) == me { self.free_locally(chunk) } else { self.free_remotely(chunk) }
    }

    /// `Block::free_remotely`.
    pub(crate) fn free_remotely(&self, chunk: usize) {
        self.chunks[chunk].with_mut(|_| ());
        let bit = 1 << chunk;
        let mark = || {
            self.memory.with(|_| ());
            if self.marks.load(Relaxed) & 1 == 0 {
                self.mark();
            }
        };
        let set_bit = || self.remote.fetch_or(bit, order("remote.rs free_remotely", AcqRel));
        if in_order("remote.rs free_remotely, fetch_or", mark, set_bit) & bit != 0 {
            self.free_outstanding();
        }
    }

    fn mark(&self) {
        if self.marks.fetch_or(1, order("remote.rs mark", Acquire)) == 0 {
            self.link.with_mut(|_| ());
            assert_eq!(self.pending.swap(1, order("remote.rs push", Release)), 0, "pushed twice");
        }
    }

    /// `Shard::collect`: which chunks are free now.
    pub(crate) fn collect(&self) -> u64 {
        if self.pending.swap(0, order("remote.rs take_all", Acquire)) == 0 {
            return 0;
        }
        let read_link = || self.link.with(|_| ());
        let take_marks = || self.marks.swap(0, order("remote.rs take_marks", Release));
        let words = in_order("remote.rs take_all, take_marks", read_link, take_marks);
        assert_ne!(words, 0, "pending without a mark");
        self.take_remote()
    }

    /// `Shard::sweep` by the owner, or `take_any_remote` by another thread: which chunks are the caller's now.
    pub(crate) fn sweep(&self) -> u64 {
        if self.remote.load(Relaxed) == 0 { 0 } else { self.take_remote() }
    }

    /// `Block::take_remote`.
    fn take_remote(&self) -> u64 {
        let bits = self.remote.swap(0, order("remote.rs take_remote", Acquire));
        // What the next owner of the chunks does with them.
        (0..2).filter(|chunk| bits & (1 << chunk) != 0).for_each(|chunk| self.chunks[chunk].with_mut(|_| ()));
        bits
    }

    /// `ShardPtr::free` with something in `recent`: what it touches first, and the store that comes last.
    pub(crate) fn free_locally(&self, chunk: usize) {
        self.chunks[chunk].with_mut(|_| ());
        let touch = || self.memory.with(|_| ());
        in_order("front.rs put, publish", touch, || self.publish(chunk));
    }

    /// `ShardPtr::free`.
    pub(crate) fn free_to_recent(&self, chunk: usize) {
        if self.recent.load(Relaxed) != 0 {
            return self.free_locally(chunk);
        }
        self.chunks[chunk].with_mut(|_| ());
        let touch = || self.memory.with(|_| ());
        let set_recent = || self.recent.store(chunk + 1, order("kind.rs AtomicPtr::publish", Release));
        in_order("shard.rs free, set_recent", touch, set_recent);
    }

    /// `ShardPtr::block_emptied`, for the block's last chunk.
    pub(crate) fn free_last_locally(&self, chunk: usize) {
        self.chunks[chunk].with_mut(|_| ());
        self.memory.with(|_| ());
        let handle = self.try_add_handle();
        self.publish(chunk);
        if handle {
            let set_aside = || self.memory.with(|_| ());
            in_order("shard.rs block_emptied, drop(handle)", set_aside, || self.release_handle());
        }
    }

    fn publish(&self, chunk: usize) {
        let before = self.local.load(Relaxed);
        self.local.store(before | 1 << chunk, order("kind.rs AtomicU64::publish", Release));
    }

    /// `SharedPtr::add_handle`.
    pub(crate) fn add_handle(&self) {
        self.handles.fetch_add(1, Relaxed);
    }

    /// `SharedPtr::try_add_handle`.
    pub(crate) fn try_add_handle(&self) -> bool {
        self.handles.fetch_update(Relaxed, Relaxed, |count| (count != 0).then(|| count + 1)).is_ok()
    }

    /// `SharedPtr::release_handle`.
    pub(crate) fn release_handle(&self) {
        if self.handles.fetch_sub(1, order("shared.rs release_handle", AcqRel)) == 1 {
            self.close();
        }
    }

    /// `closing::close`, without the look over the graveyard.
    fn close(&self) {
        let mut listed = self.graveyard.lock().unwrap();
        assert_eq!(*listed, None, "closed twice");
        // `SharedPtr::disown_blocks`.
        self.index.store(NOBODY, Relaxed);
        let counting = || {
            self.counted.with_mut(|_| ());
            self.outstanding.store(COUNTING, Relaxed);
        };
        let outstanding = in_order("closing.rs COUNTING, count_block", counting, || self.count_block());
        *listed = Some(outstanding);
        self.outstanding.fetch_add(outstanding.count_ones() as usize, Relaxed);
        assert!(!self.count_recent(outstanding));
        if self.count_off(COUNTING) {
            *listed = None;
            drop(listed);
            self.give_back();
        }
    }

    /// `closing::count_block`.
    fn count_block(&self) -> u64 {
        // For `observe` here and below, see explore.rs.
        thread::yield_now();
        let free = self.remote.swap(u64::MAX, order("closing.rs count_block swap", AcqRel)) | self.observe_local();
        let outstanding = !free & BOTH;
        self.remote.fetch_and(outstanding, Relaxed);
        outstanding
    }

    fn observe_local(&self) -> u64 {
        self.local.load(order("kind.rs AtomicU64::observe", Acquire))
    }

    /// `SharedPtr::count_held`, for what is in `recent`.
    fn count_recent(&self, outstanding: u64) -> bool {
        let recent = self.recent.load(order("kind.rs AtomicPtr::observe", Acquire));
        if recent == 0 {
            return false;
        }
        self.recent.store(0, Relaxed);
        self.count_off(self.count_word(1 << (recent - 1), outstanding))
    }

    /// `closing::count_word`. Only chunks that were outstanding at the closing have remote bits since, but loom lets the
    /// load see what a free's `fetch_or` left between the closer's swap and its store: it does not know that the
    /// `fetch_or`, having read the one, comes before the other.
    fn count_word(&self, free: u64, outstanding: u64) -> usize {
        let late = free & self.remote.load(Relaxed) & outstanding;
        if late != 0 {
            self.remote.fetch_and(!late, Relaxed);
        }
        late.count_ones() as usize
    }

    /// `Segment::count_off`.
    fn count_off(&self, chunks: usize) -> bool {
        if chunks == 0 {
            return false;
        }
        self.counted.with(|_| ());
        self.outstanding.fetch_sub(chunks, order("closing.rs count_off", AcqRel)) == chunks
    }

    /// `closing::free_outstanding`.
    fn free_outstanding(&self) {
        self.memory.with(|_| ());
        self.counted.with(|_| ());
        // `SharedPtr::is_open`.
        assert_eq!(self.handles.load(Relaxed), 0, "freed twice");
        if self.count_off(1) {
            let bury = || {
                self.memory.with(|_| ());
                *self.graveyard.lock().unwrap() = None;
            };
            in_order("closing.rs bury, return", bury, || self.give_back());
        }
    }

    /// `closing::look_over`.
    pub(crate) fn look_over(&self) {
        let mut listed = self.graveyard.lock().unwrap();
        let Some(outstanding) = *listed else { return };
        self.memory.with(|_| ());
        if self.count_recent(outstanding) || self.count_off(self.count_word(self.observe_local(), outstanding)) {
            *listed = None;
            drop(listed);
            self.give_back();
        }
    }

    /// The segment goes back to the parent.
    fn give_back(&self) {
        self.memory.with_mut(|_| ());
        self.chunks.iter().for_each(|chunk| chunk.with_mut(|_| ()));
        let before = self.returned.lock().unwrap().replace(thread::current().id());
        assert_eq!(before, None, "returned twice");
    }
}
