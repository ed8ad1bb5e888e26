//! A program whose global allocator is a pool, from start to exit: several threads count words, others come and go, and
//! thread-local destructors free and allocate. No test harness, so that all there is runs on the pool.

use std::alloc::Layout;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::panic;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;

use goo_pool_core::{Parent, SyncClassPool, System};

/// Knows how much the pool has from the system.
struct Counting {
    bytes: AtomicUsize,
    calls: AtomicUsize,
}

// SAFETY: all memory comes from `System`.
unsafe impl Parent for Counting {
    fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        self.bytes.fetch_add(layout.size(), Relaxed);
        self.calls.fetch_add(1, Relaxed);
        System.allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        self.bytes.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.deallocate(ptr, layout) }
    }

    fn allocate_zeroed(&self, layout: Layout) -> Option<NonNull<u8>> {
        self.bytes.fetch_add(layout.size(), Relaxed);
        System.allocate_zeroed(layout)
    }

    unsafe fn reallocate(&self, ptr: NonNull<u8>, layout: Layout, new_size: usize) -> Option<NonNull<u8>> {
        self.bytes.fetch_add(new_size, Relaxed);
        self.bytes.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.reallocate(ptr, layout, new_size) }
    }
}

static PARENT: Counting = Counting { bytes: AtomicUsize::new(0), calls: AtomicUsize::new(0) };

#[global_allocator]
static GLOBAL: SyncClassPool = SyncClassPool::with_parent(&PARENT);

const THREADS: usize = 4;

fn scaled(full: usize, miri: usize) -> usize {
    if cfg!(miri) { miri } else { full }
}

fn main() {
    println!("running on a pool");
    let tests: [(&str, fn()); 7] = [
        ("what_the_program_allocates_lies_in_the_pool", what_the_program_allocates_lies_in_the_pool),
        ("threads_count_words", threads_count_words),
        ("vectors_grow_beyond_the_classes", vectors_grow_beyond_the_classes),
        ("a_panic_is_caught", a_panic_is_caught),
        ("thread_local_destructors_free_and_allocate", thread_local_destructors_free_and_allocate),
        ("the_memory_of_ended_threads_is_found_again", the_memory_of_ended_threads_is_found_again),
        ("memory_goes_back_to_the_system", memory_goes_back_to_the_system),
    ];
    for (name, test) in tests {
        test();
        // SAFETY: all other threads were joined.
        unsafe { GLOBAL.assert_valid() };
        println!("test {name} ... ok");
    }
    println!("{}", GLOBAL.stats());
}

fn what_the_program_allocates_lies_in_the_pool() {
    let (boxed, text, tree) = (Box::new([7_u64; 9]), String::from("in the pool"), BTreeMap::from([(1, 2)]));
    let on_thread = thread::spawn(|| Box::new(1_u8)).join().unwrap();
    assert!(GLOBAL.owns((&raw const *boxed).cast()));
    assert!(GLOBAL.owns(text.as_ptr()));
    assert!(GLOBAL.owns(&raw const *on_thread));
    assert!(!GLOBAL.owns((&raw const GLOBAL).cast()));
    assert_eq!(tree[&1], 2);
    assert!(GLOBAL.stats().bytes_reserved <= PARENT.bytes.load(Relaxed));
}

/// Word number `index` of a text in which some words are frequent.
fn word(index: usize) -> String {
    let mixed = index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    format!("w{:x}", (mixed % 1000) * (mixed % 7))
}

/// Each thread counts a part of the text, and sends what it found, with the places; this thread puts the parts together.
fn threads_count_words() {
    let words = scaled(100_000, 200);
    let (send, receive) = mpsc::channel::<HashMap<String, Vec<usize>>>();
    let workers: Vec<_> = (0..THREADS)
        .map(|number| {
            let send = send.clone();
            thread::spawn(move || {
                let mut found = HashMap::<String, Vec<usize>>::new();
                for index in (number..words).step_by(THREADS) {
                    found.entry(word(index)).or_default().push(index);
                    if found.len() == 500 {
                        send.send(std::mem::take(&mut found)).unwrap();
                    }
                }
                send.send(found).unwrap();
            })
        })
        .collect();
    drop(send);
    let mut all = HashMap::<String, Vec<usize>>::new();
    for (word, places) in receive.into_iter().flatten() {
        all.entry(word).or_default().extend(places);
    }
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    let mut seen = vec![false; words];
    for (expected, places) in &all {
        for &place in places {
            assert_eq!(*expected, word(place));
            assert!(!std::mem::replace(&mut seen[place], true), "counted twice");
        }
    }
    assert!(seen.into_iter().all(|seen| seen), "not counted");
}

