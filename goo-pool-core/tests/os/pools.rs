//! Whole pools over memory from the system.

use std::alloc::Layout;
use std::ptr::NonNull;
use std::sync::mpsc;
use std::thread;

use goo_pool_core::os::{Fallback, HugePages, OsMemory, Placement};
use goo_pool_core::{RawPool, RawPoolBuilder, SyncRawPool};

use crate::common::{Rng, Sent};
use crate::{child, proc};

const SIZE: usize = 64;

fn memories() -> Vec<OsMemory> {
    let plain = OsMemory::builder();
    let local = OsMemory::builder().placement(Placement::Local).fallback(Fallback::FirstTouch);
    let all = [plain.clone(), plain.clone().huge_pages(HugePages::On), plain.guard_pages(true), local.prefault(true)];
    all.map(|settings| settings.build().unwrap()).into()
}

fn builder(memory: OsMemory) -> RawPoolBuilder<OsMemory> {
    RawPool::builder(Layout::from_size_align(SIZE, 16).unwrap()).parent(memory)
}

#[test]
fn a_local_pool_grows_shrinks_and_resets_over_memory_from_the_system() {
    for memory in memories() {
        let pool = builder(memory).first_segment(10_000).max_segment(1 << 20).build().unwrap();
        let mut rng = Rng::new(1);
        let mut live: Vec<Sent> = Vec::new();
        for round in 0..30 {
            for _ in 0..rng.below(5_000) {
                let chunk = Sent(pool.allocate().unwrap());
                chunk.stamp(SIZE);
                live.push(chunk);
            }
            for _ in 0..rng.below(live.len() + 1) {
                let chunk = live.swap_remove(rng.below(live.len()));
                chunk.check(SIZE);
                // SAFETY: it was live, and is forgotten.
                unsafe { pool.deallocate(chunk.0) };
            }
            match round % 15 {
                7 => pool.shrink_to_fit(),
                14 => {
                    live.drain(..).for_each(|chunk| chunk.check(SIZE));
                    // SAFETY: all chunks are forgotten.
                    unsafe { pool.reset() };
                }
                _ => {}
            }
            pool.assert_valid();
            assert_eq!(pool.len(), live.len());
        }
    }
}

#[test]
fn a_pool_with_large_segments_lies_on_huge_pages() {
    let system = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").unwrap_or_default();
    if system.is_empty() || system.contains("[never]") {
        eprintln!("skipped: this system gives no huge pages");
        return;
    }
    let memory = OsMemory::builder().huge_pages(HugePages::On).build().unwrap();
    let huge = memory.huge_page_size();
    let pool = builder(memory).first_segment(huge).build().unwrap();
    let chunks: Vec<_> = (0..8 * huge / SIZE).map(|_| Sent(pool.allocate().unwrap())).collect();
    chunks.iter().for_each(|chunk| chunk.stamp(SIZE));
    // A system that is short of memory may not have one for each.
    let on_huge_pages = |chunk: &Sent| proc::smaps(chunk.0.addr().get(), "AnonHugePages") >= huge;
    let on_huge = chunks.iter().step_by(huge / SIZE / 4).filter(|chunk| on_huge_pages(chunk)).count();
    assert!(on_huge >= 16, "{on_huge} of 32");
}

#[test]
fn a_thread_safe_pool_serves_threads_that_free_each_others_chunks() {
    for memory in memories() {
        let pool = builder(memory).max_segment(1 << 20).build_sync().unwrap();
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..4).map(|_| mpsc::channel::<Sent>()).unzip();
        thread::scope(|scope| {
            for (number, receiver) in receivers.into_iter().enumerate() {
                let senders = senders.clone();
                let pool = &pool;
                scope.spawn(move || {
                    let mut rng = Rng::new(number as u64 + 1);
                    for _ in 0..20_000 {
                        let chunk = Sent(pool.allocate().unwrap());
                        chunk.stamp(SIZE);
                        senders[rng.below(4)].send(chunk).unwrap();
                        receiver.try_iter().for_each(|chunk| free(pool, chunk));
                    }
                    drop(senders);
                    receiver.iter().for_each(|chunk| free(pool, chunk));
                });
            }
            drop(senders);
        });
        // SAFETY: the threads have ended.
        unsafe { pool.assert_valid() };
        assert_eq!(pool.len(), 0);
    }
}

fn free(pool: &SyncRawPool, chunk: Sent) {
    chunk.check(SIZE);
    // SAFETY: it was live, and its only owner gives it back.
    unsafe { pool.deallocate(chunk.0) };
}

#[test]
#[cfg_attr(goo_asan, ignore = "AddressSanitizer maps memory of its own meanwhile")]
fn a_pool_gives_the_system_back_all_that_it_took() {
    const TEST: &str = "pools::a_pool_gives_the_system_back_all_that_it_took";
    if child::part().is_none() {
        assert!(child::run(TEST, "alone").success());
        return;
    }
    const COUNT: usize = 300_000;
    // Written once, so that it is resident already.
    let mut chunks = vec![Sent(NonNull::dangling()); COUNT];
    chunks.clear();
    for memory in memories() {
        let before = (proc::status("VmSize"), proc::resident());
        let pool = builder(memory.clone()).build().unwrap();
        for _ in 0..COUNT {
            let chunk = Sent(pool.allocate().unwrap());
            chunk.stamp(SIZE);
            chunks.push(chunk);
        }
        let bytes = COUNT * SIZE;
        assert!(proc::resident() > before.1 + bytes);
        // Freed and shrunk, a pool keeps one segment at most; dropped, nothing.
        for chunk in chunks.drain(..) {
            // SAFETY: it was live, and is forgotten.
            unsafe { pool.deallocate(chunk.0) };
        }
        pool.shrink_to_fit();
        assert!(proc::resident() < before.1 + bytes / 4);
        drop(pool);
        assert_eq!(proc::status("VmSize"), before.0);
        assert!(proc::resident() < before.1 + bytes / 8);
    }
}
