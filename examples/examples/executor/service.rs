//! What the tasks do: one for each line counts its words, and one adds up.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use crate::channel::Channel;
use crate::executor::Executor;
use crate::kinds::Kind;

/// Tasks at a time. The one that adds up is one of them.
pub(crate) const MOST_TASKS: usize = 256;
const MOST_MESSAGES: usize = 16;

/// A line's number and its words.
type Answer = (usize, usize);

/// What the tasks share.
pub(crate) struct Service<K: Kind> {
    executor: Arc<Executor<K>>,
    answers: Channel<Answer>,
    /// Words of each line.
    words: Mutex<Vec<usize>>,
    total: AtomicUsize,
}

impl<K: Kind> Service<K> {
    pub(crate) fn new(executor: Arc<Executor<K>>, lines: usize) -> Arc<Self> {
        Arc::new(Self {
            executor,
            answers: Channel::new(MOST_MESSAGES, MOST_TASKS),
            words: Mutex::new(vec![0; lines]),
            total: AtomicUsize::new(0),
        })
    }

    /// The task of a line.
    pub(crate) async fn answer(self: Arc<Self>, number: usize, line: &'static str) {
        // As if something else were asked first, which takes some time.
        self.executor.timers.sleep(number as u64 * 7 % 13).await;
        let words = line.split_whitespace().count();
        self.executor.timers.sleep(words as u64 % 3).await;
        self.answers.send((number, words)).await;
    }

    /// The task that adds up so many answers.
    pub(crate) async fn add_up(self: Arc<Self>, answers: usize) {
        for _ in 0..answers {
            let (number, words) = self.answers.receive().await;
            self.words.lock().expect("nobody panics")[number] = words;
            self.total.fetch_add(words, Relaxed);
        }
    }

    /// Words of all lines so far, which are then forgotten. Each line must have been counted right.
    pub(crate) fn take_total(&self, text: &str) -> usize {
        let mut words = self.words.lock().expect("nobody panics");
        let counted = words.iter().copied();
        assert!(text.lines().map(|line| line.split_whitespace().count()).eq(counted), "a line is counted wrong");
        words.fill(0);
        self.total.swap(0, Relaxed)
    }
}
