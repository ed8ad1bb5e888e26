//! The one thing in which the executors differ: where tasks come from.

use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Wake, Waker};

use goo_pool_typed::{ArcPool, PoolArc, PoolWake, SyncPool, SyncPoolBox, unsize};

use crate::executor::Task;

/// A kind of tasks. The executor is written once, against this trait.
pub(crate) trait Kind: Sized + 'static {
    const NAME: &'static str;
    /// A future of any type.
    type Future: Future<Output = ()> + Unpin + Send;
    /// Shares a task with its wakers. One pointer wide, as a waker's data must be.
    type Handle: Deref<Target = Task<Self>> + Clone + Send + Sync;
    /// What futures of one type are taken from.
    type Futures<F: Send>: Send + Sync;
    /// What tasks are taken from.
    type Tasks: Send + Sync;

    fn futures<F: Send>(most: usize) -> Self::Futures<F>;
    fn tasks(most: usize) -> Self::Tasks;

    fn pin<F: Future<Output = ()> + Send + 'static>(futures: &Self::Futures<F>, future: F) -> Self::Future;
    fn share(tasks: &Self::Tasks, task: Task<Self>) -> Self::Handle;
    fn waker(task: Self::Handle) -> Waker;
}

/// `Box` and `Arc`: what one writes without a pool.
pub(crate) struct Boxed;

impl Kind for Boxed {
    const NAME: &'static str = "Box and Arc";
    type Future = Pin<Box<dyn Future<Output = ()> + Send>>;
    type Handle = Arc<Task<Self>>;
    type Futures<F: Send> = PhantomData<fn() -> F>;
    type Tasks = ();

    fn futures<F: Send>(_: usize) -> PhantomData<fn() -> F> {
        PhantomData
    }

    fn tasks(_: usize) {}

    fn pin<F: Future<Output = ()> + Send + 'static>(_: &PhantomData<fn() -> F>, future: F) -> Self::Future {
        Box::pin(future)
    }

    fn share((): &(), task: Task<Self>) -> Arc<Task<Self>> {
        Arc::new(task)
    }

    fn waker(task: Arc<Task<Self>>) -> Waker {
        task.into()
    }
}

impl Wake for Task<Boxed> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.wants_to_be_queued() {
            self.executor().queue(self.clone());
        }
    }
}

/// A pool for each type of future, and one for all tasks.
pub(crate) struct Pooled;

impl Kind for Pooled {
    const NAME: &'static str = "pools";
    type Future = Pin<SyncPoolBox<dyn Future<Output = ()> + Send>>;
    type Handle = PoolArc<Task<Self>>;
    type Futures<F: Send> = SyncPool<F>;
    type Tasks = ArcPool<Task<Self>>;

    fn futures<F: Send>(most: usize) -> SyncPool<F> {
        SyncPool::with_capacity(most)
    }

    fn tasks(most: usize) -> ArcPool<Task<Self>> {
        ArcPool::with_capacity(most)
    }

    fn pin<F: Future<Output = ()> + Send + 'static>(futures: &SyncPool<F>, future: F) -> Self::Future {
        unsize!(futures.pin(future), dyn Future<Output = ()> + Send)
    }

    fn share(tasks: &ArcPool<Task<Self>>, task: Task<Self>) -> PoolArc<Task<Self>> {
        tasks.alloc(task)
    }

    fn waker(task: PoolArc<Task<Self>>) -> Waker {
        task.into()
    }
}

impl PoolWake for Task<Pooled> {
    fn wake(this: PoolArc<Self>) {
        Self::wake_by_ref(&this);
    }

    fn wake_by_ref(this: &PoolArc<Self>) {
        if this.wants_to_be_queued() {
            this.executor().queue(this.clone());
        }
    }
}
