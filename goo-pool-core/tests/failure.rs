//! What pools do about allocations that fail: handlers that free, allocate, fail again and panic.

#[cfg(feature = "std")]
#[path = "common/worker.rs"]
mod worker;

use std::alloc::Layout;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

#[cfg(feature = "std")]
use goo_pool_core::SyncPoolHandle;
use goo_pool_core::{
    AllocError, BuildError, Geometry, Global, Handle, Handled, OnFailure, Parent, PoolHandle, RawPool, RawPoolBuilder,
};

const LAYOUT: Layout = Layout::new::<[u64; 4]>();

/// A parent that can be told to refuse.
#[derive(Clone, Default)]
struct Refusing(Arc<Refusal>);

#[derive(Default)]
struct Refusal {
    refuses: AtomicBool,
    pieces: AtomicUsize,
}

// SAFETY: all memory comes from `Global`.
unsafe impl Parent for Refusing {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        let memory = if self.0.refuses.load(Relaxed) { None } else { Global.allocate(layout) };
        self.0.pieces.fetch_add(usize::from(memory.is_some()), Relaxed);
        memory
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        self.0.pieces.fetch_sub(1, Relaxed);
        // SAFETY: it came from `Global` with this layout.
        unsafe { Global.deallocate(ptr, layout) };
    }
}

trait Built: Handle {
    fn built<P: Parent + Send + Sync + 'static>(builder: RawPoolBuilder<P>) -> Result<Self, BuildError>;
    fn check(&self);
}

impl Built for PoolHandle {
    fn built<P: Parent + Send + Sync + 'static>(builder: RawPoolBuilder<P>) -> Result<Self, BuildError> {
        builder.build_handle()
    }

    fn check(&self) {
        self.assert_valid();
    }
}

#[cfg(feature = "std")]
impl Built for SyncPoolHandle {
    fn built<P: Parent + Send + Sync + 'static>(builder: RawPoolBuilder<P>) -> Result<Self, BuildError> {
        builder.build_sync_handle()
    }

    fn check(&self) {
        // SAFETY: no other thread uses the pool.
        unsafe { self.assert_valid() };
    }
}

fn free<H: Handle>(chunk: NonNull<u8>) {
    // SAFETY: the tests free live chunks of pools of this kind, once.
    unsafe { H::deallocate_in(chunk, &Geometry::of::<H>(LAYOUT).unwrap()) };
}

/// Somewhere for a pool that its own handler uses, on the thread of the test. Emptied at the end, or it would own itself.
struct Slot<H>(Arc<Mutex<Option<H>>>);

// SAFETY: the tests use a local pool's slot on one thread.
unsafe impl<H> Send for Slot<H> {}
// SAFETY: the same.
unsafe impl<H> Sync for Slot<H> {}

impl<H: Handle> Slot<H> {
    fn new() -> Self {
        Self(Arc::default())
    }

    fn clone(&self) -> Self {
        Self(self.0.clone())
    }

    fn put(&self, pool: &H) {
        *self.0.lock().unwrap() = Some(pool.clone());
    }

    fn get(&self) -> H {
        self.0.lock().unwrap().clone().expect("the pool is built")
    }

    fn clear(&self) {
        drop(self.0.lock().unwrap().take());
    }
}

/// Calls a generic test for each kind.
macro_rules! both_kinds {
    ($test:ident) => {
        $test::<PoolHandle>();
        #[cfg(feature = "std")]
        $test::<SyncPoolHandle>();
    };
}

