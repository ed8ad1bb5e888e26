//! Feature `bytes`: buffers in a pool, and `Bytes` of them.
#![cfg(feature = "bytes")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::mem::MaybeUninit;
use std::thread;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use goo_pool_typed::{ArcPool, BufferPool, Counted, PoolArc, PoolBytes, PoolBytesMut, SyncPool, SyncPoolBox, unsize};
use static_assertions::{assert_eq_size, assert_impl_all};

use crate::common::{panic_of, scaled};

assert_eq_size!(PoolBytes, Bytes, Option<PoolBytes>);
assert_impl_all!(PoolBytes: Send, Sync, Clone, std::panic::UnwindSafe);
assert_impl_all!(PoolBytesMut: Send, Sync);

thread_local!(static REQUESTS: Cell<usize> = const { Cell::new(0) });
thread_local!(static LAST_SIZE: Cell<usize> = const { Cell::new(0) });

/// Counts what this thread asks the heap for.
struct Counting;

// SAFETY: every request goes to `System` as it came; what is counted in has no destructor and asks for nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        REQUESTS.set(REQUESTS.get() + 1);
        LAST_SIZE.set(layout.size());
        // SAFETY: the caller's promises are those of `System::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: `ptr` came from `System` with this layout.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static GLOBAL: Counting = Counting;

/// Requests to the heap while `work` runs.
fn requests<R>(work: impl FnOnce() -> R) -> (R, usize) {
    let before = REQUESTS.get();
    let result = work();
    (result, REQUESTS.get() - before)
}

#[test]
fn no_operation_of_pooled_bytes_asks_the_heap() {
    let pool = BufferPool::<256>::new();
    let warm: Vec<_> = (0..4).map(|_| pool.buffer()).collect();
    drop(warm);
    let ((), count) = requests(|| {
        for round in 0..scaled(1_000, 10) {
            let mut buffer = pool.buffer();
            buffer.put_u64(round as u64);
            buffer.put_bytes(7, 100);
            buffer.resize(200, 8);
            buffer.truncate(150);
            let mut bytes = buffer.freeze();
            let clone = bytes.clone();
            let tail = bytes.split_off(100);
            let head = bytes.split_to(8);
            assert_eq!((head.len(), bytes.len(), tail.len(), clone.len()), (8, 92, 50, 150));
            assert_eq!(head.clone().get_u64(), round as u64);
            assert!(clone.slice(100..) == tail && clone.slice(..8) == head);
        }
    });
    assert_eq!((count, pool.len()), (0, 0));
}

/// What the documentation says of `Bytes`: one request of a few words, and then none for clones and slices.
#[test]
fn bytes_take_one_small_allocation_each() {
    let pool = SyncPool::new();
    drop(pool.alloc([1_u8; 1024]));
    let boxed = pool.alloc([1_u8; 1024]);
    let (mut bytes, count) = requests(|| Bytes::from(boxed));
    assert_eq!(count, 1);
    assert!(LAST_SIZE.get() <= 32, "{} bytes", LAST_SIZE.get());
    let (parts, count) = requests(|| (bytes.split_to(10), bytes.slice(3..9), bytes.clone()));
    assert_eq!((count, pool.len()), (0, 1));
    drop((bytes, parts));
    assert!(pool.is_empty());
}

#[test]
fn bytes_are_those_of_the_pool_not_a_copy() {
    let (boxes, shared, buffers) = (SyncPool::new(), ArcPool::new(), BufferPool::<8>::new());
    let boxed = boxes.alloc(*b"in a box");
    let address = SyncPoolBox::as_ptr(&boxed).cast::<u8>();
    let bytes = Bytes::from(boxed);
    assert_eq!((&bytes[..], bytes.as_ptr()), (&b"in a box"[..], address));

    let slice: SyncPoolBox<[u8]> = unsize!(boxes.alloc(*b"a slice "), [u8]);
    let address = SyncPoolBox::as_ptr(&slice).cast::<u8>();
    let slice = Bytes::from(slice);
    assert_eq!((&slice[..], slice.as_ptr()), (&b"a slice "[..], address));

    let arc = shared.alloc(*b"shared");
    let (from_array, from_slice) = (Bytes::from(arc.clone()), Bytes::from(unsize!(arc.clone(), [u8])));
    assert_eq!((from_array.as_ptr(), from_slice.as_ptr()), (PoolArc::as_ptr(&arc).cast(), from_array.as_ptr()));
    assert_eq!((PoolArc::strong_count(&arc), &from_slice[..]), (3, &b"shared"[..]));

    let mut buffer = buffers.buffer();
    buffer.put_slice(b"partly");
    let pooled = buffer.freeze().slice(1..4);
    let address = pooled.as_ptr();
    let part = Bytes::from(pooled);
    assert_eq!((&part[..], part.as_ptr()), (&b"art"[..], address));

    assert_eq!((boxes.len(), shared.len(), buffers.len()), (2, 1, 1));
    // Bytes that are changed are a copy by then: the buffer goes back.
    let mut changed = BytesMut::from(part);
    changed[0] = b'A';
    assert_eq!((&changed[..], buffers.len()), (&b"Art"[..], 0));
    drop((bytes, slice, from_array, from_slice));
    assert_eq!((boxes.len(), PoolArc::strong_count(&arc)), (0, 1));
}

