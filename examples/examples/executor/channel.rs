//! A bounded channel between tasks: many send, one receives.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

pub(crate) struct Channel<T>(Mutex<State<T>>);

struct State<T> {
    messages: VecDeque<T>,
    most: usize,
    /// Waits for a message.
    receiver: Option<Waker>,
    /// Wait for room.
    senders: VecDeque<Waker>,
}

impl<T: Copy> Channel<T> {
    /// For so many messages, and so many senders that wait.
    pub(crate) fn new(messages: usize, senders: usize) -> Self {
        Self(Mutex::new(State {
            messages: VecDeque::with_capacity(messages),
            most: messages,
            receiver: None,
            senders: VecDeque::with_capacity(senders),
        }))
    }

    pub(crate) async fn send(&self, message: T) {
        let receiver = poll_fn(|context| {
            let mut state = self.state();
            if state.messages.len() == state.most {
                state.senders.push_back(context.waker().clone());
                return Poll::Pending;
            }
            state.messages.push_back(message);
            Poll::Ready(state.receiver.take())
        })
        .await;
        if let Some(receiver) = receiver {
            receiver.wake();
        }
    }

    pub(crate) async fn receive(&self) -> T {
        let (message, sender) = poll_fn(|context| {
            let mut state = self.state();
            let Some(message) = state.messages.pop_front() else {
                state.receiver = Some(context.waker().clone());
                return Poll::Pending;
            };
            Poll::Ready((message, state.senders.pop_front()))
        })
        .await;
        if let Some(sender) = sender {
            sender.wake();
        }
        message
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Nothing panics while it is locked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