#[test]
fn a_handler_is_asked_so_often_and_then_the_caller_gets_the_error() {
    fn test<H: Built>() {
        for attempts in [0, 1, 5] {
            let seen = Arc::new(Mutex::new(Vec::new()));
            let in_handler = seen.clone();
            let parent = Refusing::default();
            let refusal = parent.0.clone();
            let builder = RawPool::builder(LAYOUT).parent(parent).on_failure(attempts, move |error, attempt| {
                assert!(matches!(error, AllocError::OutOfMemory { .. }), "{error}");
                in_handler.lock().unwrap().push(attempt);
                OnFailure::Retry
            });
            let pool = H::built(builder).unwrap();
            refusal.refuses.store(true, Relaxed);
            for _ in 0..2 {
                assert!(matches!(pool.allocate(), Err(AllocError::OutOfMemory { .. })));
                assert_eq!(std::mem::take(&mut *seen.lock().unwrap()), (1..=attempts).collect::<Vec<_>>());
            }
            assert_eq!(pool.len(), 0);
            pool.check();
            refusal.refuses.store(false, Relaxed);
            free::<H>(pool.allocate().unwrap());
        }
    }
    both_kinds!(test);
}

#[test]
fn a_handler_that_gives_up_is_not_asked_again() {
    fn test<H: Built>() {
        let calls = Arc::new(AtomicUsize::new(0));
        let in_handler = calls.clone();
        let builder = RawPool::builder(LAYOUT).max_chunks(0).on_failure(9, move |_, _| {
            in_handler.fetch_add(1, Relaxed);
            OnFailure::ReturnError
        });
        let pool = H::built(builder).unwrap();
        assert_eq!(pool.allocate(), Err(AllocError::LimitReached { max_chunks: 0 }));
        assert_eq!(calls.load(Relaxed), 1);
    }
    both_kinds!(test);
}

#[test]
fn a_handler_that_makes_the_parent_give_again_saves_the_allocation() {
    fn test<H: Built>() {
        let parent = Refusing::default();
        let (refusal, in_handler) = (parent.0.clone(), parent.0.clone());
        let builder = RawPool::builder(LAYOUT).parent(parent).on_failure(3, move |_, attempt| {
            // Only the second time.
            in_handler.refuses.store(attempt < 2, Relaxed);
            OnFailure::Retry
        });
        let pool = H::built(builder).unwrap();
        refusal.refuses.store(true, Relaxed);
        let first = pool.allocate().unwrap();
        refusal.refuses.store(true, Relaxed);
        pool.reserve(10_000).unwrap();
        refusal.refuses.store(true, Relaxed);
        let rows: Vec<_> = std::iter::from_fn(|| (pool.len() < 12_000).then(|| pool.take_row().unwrap())).collect();
        assert!(!refusal.refuses.load(Relaxed), "the rows fitted");
        for row in rows {
            // SAFETY: this pool gave it, and nobody uses its chunks.
            unsafe { pool.give_row(row) };
        }
        free::<H>(first);
        pool.check();
        drop(pool);
        assert_eq!(refusal.pieces.load(Relaxed), 0);
    }
    both_kinds!(test);
}

#[test]
fn a_handler_may_free_what_it_can_do_without() {
    fn test<H: Built>() {
        let spare = Arc::new(Mutex::new(Vec::new()));
        let in_handler = spare.clone();
        let builder = RawPool::builder(LAYOUT).max_chunks(100).on_failure(1, move |error, _| {
            assert_eq!(*error, AllocError::LimitReached { max_chunks: 100 });
            match in_handler.lock().unwrap().pop() {
                Some(Address(chunk)) => {
                    free::<H>(chunk);
                    OnFailure::Retry
                }
                None => OnFailure::ReturnError,
            }
        });
        let pool = H::built(builder).unwrap();
        for _ in 0..100 {
            spare.lock().unwrap().push(Address(pool.allocate().unwrap()));
        }
        let kept: Vec<_> = (0..100).map(|_| pool.allocate().unwrap()).collect();
        assert!(spare.lock().unwrap().is_empty());
        assert!(pool.allocate().is_err());
        assert_eq!(pool.len(), 100);
        kept.into_iter().for_each(free::<H>);
        pool.check();
    }
    both_kinds!(test);
}

/// A live chunk, which the handler's thread may free.
struct Address(NonNull<u8>);

// SAFETY: a local pool's chunks stay on the test's thread.
unsafe impl Send for Address {}

