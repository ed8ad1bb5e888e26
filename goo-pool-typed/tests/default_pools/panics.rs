//! Constructors, defaults and destructors that panic, with a default pool.

use std::cell::Cell;

use goo_pool_typed::generic::{Kind, PoolBox};
use goo_pool_typed::{DefaultPool, Pooled, SyncPoolBox};

use crate::common::{Entry, Ledger, panic_of};

thread_local! {
    /// The ledger of the test that runs on this thread: each has one of its own.
    static LEDGER: Ledger = Ledger::default();
    static PANIC: Cell<bool> = const { Cell::new(false) };
}

/// An entry of the test's ledger, or a panic.
fn entry() -> Entry {
    assert!(!PANIC.get(), "the constructor panics");
    LEDGER.with(Ledger::entry)
}

#[derive(Pooled)]
#[pooled(thread_local)]
struct Local {
    #[pooled(default = entry())]
    first: Entry,
    given: Entry,
    #[pooled(default = Some(goo_pool_typed::PoolBox::new(Small(entry()))))]
    _inner: Option<goo_pool_typed::PoolBox<Small>>,
    #[pooled(default = entry_unless(fails))]
    _second: Entry,
    fails: bool,
}

#[derive(Pooled)]
#[pooled(thread_local)]
struct Small(#[expect(dead_code, reason = "only dropped")] Entry);

fn entry_unless(fails: bool) -> Entry {
    assert!(!fails, "the constructor panics");
    entry()
}

#[test]
fn a_field_that_panics_leaves_nothing_behind() {
    LEDGER.with(|ledger| {
        let message = panic_of(|| drop(Local::new(entry(), true)));
        assert_eq!(message, "the constructor panics");
        ledger.assert_settled();
        assert_eq!((Local::default_pool().len(), Small::default_pool().len()), (0, 0));

        let whole = Local::new(entry(), false);
        assert_eq!((ledger.live(), Local::default_pool().len()), (4, 1));
        assert!(whole.first.number > whole.given.number);
        drop(whole);
        ledger.assert_settled();
    });
}

impl Default for Small {
    fn default() -> Self {
        let own = entry();
        // Another box from the pool, which goes with the panic.
        let _other = goo_pool_typed::PoolBox::new(Small(entry_unless(false)));
        PANIC.set(true);
        let _ = entry();
        Small(own)
    }
}

#[test]
fn a_default_that_panics_leaves_nothing_behind() {
    LEDGER.with(|ledger| {
        let message = panic_of(|| drop(goo_pool_typed::PoolBox::<Small>::default()));
        assert_eq!(message, "the constructor panics");
        PANIC.set(false);
        ledger.assert_settled();
        assert!(Small::default_pool().is_empty());
    });
}

/// An entry for a global pool: what it records is this thread's.
struct Shared(Entry);

goo_pool_typed::default_pool!(global, Shared);

fn unwinds<T: DefaultPool<Handle = H>, H: Kind>(make: fn(Entry) -> T) {
    LEDGER.with(|ledger| {
        let made = ledger.entry().number + 1;
        assert!(panic_of(|| drop(PoolBox::<T, H>::new_with(|| panic!("no value")))).contains("no value"));
        let boxed = PoolBox::new(make(ledger.entry()));
        ledger.panic_in_drop_of(made);
        assert!(panic_of(|| drop(boxed)).contains("the destructor panics"));
        ledger.assert_settled();
        assert!(T::default_pool().is_empty());
        T::with_default_pool(|pool| drop(pool.alloc(make(ledger.entry()))));
        let panicked = panic_of(|| T::with_default_pool(|_| panic!("while the pool is lent")));
        assert_eq!(panicked, "while the pool is lent");
        drop(PoolBox::new(make(ledger.entry())));
        ledger.assert_settled();
    });
}

#[test]
fn a_default_pool_is_whole_after_a_panic() {
    unwinds(Small);
}

#[test]
fn a_global_pool_is_whole_after_a_panic() {
    unwinds(Shared);
    let shared: SyncPoolBox<Shared> = SyncPoolBox::new(Shared(entry()));
    assert_eq!(LEDGER.with(Ledger::live), 1);
    assert!(shared.0.number < usize::MAX);
}
