//! What the compiler promises about shared handles: sizes, `Send` and `Sync`, variance, and that they are as std's.
#![cfg(feature = "std")]
#![allow(dead_code, reason = "most of this only has to compile")]

use std::cell::Cell;
use std::fmt::{Debug, Display};
use std::marker::{PhantomData, PhantomPinned};
use std::ops::DerefMut;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Weak};

use goo_pool_typed::{
    ArcPool, Counted, LocalArcPool, PoolArc, PoolArcWeak, PoolBox, PoolRc, PoolWeak, RcPool, SyncPoolBox,
};
use static_assertions::{assert_eq_align, assert_eq_size, assert_impl_all, assert_not_impl_any};

mod sizes {
    use super::*;

    macro_rules! assert_one_word {
        ($($handle:ident),*) => {
            $(
                // One word, with a niche; two for what is not sized.
                assert_eq_size!($handle<u8>, *const u8);
                assert_eq_size!($handle<[u64; 1000]>, *const u8);
                assert_eq_size!(Option<$handle<u8>>, *const u8);
                assert_eq_size!(Option<Pin<$handle<()>>>, *const u8);
                assert_eq_size!(Result<$handle<u8>, ()>, *const u8);
                assert_eq_size!(Option<$handle<dyn Debug>>, *const dyn Debug);
                assert_eq_size!(Option<$handle<[u8]>>, *const [u8]);
                assert_eq_align!($handle<u8>, *const u8);
            )*
        };
    }

    assert_one_word!(PoolRc, PoolWeak, PoolArc, PoolArcWeak);
    assert_eq_size!(Option<RcPool<[u64; 1000]>>, *const u8);
}

/// For each `T`: the handles of one thread stay there, the others go where an `Arc` of it may.
mod threads {
    use super::*;

    type Both = u64;
    type SendOnly = Cell<u64>;
    /// As a `MutexGuard` of a `u64` is.
    struct SyncOnly(PhantomData<*const u64>);
    type Neither = *const u64;

    // SAFETY: it has nothing that could be shared.
    unsafe impl Sync for SyncOnly {}

    macro_rules! assert_one_thread {
        ($($value:ty),*) => {
            $(
                assert_not_impl_any!(RcPool<$value>: Send, Sync);
                assert_not_impl_any!(PoolRc<$value>: Send, Sync);
                assert_not_impl_any!(PoolWeak<$value>: Send, Sync);
                assert_not_impl_any!(PoolRc<[$value]>: Send, Sync);
                assert_not_impl_any!(Pin<PoolRc<$value>>: Send, Sync);
                assert_not_impl_any!(PoolBox<Counted<$value>>: Send, Sync);
                assert_not_impl_any!(LocalArcPool<'static, $value>: Send, Sync);
                // A pool hands a value to nobody but who gave it.
                assert_impl_all!(ArcPool<$value>: Send, Sync);
            )*
        };
    }

    assert_one_thread!(Both, SendOnly, SyncOnly, Neither);
    assert_not_impl_any!(PoolRc<dyn Debug + Send + Sync>: Send, Sync);

    assert_impl_all!(PoolArc<Both>: Send, Sync);
    assert_impl_all!(PoolArcWeak<Both>: Send, Sync);
    assert_impl_all!(PoolArc<[Both]>: Send, Sync);
    assert_impl_all!(Pin<PoolArc<Both>>: Send, Sync);
    assert_impl_all!(PoolArc<dyn Debug + Send + Sync>: Send, Sync);
    assert_impl_all!(PoolArcWeak<dyn Debug + Send + Sync>: Send, Sync);
    assert_impl_all!(Arc<Both>: Send, Sync);

    macro_rules! assert_not_shared {
        ($($value:ty),*) => {
            $(
                assert_not_impl_any!(PoolArc<$value>: Send, Sync);
                assert_not_impl_any!(PoolArcWeak<$value>: Send, Sync);
                assert_not_impl_any!(Arc<$value>: Send, Sync);
                assert_not_impl_any!(Weak<$value>: Send, Sync);
            )*
        };
    }

    assert_not_shared!(SendOnly, SyncOnly, Neither, dyn Debug, dyn Debug + Send, dyn Debug + Sync, [Cell<u8>]);

    // A value that is not shared yet is as in any box.
    assert_impl_all!(SyncPoolBox<Counted<SendOnly>>: Send);
    assert_not_impl_any!(SyncPoolBox<Counted<SendOnly>>: Sync);
    assert_impl_all!(SyncPoolBox<Counted<SyncOnly>>: Sync);
    assert_not_impl_any!(SyncPoolBox<Counted<SyncOnly>>: Send);
    assert_not_impl_any!(SyncPoolBox<Counted<Neither>>: Send, Sync);
}

mod traits {
    use super::*;

    macro_rules! assert_as_std {
        ($($handle:ident, $weak:ident, $pool:ident;)*) => {
            $(
                // Shared: there is no way to `&mut` that does not ask the counts.
                assert_not_impl_any!($handle<u8>: Copy, DerefMut, AsMut<u8>);
                assert_impl_all!($handle<Cell<*const u8>>: Clone, Unpin, Debug);
                assert_impl_all!($handle<dyn Debug>: Clone, Unpin, Debug);
                assert_impl_all!($weak<dyn Debug>: Clone, Unpin, Debug);
                assert_impl_all!($handle<PhantomPinned>: Unpin);
                assert_impl_all!($weak<PhantomPinned>: Unpin);
                assert_not_impl_any!($handle<*const u8>: Display, std::error::Error, Iterator);
                assert_not_impl_any!($handle<f64>: Eq, Ord, std::hash::Hash);
                assert_impl_all!($pool<*const u8>: Clone, Default, Debug);
                assert_impl_all!($weak<*const u8>: Default);
                assert_not_impl_any!($weak<u8>: PartialEq, std::ops::Deref);

                // As for `Rc`: what others may have changed half when one panicked.
                assert_impl_all!($handle<u8>: UnwindSafe, RefUnwindSafe);
                assert_impl_all!($weak<u8>: UnwindSafe, RefUnwindSafe);
                assert_not_impl_any!($handle<Cell<u8>>: UnwindSafe, RefUnwindSafe);
                assert_not_impl_any!($weak<Cell<u8>>: UnwindSafe, RefUnwindSafe);
                assert_impl_all!($pool<Cell<u8>>: UnwindSafe, RefUnwindSafe);
                assert_impl_all!($handle<&'static u8>: UnwindSafe);
                const _: () = is_static::<($handle<u8>, $weak<u8>, $pool<u8>)>();
            )*
        };
    }

    assert_as_std! {
        PoolRc, PoolWeak, RcPool;
        PoolArc, PoolArcWeak, ArcPool;
    }
    assert_not_impl_any!(Rc<Cell<u8>>: UnwindSafe, RefUnwindSafe);
    assert_impl_all!(Rc<u8>: UnwindSafe, RefUnwindSafe);
    assert_not_impl_any!(Counted<PhantomPinned>: Unpin);

    const fn is_static<T: 'static>() {}
}

mod drop_check {
    use super::*;

    #[test]
    fn a_pool_may_be_declared_before_what_its_values_borrow() {
        let pool = RcPool::new();
        let text = String::from("text");
        let one = pool.alloc(text.as_str());
        let weak = PoolRc::downgrade(&one);
        assert_eq!(weak.upgrade(), Some(one));
    }
}