/// A retry handler that allocates in the pool that has nothing left once recursed for ever.
#[test]
fn a_handler_whose_own_allocation_fails_is_not_asked_about_that() {
    fn test<H: Built>() {
        let slot = Slot::<H>::new();
        let (in_handler, calls) = (slot.clone(), Arc::new(AtomicUsize::new(0)));
        let counter = calls.clone();
        let builder = RawPool::builder(LAYOUT).max_chunks(10).on_failure(3, move |_, _| {
            counter.fetch_add(1, Relaxed);
            let pool = in_handler.get();
            assert!(pool.allocate().is_err());
            assert!(pool.reserve(1).is_err());
            assert!(pool.take_row().is_err());
            OnFailure::Retry
        });
        let pool = H::built(builder).unwrap();
        slot.put(&pool);
        let chunks: Vec<_> = (0..10).map(|_| pool.allocate().unwrap()).collect();
        for failure in 1..3 {
            assert!(pool.allocate().is_err());
            assert_eq!(calls.load(Relaxed), 3 * failure);
        }
        chunks.into_iter().for_each(free::<H>);
        slot.clear();
        pool.check();
    }
    both_kinds!(test);
}

#[test]
fn a_handler_may_take_what_it_freed_itself() {
    fn test<H: Built>() {
        let slot = Slot::<H>::new();
        let in_handler = slot.clone();
        let spare = Arc::new(Mutex::new(Vec::new()));
        let in_handler_spare = spare.clone();
        let builder = RawPool::builder(LAYOUT).max_chunks(10).on_failure(2, move |_, attempt| {
            let pool = in_handler.get();
            let freed = in_handler_spare.lock().unwrap().pop();
            freed.into_iter().for_each(|Address(chunk)| free::<H>(chunk));
            if attempt == 1 {
                // The handler takes away what it has found.
                in_handler_spare.lock().unwrap().insert(0, Address(pool.allocate().unwrap()));
            }
            OnFailure::Retry
        });
        let pool = H::built(builder).unwrap();
        slot.put(&pool);
        for _ in 0..10 {
            spare.lock().unwrap().push(Address(pool.allocate().unwrap()));
        }
        let chunk = pool.allocate().unwrap();
        assert_eq!((spare.lock().unwrap().len(), pool.len()), (9, 10));
        free::<H>(chunk);
        for Address(chunk) in spare.lock().unwrap().drain(..) {
            free::<H>(chunk);
        }
        slot.clear();
        pool.check();
    }
    both_kinds!(test);
}

/// Each asks the other, which fails too.
#[test]
fn handlers_of_two_pools_that_use_each_other_come_to_an_end() {
    fn test<H: Built>() {
        let slots = [Slot::<H>::new(), Slot::new()];
        let calls = Arc::new(AtomicUsize::new(0));
        let pools = [0, 1].map(|index| {
            let (other, counter) = (slots[1 - index].clone(), calls.clone());
            let builder = RawPool::builder(LAYOUT).max_chunks(0).on_failure(2, move |_, _| {
                counter.fetch_add(1, Relaxed);
                assert!(other.get().allocate().is_err());
                OnFailure::Retry
            });
            let pool = H::built(builder).unwrap();
            slots[index].put(&pool);
            pool
        });
        assert!(pools[0].allocate().is_err());
        // Twice the first one's, and within each twice the second one's.
        assert_eq!(calls.load(Relaxed), 2 + 4);
        assert!(pools[1].allocate().is_err());
        assert_eq!(calls.load(Relaxed), 2 * (2 + 4));
        slots.iter().for_each(Slot::clear);
    }
    both_kinds!(test);
}

