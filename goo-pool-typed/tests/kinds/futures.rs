//! `pin`: futures in a pool, as they are and as trait objects.

use std::cell::RefCell;
use std::future::Future;
use std::mem::forget;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::common::{Entry, Ledger, panic_of, scaled};
use crate::kind::{Pool, PoolBox};
use goo_pool_typed::unsize;

/// Is pending so many times.
struct Pending(u32);

impl Future for Pending {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.0 == 0 {
            return Poll::Ready(());
        }
        self.0 -= 1;
        Poll::Pending
    }
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Keeps a reference into itself from one poll to the next.
async fn sum(numbers: [u64; 20], pauses: u32) -> u64 {
    let last = &numbers[19];
    Pending(pauses).await;
    numbers.iter().sum::<u64>() + last
}

/// Has the entry, also while it is pending.
async fn number_of(entry: Entry, pauses: u32) -> usize {
    Pending(pauses).await;
    entry.number
}

#[test]
fn futures_of_many_types_are_polled_to_their_ends_as_one() {
    let (sums, texts, numbers) = (Pool::new(), Pool::new(), Pool::new());
    let mut tasks: Vec<Pin<PoolBox<dyn Future<Output = u64>>>> = Vec::new();
    let rounds = scaled(200, 20) as u64;
    for n in 0..rounds {
        tasks.push(unsize!(sums.pin(sum([n; 20], n as u32 % 5)), dyn Future<Output = u64>));
        let text = format!("{n}");
        let length = async move {
            Pending(3).await;
            text.len() as u64
        };
        tasks.push(unsize!(texts.pin(length), dyn Future<Output = u64>));
        tasks.push(unsize!(numbers.pin(async move { n }), dyn Future<Output = u64>));
    }
    let mut total = 0;
    while !tasks.is_empty() {
        // The pins move, and the others are dropped in any order.
        tasks.rotate_left(1);
        tasks.retain_mut(|task| match poll(task.as_mut()) {
            Poll::Ready(value) => {
                total += value;
                false
            }
            Poll::Pending => true,
        });
    }
    let expected = (0..rounds).map(|n| 21 * n + n.to_string().len() as u64 + n).sum::<u64>();
    assert_eq!(total, expected);
    assert_eq!((sums.len(), texts.len(), numbers.len()), (0, 0, 0));
}

#[test]
fn a_pinned_trait_object_keeps_address_and_pool() {
    let pool = Pool::new();
    let pinned = pool.pin(Pending(1));
    let address = (&raw const *pinned).addr();
    let mut object: Pin<PoolBox<dyn Future<Output = ()>>> = unsize!(pinned, dyn Future<Output = ()>);
    assert_eq!((&raw const *object).cast::<u8>().addr(), address);
    assert_eq!((poll(object.as_mut()), poll(pin!(object)), pool.len()), (Poll::Pending, Poll::Ready(()), 1));
    assert!(pool.is_empty());
}

#[test]
fn a_pinned_array_becomes_a_pinned_slice() {
    let pool = Pool::new();
    let mut slice: Pin<PoolBox<[u32]>> = unsize!(pool.pin([1, 2, 3]), [u32]);
    slice[1] = 20;
    assert_eq!((slice.iter().sum::<u32>(), pool.len()), (24, 1));
}

#[test]
fn a_future_that_is_dropped_half_way_drops_what_it_has() {
    let (pool, ledger) = (Pool::new(), Ledger::default());
    let mut tasks: Vec<_> = (0..3).map(|_| pool.pin(number_of(ledger.entry(), 1))).collect();
    assert_eq!(poll(tasks[1].as_mut()), Poll::Pending);
    assert_eq!(poll(tasks[2].as_mut()), Poll::Pending);
    assert_eq!((poll(tasks[2].as_mut()), ledger.dropped()), (Poll::Ready(2), vec![2]));
    drop(tasks);
    assert!(pool.is_empty());
    ledger.assert_settled();
}