fn vectors_grow_beyond_the_classes() {
    let most = scaled(1 << 20, 20_000);
    let mut vector = Vec::new();
    (0..most).for_each(|value| vector.push(value));
    assert!(vector.iter().copied().eq(0..most));
    vector.truncate(100);
    vector.shrink_to_fit();
    assert!(GLOBAL.owns(vector.as_ptr().cast()), "small enough for a class again");
    assert!(vector.iter().copied().eq(0..100));
    // All of it zeros, in a class and beyond.
    for bytes in [100, 1000, 30_000, 40_000, scaled(64 << 20, 50_000)] {
        let zeros = vec![0_u8; bytes];
        assert!(zeros.iter().step_by(997).all(|&byte| byte == 0));
    }
    let mut aligned = Vec::new();
    (0..20).for_each(|byte| aligned.push(Aligned([byte; 8192])));
    assert!(aligned.iter().all(|value| (&raw const *value).addr() % 8192 == 0));
    assert!((0..20).all(|byte| aligned[usize::from(byte)].0 == [byte; 8192]));
}

#[repr(align(8192))]
struct Aligned([u8; 8192]);

fn a_panic_is_caught() {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let payload = thread::spawn(|| panic!("with {} parts", vec!["allocated"; 2].len())).join().unwrap_err();
    panic::set_hook(hook);
    assert_eq!(payload.downcast_ref::<String>().unwrap(), "with 2 parts");
}

thread_local! {
    static KEPT: RefCell<Kept> = const { RefCell::new(Kept { words: Vec::new(), send: None }) };
}

/// Frees what the thread allocated when the thread ends, and allocates for another one.
struct Kept {
    words: Vec<String>,
    send: Option<mpsc::Sender<Vec<String>>>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(send) = self.send.take() {
            let said = self.words.drain(..).map(|word| word + " at the end").collect();
            send.send(said).unwrap();
        }
    }
}

fn thread_local_destructors_free_and_allocate() {
    let (send, receive) = mpsc::channel();
    for round in 0..scaled(100, 3) {
        let workers: Vec<_> = (0..THREADS)
            .map(|number| {
                let send = send.clone();
                thread::spawn(move || {
                    KEPT.with_borrow_mut(|kept| {
                        kept.words.extend((0..scaled(50, 5)).map(|word| format!("{number}.{round}.{word}")));
                        kept.send = Some(send);
                    });
                })
            })
            .collect();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    }
    drop(send);
    let mut said: Vec<_> = receive.into_iter().flatten().collect();
    assert!(said.iter().all(|word| word.ends_with(" at the end")));
    said.sort();
    said.dedup();
    assert_eq!(said.len(), scaled(100, 3) * THREADS * scaled(50, 5));
}

/// Threads that start, work and end, so many at a time. What they left is used by those after them.
fn the_memory_of_ended_threads_is_found_again() {
    let generation = || {
        let workers: Vec<_> = (0..THREADS)
            .map(|number| {
                thread::spawn(move || {
                    let texts: Vec<String> =
                        (0..scaled(2000, 30)).map(|index| word(index * THREADS + number)).collect();
                    let left: Vec<String> = texts.iter().skip(1).step_by(50).cloned().collect();
                    assert!(texts.iter().enumerate().all(|(index, text)| *text == word(index * THREADS + number)));
                    left
                })
            })
            .collect();
        // Freed here, not where it was allocated.
        workers.into_iter().map(|worker| worker.join().unwrap().len()).sum::<usize>()
    };
    (0..scaled(20, 2)).for_each(|_| assert_ne!(generation(), 0));
    let before = PARENT.bytes.load(Relaxed);
    (0..scaled(200, 3)).for_each(|_| assert_ne!(generation(), 0));
    let after = PARENT.bytes.load(Relaxed);
    // One generation at a time has about 200 KB.
    assert!(after <= before + 200_000, "grew from {before} to {after} bytes, though all was freed");
}

fn memory_goes_back_to_the_system() {
    let before = PARENT.bytes.load(Relaxed);
    let words: Vec<String> = (0..scaled(200_000, 300)).map(|index| format!("number {index} of many")).collect();
    let peak = PARENT.bytes.load(Relaxed);
    assert!(peak >= before + words.len() * 24);
    drop(words);
    GLOBAL.shrink_to_fit();
    let after = PARENT.bytes.load(Relaxed);
    assert!(after < before + (peak - before) / 4, "{before} bytes, {peak}, then {after}");
}