#[test]
fn a_handler_that_panics_leaves_the_pool_whole_and_is_asked_again() {
    fn test<H: Built>() {
        let calls = Arc::new(AtomicUsize::new(0));
        let in_handler = calls.clone();
        let builder = RawPool::builder(LAYOUT).max_chunks(10).on_failure(3, move |_, _| {
            in_handler.fetch_add(1, Relaxed);
            panic!("from the handler")
        });
        let pool = H::built(builder).unwrap();
        let chunks: Vec<_> = (0..10).map(|_| pool.allocate().unwrap()).collect();
        let fail = |use_pool: &dyn Fn() -> bool| {
            let panic = catch_unwind(AssertUnwindSafe(use_pool)).unwrap_err();
            assert_eq!(panic.downcast_ref(), Some(&"from the handler"));
            pool.check();
        };
        fail(&|| pool.allocate().is_ok());
        fail(&|| pool.reserve(1).is_ok());
        fail(&|| pool.take_row().is_ok());
        assert_eq!(calls.load(Relaxed), 3);
        free::<H>(chunks[0]);
        assert_eq!(pool.allocate(), Ok(chunks[0]));
        chunks.into_iter().for_each(free::<H>);
        pool.check();
    }
    both_kinds!(test);
}

#[test]
fn a_pool_that_cannot_be_built_asks_too() {
    fn test<H: Built>() {
        for refused in [true, false] {
            let parent = Refusing::default();
            parent.0.refuses.store(true, Relaxed);
            let (refusal, in_handler) = (parent.0.clone(), parent.0.clone());
            let builder = RawPool::builder(LAYOUT).parent(parent).on_failure(2, move |_, attempt| {
                in_handler.refuses.store(refused || attempt < 2, Relaxed);
                OnFailure::Retry
            });
            assert_eq!(H::built(builder).is_err(), refused);
            assert_eq!(refusal.pieces.load(Relaxed), 0);
        }
        let asked = Arc::new(AtomicUsize::new(0));
        let in_handler = asked.clone();
        let builder = RawPool::builder(LAYOUT).capacity(11).max_chunks(10).on_failure(2, move |_, _| {
            in_handler.fetch_add(1, Relaxed);
            OnFailure::Retry
        });
        let error = H::built(builder).unwrap_err();
        assert!(matches!(error, BuildError::Alloc(AllocError::LimitReached { max_chunks: 10 })));
        assert_eq!(asked.load(Relaxed), 2);
    }
    both_kinds!(test);
}

#[test]
fn room_that_is_only_prepared_is_nothing_to_ask_about() {
    fn test<H: Built>() {
        let builder = RawPool::builder(LAYOUT).max_chunks(10).abort_on_failure();
        let pool = H::built(builder).unwrap();
        assert!(pool.prepare(11).is_err());
    }
    both_kinds!(test);
}

#[test]
fn a_limit_that_is_reached_panics_if_failures_abort() {
    fn test<H: Built>() {
        let pool = H::built(RawPool::builder(LAYOUT).max_chunks(1).abort_on_failure()).unwrap();
        let chunk = pool.allocate().unwrap();
        let ways: [&dyn Fn() -> bool; 3] =
            [&|| pool.allocate().is_ok(), &|| pool.reserve(1).is_ok(), &|| pool.take_row().is_ok()];
        for use_pool in ways {
            let panic = catch_unwind(AssertUnwindSafe(use_pool)).unwrap_err();
            let message = panic.downcast_ref::<String>().unwrap();
            assert_eq!(message, "the pool's limit of 1 chunks is reached");
            pool.check();
        }
        free::<H>(chunk);
        assert_eq!(pool.allocate(), Ok(chunk));
        free::<H>(chunk);
    }
    both_kinds!(test);
}

#[test]
fn a_handler_comes_before_the_end() {
    fn test<H: Built>() {
        let calls = Arc::new(AtomicUsize::new(0));
        let in_handler = calls.clone();
        let builder = RawPool::builder(LAYOUT).max_chunks(0);
        let builder = builder.on_failure(3, move |_, _| {
            in_handler.fetch_add(1, Relaxed);
            OnFailure::Retry
        });
        let pool = H::built(builder.abort_on_failure()).unwrap();
        assert!(catch_unwind(AssertUnwindSafe(|| pool.allocate())).is_err());
        assert_eq!(calls.load(Relaxed), 3);
    }
    both_kinds!(test);
}

