//! What the compiler promises about the public types: which threads, and one word.

use std::alloc::Layout;
use std::panic::{RefUnwindSafe, UnwindSafe};

use goo_pool_core::{
    AllocError, BuildError, Config, FixedMemory, Geometry, Global, LayoutTooLarge, PoolHandle, RawPool, RawPoolBuilder,
    SendRawPool, Stats,
};
#[cfg(feature = "std")]
use goo_pool_core::{LocalShard, LockedParent, Parent, SyncPoolHandle, SyncRawPool};
use static_assertions::{assert_eq_size, assert_impl_all, assert_not_impl_any};

#[test]
fn a_pool_and_its_handles_stay_on_one_thread() {
    assert_not_impl_any!(RawPool: Send, Sync, Clone);
    assert_not_impl_any!(PoolHandle: Send, Sync);
    assert_impl_all!(PoolHandle: Clone);
}

#[test]
fn a_pool_whose_parent_may_change_threads_may_be_built_so_that_it_may_too() {
    assert_impl_all!(SendRawPool: Send, UnwindSafe, RefUnwindSafe);
    assert_not_impl_any!(SendRawPool: Sync, Clone);
    // What several pools of one thread share stays there.
    assert_impl_all!(FixedMemory: Send);
    assert_not_impl_any!(FixedMemory: Sync);
    assert_not_impl_any!(&'static FixedMemory: Send);
}

#[cfg(feature = "std")]
#[test]
fn a_thread_safe_pool_goes_anywhere_and_its_shards_stay() {
    assert_impl_all!(SyncRawPool: Send, Sync);
    assert_not_impl_any!(SyncRawPool: Clone);
    assert_impl_all!(SyncPoolHandle: Send, Sync, Clone);
    assert_not_impl_any!(LocalShard<'static>: Send, Sync, Clone);
    // What a thread-safe pool is built from goes with it.
    assert_impl_all!(RawPoolBuilder<Global>: Send, Sync);
    assert_impl_all!(LockedParent<FixedMemory>: Parent, Send, Sync);
    // Whoever has a `Mutex` can take the parent out of it, and end it, while a pool has memory from there.
    assert_not_impl_any!(std::sync::Mutex<FixedMemory>: Parent);
    assert_not_impl_any!(&'static std::sync::Mutex<FixedMemory>: Parent);
    assert_not_impl_any!(std::cell::RefCell<FixedMemory>: Parent);
}

/// A panic of the parent leaves a pool whole, so it may be used afterwards.
#[test]
fn a_pool_is_usable_after_a_panic() {
    assert_impl_all!(RawPool: UnwindSafe, RefUnwindSafe);
    assert_impl_all!(PoolHandle: UnwindSafe, RefUnwindSafe);
    #[cfg(feature = "std")]
    {
        assert_impl_all!(SyncRawPool: UnwindSafe, RefUnwindSafe);
        assert_impl_all!(SyncPoolHandle: UnwindSafe, RefUnwindSafe);
        assert_impl_all!(LocalShard<'static>: UnwindSafe, RefUnwindSafe);
    }
}

#[test]
fn plain_data_goes_anywhere() {
    assert_impl_all!(AllocError: Send, Sync, Copy, std::error::Error);
    assert_impl_all!(BuildError: Send, Sync, Copy, std::error::Error);
    assert_impl_all!(LayoutTooLarge: Send, Sync, Copy, std::error::Error);
    assert_impl_all!(Config: Send, Sync, Clone);
    assert_impl_all!(Geometry: Send, Sync, Copy);
    assert_impl_all!(Stats: Send, Sync, Copy);
    assert_impl_all!(RawPoolBuilder<Global>: Send, Sync, Clone);
}

#[test]
fn a_pool_is_one_word() {
    assert_eq_size!(RawPool, PoolHandle, usize);
    #[cfg(feature = "std")]
    assert_eq_size!(SyncRawPool, SyncPoolHandle, Option<SyncPoolHandle>, usize);
    let pool = RawPool::new(Layout::new::<u8>()).unwrap();
    assert_eq!(pool.layout(), Layout::new::<u8>());
}
