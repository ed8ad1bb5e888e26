//! `bumpalo` as a client: an arena that takes its chunks from a pool. It knows only the global allocator, so the pool is that here.

use bumpalo::Bump;
use goo_pool_core::SyncClassPool;

#[global_allocator]
static GLOBAL: SyncClassPool = SyncClassPool::new();

/// Whether an object lies in a chunk of the pool that starts at most so many bytes before it.
fn is_in_the_pool<T>(object: &T, bytes: usize) -> bool {
    let address = std::ptr::from_ref(object).cast::<u8>();
    (0..bytes).any(|before| GLOBAL.owns(address.wrapping_sub(before)))
}

/// From a first chunk of a few hundred bytes to those that no class serves, through resets, on several threads.
#[test]
fn an_arena_lies_in_the_pool() {
    let threads: Vec<_> = (0..3_u64)
        .map(|thread| {
            std::thread::spawn(move || {
                let mut arena = Bump::new();
                assert!(is_in_the_pool(arena.alloc(thread), 1000));
                for round in 0..if cfg!(miri) { 2 } else { 20 } {
                    let numbers: Vec<&mut [u64; 10]> =
                        (0..200 * round).map(|n| arena.alloc([n * thread; 10])).collect();
                    assert!(numbers.iter().enumerate().all(|(n, ten)| ten[9] == n as u64 * thread));
                    let text = arena.alloc_str("at the end of all that");
                    assert_eq!(text.len(), 22);
                    drop(numbers);
                    arena.reset();
                }
                arena
            })
        })
        .collect();
    // Each arena ends on another thread than the one it grew on.
    for thread in threads {
        let arena = thread.join().unwrap();
        assert!(arena.allocated_bytes() > 0);
    }
    let small = Bump::with_capacity(1000);
    assert!(is_in_the_pool(small.alloc(1_u8), 2000));
}