#[test]
fn a_handler_that_says_abort_at_once_is_asked_once() {
    let pool = RawPool::builder(LAYOUT).max_chunks(0).on_failure(1, |_, _| OnFailure::Abort).build().unwrap();
    assert!(catch_unwind(|| pool.allocate()).is_err());
}

const CHILD: &str = "GOO_POOL_ABORTING_CHILD";

/// The global hook for want of memory ends the process: so another one is needed to see it.
#[test]
#[cfg_attr(miri, ignore = "starts a process")]
fn a_parent_without_memory_ends_the_process_if_failures_abort() {
    if std::env::var_os(CHILD).is_some() {
        let parent = Refusing::default();
        let refusal = parent.0.clone();
        let pool = RawPool::builder(LAYOUT).parent(parent).abort_on_failure().build().unwrap();
        refusal.refuses.store(true, Relaxed);
        println!("came back: {:?}", pool.allocate());
        return;
    }
    let name = "a_parent_without_memory_ends_the_process_if_failures_abort";
    let program = std::env::current_exe().unwrap();
    let child = std::process::Command::new(program).args(["--exact", name, "--nocapture"]).env(CHILD, "1").output();
    let child = child.unwrap();
    assert!(!child.status.success());
    let (out, errors) = (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
    assert!(!out.contains("came back") && errors.contains("memory allocation of"), "{out}\n{errors}");
}

#[test]
fn a_handler_goes_with_the_pool_and_its_successor() {
    fn test<H: Built>() {
        let life = Arc::new(());
        let in_handler = life.clone();
        let builder = RawPool::builder(LAYOUT).max_chunks(5).on_failure(1, move |_, _| {
            assert!(Arc::strong_count(&in_handler) > 1);
            OnFailure::ReturnError
        });
        let pool = H::built(builder).unwrap();
        let chunk = pool.allocate().unwrap();
        drop(pool);
        // SAFETY: a live chunk of a pool for that layout.
        let again = unsafe { H::of(chunk, LAYOUT) }.unwrap();
        let chunks: Vec<_> = std::iter::from_fn(|| again.allocate().ok()).collect();
        drop(again);
        assert_eq!(Arc::strong_count(&life), 2);
        chunks.into_iter().chain([chunk]).for_each(free::<H>);
        assert_eq!(Arc::strong_count(&life), 1);
    }
    both_kinds!(test);
    let life = Arc::new(());
    let in_handler = life.clone();
    let builder = RawPool::builder(LAYOUT).on_failure(1, move |_, _| {
        drop(in_handler.clone());
        OnFailure::ReturnError
    });
    drop(builder.build().unwrap());
    assert_eq!(Arc::strong_count(&life), 1);
}

#[test]
fn a_parent_of_ones_own_says_what_is_to_be_done() {
    static LAST: AtomicUsize = AtomicUsize::new(0);

    struct Own;

    // SAFETY: it gives nothing.
    unsafe impl Parent for Own {
        fn allocate(&self, _: Layout) -> Option<NonNull<u8>> {
            None
        }

        unsafe fn deallocate(&self, _: NonNull<u8>, _: Layout) {}

        fn on_failure(&self, _: &AllocError, attempt: u32) -> OnFailure {
            LAST.store(attempt as usize, Relaxed);
            if attempt < 7 { OnFailure::Retry } else { OnFailure::ReturnError }
        }
    }

    let parent = Handled::new(Own, 0, |_, _| unreachable!("after no attempt"));
    assert!(RawPool::builder(LAYOUT).parent(parent).build().is_err());
    assert_eq!(LAST.load(Relaxed), 7);
}

#[cfg(feature = "std")]
mod threads {
    use std::sync::Barrier;
    use std::thread;

    use super::worker::Worker;
    use super::*;

    /// If a lock were held, the second thread would never come to where the first one waits.
    #[test]
    fn handlers_run_on_several_threads_at_once() {
        const THREADS: usize = 3;
        let meet = Arc::new(Barrier::new(THREADS));
        let in_handler = meet.clone();
        let builder = RawPool::builder(LAYOUT).max_chunks(1).on_failure(2, move |_, _| {
            in_handler.wait();
            OnFailure::Retry
        });
        let pool = builder.build_sync_handle().unwrap();
        let chunk = pool.allocate().unwrap();
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| assert!(pool.allocate().is_err()));
            }
        });
        free::<SyncPoolHandle>(chunk);
    }

    /// What one thread frees while another's handler runs is found.
    #[test]
    fn a_handler_may_wait_until_another_thread_has_freed() {
        let meet = Arc::new(Barrier::new(2));
        let in_handler = meet.clone();
        let builder = RawPool::builder(LAYOUT).max_chunks(4).on_failure(1, move |_, _| {
            // Once for "nothing left", once for "freed".
            in_handler.wait();
            in_handler.wait();
            OnFailure::Retry
        });
        let pool = builder.build_sync_handle().unwrap();
        let mut chunks: Vec<_> = (0..4).map(|_| Address(pool.allocate().unwrap())).collect();
        let last = chunks.pop().unwrap();
        let other = thread::spawn({
            let meet = meet.clone();
            move || {
                let Address(chunk) = { last };
                meet.wait();
                free::<SyncPoolHandle>(chunk);
                meet.wait();
            }
        });
        chunks.push(Address(pool.allocate().unwrap()));
        other.join().unwrap();
        chunks.into_iter().for_each(|Address(chunk)| free::<SyncPoolHandle>(chunk));
    }

    #[test]
    fn a_thread_at_its_end_asks_too() {
        let calls = Arc::new(AtomicUsize::new(0));
        let in_handler = calls.clone();
        let builder = RawPool::builder(LAYOUT).max_chunks(1).on_failure(2, move |_, _| {
            in_handler.fetch_add(1, Relaxed);
            OnFailure::Retry
        });
        let pool = Arc::new(builder.build_sync_handle().unwrap());
        let chunk = pool.allocate().unwrap();
        let (thread, in_thread) = (Worker::start(), pool.clone());
        thread.run({
            let pool = pool.clone();
            move || assert!(pool.allocate().is_err())
        });
        thread.end_with(move || assert!(in_thread.allocate().is_err()));
        assert_eq!(calls.load(Relaxed), 4);
        free::<SyncPoolHandle>(chunk);
    }

    #[test]
    fn a_threads_own_way_in_asks_too() {
        let calls = Arc::new(AtomicUsize::new(0));
        let in_handler = calls.clone();
        let builder = RawPool::builder(LAYOUT).max_chunks(0).on_failure(2, move |_, _| {
            in_handler.fetch_add(1, Relaxed);
            OnFailure::Retry
        });
        let pool = builder.build_sync().unwrap();
        assert!(pool.local().allocate().is_err());
        assert_eq!(calls.load(Relaxed), 2);
    }

    /// One more than there are places to note who is being asked.
    #[test]
    fn handlers_within_handlers_end_after_four() {
        let pools: Arc<Mutex<Vec<SyncPoolHandle>>> = Arc::default();
        let deepest = Arc::new(AtomicUsize::new(0));
        let built = (0..6).map(|index| {
            let (pools, deepest) = (pools.clone(), deepest.clone());
            let builder = RawPool::builder(LAYOUT).max_chunks(0).on_failure(1, move |_, _| {
                deepest.fetch_max(index + 1, Relaxed);
                let next = pools.lock().unwrap().get(index + 1).cloned();
                assert!(next.is_none_or(|next| next.allocate().is_err()));
                OnFailure::ReturnError
            });
            builder.build_sync_handle().unwrap()
        });
        let built = built.collect();
        *pools.lock().unwrap() = built;
        let first = pools.lock().unwrap()[0].clone();
        assert!(first.allocate().is_err());
        // Or they would own each other.
        drop(std::mem::take(&mut *pools.lock().unwrap()));
        assert_eq!(deepest.load(Relaxed), 4);
    }
}