#[test]
fn a_buffer_is_filled_up_to_its_capacity_and_not_beyond() {
    let pool = BufferPool::<8>::new();
    let mut buffer = pool.buffer();
    assert_eq!((buffer.len(), buffer.capacity(), buffer.remaining_mut()), (0, 8, 8));
    buffer.put_u32(0x0102_0304);
    buffer.put_slice(&[5, 6]);
    assert_eq!((&buffer[..], buffer.remaining_mut()), (&[1, 2, 3, 4, 5, 6][..], 2));
    let text = panic_of(|| {
        let mut buffer = pool.buffer();
        buffer.put_slice(&[0; 9]);
    });
    assert!(text.contains('9'), "{text}");
    panic_of(|| buffer.put_u32(1));
    panic_of(|| buffer.resize(9, 0));
    assert_eq!(buffer[..], [1, 2, 3, 4, 5, 6], "what panics writes nothing");
    buffer.put_u16(0x0708);
    assert!(!buffer.has_remaining_mut());
    buffer.truncate(20);
    assert_eq!(buffer.len(), 8);
    buffer.truncate(3);
    buffer.resize(5, 9);
    buffer[0] = 0;
    assert_eq!(buffer[..], [0, 2, 3, 9, 9]);
    buffer.resize(2, 1);
    assert_eq!(buffer[..], [0, 2]);
    buffer.clear();
    assert!(buffer.freeze().is_empty());
    assert!(pool.is_empty());
}

#[test]
fn bytes_written_into_spare_capacity_count_when_it_is_said() {
    let pool = BufferPool::<16>::new();
    let mut buffer = pool.buffer();
    buffer.put_u8(1);
    for (slot, value) in buffer.spare_capacity_mut()[..3].iter_mut().zip(2..) {
        slot.write(value);
    }
    // SAFETY: below 16, and all four are written.
    unsafe { buffer.set_len(4) };
    assert_eq!(buffer.freeze(), [1, 2, 3, 4]);
}

#[test]
fn readers_and_writers_of_std_take_it() {
    let pool = BufferPool::<32>::new();
    let mut buffer = pool.buffer();
    write!((&mut buffer).writer(), "{}+{}", 12, 30).expect("there is room");
    assert!(write!((&mut buffer).writer(), "{}", "x".repeat(100)).is_err());
    assert_eq!(buffer.len(), 32, "as much as fits, as a slice takes it");
    buffer.truncate(5);
    let mut text = String::new();
    buffer.freeze().reader().read_to_string(&mut text).expect("it is UTF-8");
    assert_eq!((text.as_str(), pool.len()), ("12+30", 0));
}

#[test]
fn parts_outlive_the_whole_and_the_pool() {
    let pool = BufferPool::<64>::new();
    let mut buffer = pool.buffer();
    buffer.put_slice(b"one two three");
    let whole = buffer.freeze();
    let words: Vec<PoolBytes> = whole
        .split(|&byte| byte == b' ')
        .map(|word| {
            let start = word.as_ptr().addr() - whole.as_ptr().addr();
            whole.slice(start..start + word.len())
        })
        .collect();
    drop(whole);
    assert_eq!(pool.len(), 1);
    drop(pool);
    assert_eq!(words, [&b"one"[..], b"two", b"three"]);
    assert_eq!(words[0].slice(..=1).slice(1..), *b"n");
    assert!(words[1].slice(3..).is_empty() && words[1].slice(..).slice(0..0).is_empty());
}

#[test]
fn ranges_beyond_the_bytes_panic() {
    let bytes = PoolBytes::from(ArcPool::new().alloc([0; 8])).slice(2..6);
    for range in [0..5, 5..5, 4..usize::MAX, usize::MAX..usize::MAX] {
        assert!(panic_of(|| drop(bytes.slice(range))).contains("of 4 bytes"));
    }
    #[expect(clippy::reversed_empty_ranges, reason = "that is what is tested")]
    let reversed = 3..2;
    assert!(panic_of(|| drop(bytes.slice(reversed))).contains("a range from 3 to 2"));
    panic_of(|| drop(bytes.slice(..=usize::MAX)));
    panic_of(|| drop(bytes.clone().split_to(5)));
    panic_of(|| drop(bytes.clone().split_off(5)));
    panic_of(|| bytes.clone().advance(5));
    let mut rest = bytes.clone();
    assert_eq!((rest.split_to(4).len(), rest.len(), rest.split_off(0).len()), (4, 0, 0));
}