#[test]
fn a_future_that_panics_is_dropped_once() {
    let (pool, ledger) = (Pool::new(), Ledger::default());
    let entry = ledger.entry();
    let mut task: Pin<PoolBox<dyn Future<Output = ()>>> = unsize!(
        pool.pin(async move {
            let _held = entry;
            Pending(1).await;
            panic!("the future panics");
        }),
        dyn Future<Output = ()>
    );
    assert!(poll(task.as_mut()).is_pending());
    assert_eq!(panic_of(|| assert!(poll(task.as_mut()).is_ready())), "the future panics");
    assert_eq!((pool.len(), ledger.live()), (1, 0));
    drop(task);
    assert!(pool.is_empty());
    ledger.assert_settled();
}

#[test]
fn a_future_whose_destructor_panics_frees_its_chunk() {
    let (pool, ledger) = (Pool::new(), Ledger::default());
    ledger.panic_in_drop_of(0);
    let task: Pin<PoolBox<dyn Future<Output = usize>>> =
        unsize!(pool.pin(number_of(ledger.entry(), 0)), dyn Future<Output = usize>);
    assert!(panic_of(|| drop(task)).contains("the destructor panics"));
    assert!(pool.is_empty());
    ledger.assert_settled();
}

/// As tasks that spawn tasks.
#[test]
fn a_future_pins_others_in_its_own_pool() {
    type Task = Pin<PoolBox<dyn Future<Output = u32>>>;

    struct Tree {
        depth: u32,
        pool: Rc<Pool<Tree>>,
        children: RefCell<Vec<Task>>,
    }

    impl Future for Tree {
        type Output = u32;

        fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u32> {
            let mut children = self.children.borrow_mut();
            if children.is_empty() && self.depth > 0 {
                for _ in 0..3 {
                    children.push(unsize!(self.pool.pin(tree(self.depth - 1, &self.pool)), dyn Future<Output = u32>));
                }
                return Poll::Pending;
            }
            let mut nodes = 1;
            for child in children.iter_mut() {
                let Poll::Ready(below) = child.as_mut().poll(context) else { return Poll::Pending };
                nodes += below;
            }
            Poll::Ready(nodes)
        }
    }

    fn tree(depth: u32, pool: &Rc<Pool<Tree>>) -> Tree {
        Tree { depth, pool: pool.clone(), children: RefCell::default() }
    }

    let pool = Rc::new(Pool::new());
    let mut root = pool.pin(tree(scaled(5, 2) as u32, &pool));
    let nodes = loop {
        if let Poll::Ready(nodes) = poll(root.as_mut()) {
            break nodes;
        }
    };
    assert_eq!((nodes as usize, pool.len()), (scaled(364, 13), scaled(364, 13)));
    drop(root);
    assert!(pool.is_empty());
}

#[test]
fn a_future_beyond_the_limit_comes_back() {
    let pool = Pool::builder().max_chunks(1).build().expect("a pool");
    let ledger = Ledger::default();
    let first = pool.try_pin(number_of(ledger.entry(), 0)).expect("the first");
    let second = pool.try_pin(number_of(ledger.entry(), 0)).err().expect("beyond the limit").into_value();
    assert_eq!(ledger.live(), 2);
    drop(first);
    assert_eq!(poll(pool.try_pin(second).expect("room again").as_mut()), Poll::Ready(1));
    ledger.assert_settled();
}

/// A pin promises that the value is dropped before its memory is used again.
#[test]
fn the_memory_of_a_forgotten_pin_is_not_used_again() {
    // Not a leak: the memory is static.
    let pool = Pool::builder().parent(crate::common::StaticMemory).build().expect("a pool");
    let pinned = pool.pin([7_u8; 100]);
    let address = &raw const *pinned;
    forget(pinned);
    pool.shrink_to_fit();
    let others: Vec<_> = (0..scaled(1000, 40)).map(|_| pool.pin([8; 100])).collect();
    assert!(others.iter().all(|other| !std::ptr::eq(&raw const **other, address)));
    drop((pool, others));
    // SAFETY: nobody else has it, for ever.
    assert_eq!(unsafe { address.read() }, [7; 100]);
}
