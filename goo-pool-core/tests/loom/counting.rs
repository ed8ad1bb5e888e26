//! Answers about a pool in use (inspect.rs).

use loom::sync::Arc;
use loom::sync::atomic::AtomicU64;
use loom::sync::atomic::Ordering::{AcqRel, Relaxed, Release};
use loom::thread;

use crate::explore::explore;

/// One is freed locally and one remotely, meanwhile: what is counted as live was so at some time, and afterwards the
/// answer is exact.
#[test]
fn live_chunks_are_those_not_freed_yet() {
    explore([0, 1, 2], || {
        let words = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        let live = |[local, remote]: &[AtomicU64; 2]| 2 - (local.load(Relaxed) | remote.load(Relaxed)).count_ones();
        let (local, remote) = (words.clone(), words.clone());
        let threads = [
            thread::spawn(move || local[0].store(0b01, Release)),
            thread::spawn(move || assert_eq!(remote[1].fetch_or(0b10, AcqRel), 0)),
        ];
        let before = live(&words);
        assert!(live(&words) <= before, "a free was forgotten");
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(live(&words), 0);
        u64::from(before)
    });
}