#[test]
fn it_is_read_as_any_buffer() {
    let mut bytes = PoolBytes::from(ArcPool::new().alloc([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
    assert_eq!((bytes.get_u16(), bytes.remaining()), (1, 8));
    assert_eq!(bytes.copy_to_bytes(3), [2, 3, 4][..]);
    let mut chain = bytes.slice(3..).chain(bytes.slice(..2));
    assert_eq!(chain.copy_to_bytes(4), [8, 9, 5, 6][..]);
    bytes.advance(5);
    assert!(!bytes.has_remaining());
}

#[test]
fn it_compares_hashes_and_shows_as_its_bytes() {
    let pool = ArcPool::new();
    let (a, b) = (PoolBytes::from(pool.alloc(*b"abc")), PoolBytes::from(pool.alloc(*b"abd")));
    assert!(a < b && a == a.clone() && a != b);
    assert!(a == "abc" && a == b"abc"[..] && a == vec![b'a', b'b', b'c'] && a == Bytes::from_static(b"abc"));
    assert_eq!(format!("{:?}", PoolBytes::from(ArcPool::new().alloc(*b"a\"\n\xff"))), r#"b"a\"\n\xff""#);
    let map = HashMap::from([(a, 1), (b, 2)]);
    assert_eq!((map.get(&b"abd"[..]), map.get(&b"x"[..])), (Some(&2), None));
}

#[test]
fn a_buffer_beyond_the_limit_is_an_error() {
    let pool = BufferPool::<100>::from(BufferPool::builder().max_chunks(2).build().expect("a pool"));
    let both = [pool.buffer(), pool.buffer()];
    assert!(pool.try_buffer().is_err());
    panic_of(|| drop(pool.buffer()));
    let [first, second] = both.map(PoolBytesMut::freeze);
    drop(first);
    assert!(pool.try_buffer().is_ok());
    drop((pool, second));
}

#[test]
fn buffers_of_every_size_have_their_own_bytes() {
    fn check<const N: usize>() {
        let pool = BufferPool::<N>::new();
        let local = pool.local();
        let count = scaled(70, 4);
        let filled: Vec<PoolBytes> = (0..count)
            .map(|n| {
                let mut buffer = local.buffer();
                buffer.resize(N, n as u8);
                buffer.freeze()
            })
            .collect();
        for (n, bytes) in filled.iter().enumerate() {
            assert!(bytes.len() == N && bytes.iter().all(|&byte| byte == n as u8));
        }
        assert_eq!(pool.len(), count);
        let all = filled.iter().map(|bytes| Bytes::from(bytes.clone())).collect::<Vec<_>>();
        drop(filled);
        assert!(all.iter().enumerate().all(|(n, bytes)| bytes.len() == N && bytes.iter().all(|&byte| byte == n as u8)));
        drop(all);
        assert!(pool.is_empty());
    }

    check::<0>();
    check::<1>();
    check::<8>();
    check::<63>();
    check::<1500>();
    check::<{ 64 << 10 }>();
}

#[test]
fn clones_are_dropped_on_other_threads() {
    static POOL: BufferPool<128> = BufferPool::new();
    for round in 0..scaled(50, 2) {
        let mut buffer = POOL.buffer();
        buffer.put_bytes(round as u8, 128);
        let bytes = buffer.freeze();
        let threads: Vec<_> = (0..3)
            .map(|n| {
                let (part, whole) = (bytes.slice(n..n + 10), Bytes::from(bytes.clone()));
                thread::spawn(move || part.iter().chain(&whole).map(|&byte| usize::from(byte)).sum::<usize>())
            })
            .collect();
        drop(bytes);
        for thread in threads {
            assert_eq!(thread.join().expect("it only adds"), round * 138);
        }
    }
    assert!(POOL.is_empty());
}

/// A box of a buffer's memory, before it is shared.
#[test]
fn memory_without_values_is_shared_as_it_is() {
    let pool = BufferPool::<4>::new();
    let mut memory: SyncPoolBox<Counted<[MaybeUninit<u8>; 4]>> = pool.alloc_box([MaybeUninit::new(1); 4]);
    memory[3].write(9);
    let shared = PoolArc::from(memory);
    // SAFETY: all four are written.
    assert_eq!(unsafe { shared[3].assume_init() }, 9);
}
