//! What the compiler promises about the public types: sizes, `Send` and `Sync`, variance, drop check.

#![allow(dead_code, reason = "most of this only has to compile")]

use std::cell::Cell;
use std::fmt::{Debug, Display};
use std::marker::{PhantomData, PhantomPinned};
use std::mem::MaybeUninit;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
#[cfg(feature = "std")]
use std::sync::OnceLock;

use goo_pool_typed::generic::PoolHandle;
#[cfg(feature = "std")]
use goo_pool_typed::generic::{SyncPoolHandle, ThisThread};
use goo_pool_typed::{
    AllocError, AllocIter, BuildError, Config, Global, LazyPool, Pool, PoolBox, PoolBuilder, Reservation, Stats,
    TryAllocError, unsize,
};
#[cfg(feature = "std")]
use goo_pool_typed::{LocalPool, SyncPool, SyncPoolBox, SyncReservation};
use static_assertions::{assert_eq_align, assert_eq_size, assert_impl_all, assert_not_impl_any};

mod sizes {
    use super::*;

    // One word, with a niche.
    assert_eq_size!(PoolBox<u8>, *const u8);
    assert_eq_size!(PoolBox<[u64; 1000]>, *const u8);
    assert_eq_size!(PoolBox<()>, *const u8);
    assert_eq_size!(PoolBox<MaybeUninit<u8>>, *const u8);
    assert_eq_size!(Option<PoolBox<u8>>, *const u8);
    assert_eq_size!(Option<PoolBox<()>>, *const u8);
    assert_eq_size!(Option<Pin<PoolBox<u8>>>, *const u8);
    assert_eq_size!(Result<PoolBox<u8>, ()>, *const u8);
    assert_eq_size!(Pool<[u64; 1000]>, *const u8);
    assert_eq_size!(Option<Pool<u8>>, *const u8);
    assert_eq_size!(LazyPool<[u64; 1000]>, *const u8);
    assert_eq_align!(PoolBox<u8>, *const u8);

    #[cfg(feature = "std")]
    mod sync {
        use super::*;

        assert_eq_size!(SyncPoolBox<u8>, *const u8);
        assert_eq_size!(SyncPoolBox<()>, *const u8);
        assert_eq_size!(Option<SyncPoolBox<[u64; 1000]>>, *const u8);
        assert_eq_size!(Option<Pin<SyncPoolBox<u8>>>, *const u8);
        assert_eq_align!(SyncPoolBox<u8>, *const u8);
        assert_eq_size!(Option<SyncPoolBox<dyn Debug>>, *const dyn Debug);
        assert_eq_size!(SyncPoolBox<[u8]>, *const [u8]);
        // The handle, and whether it is there.
        assert_eq_size!(SyncPool<[u64; 1000]>, [*const u8; 2]);
    }

    // Two words for what is not sized, as all pointers to such values have.
    assert_eq_size!(PoolBox<dyn Debug>, *const dyn Debug);
    assert_eq_size!(Option<PoolBox<dyn Debug>>, *const dyn Debug);
    assert_eq_size!(PoolBox<[u8]>, *const [u8]);
    assert_eq_size!(Option<PoolBox<[u8]>>, *const [u8]);
}

/// For each `T`: only what is a value, or stands for one, may cross threads, and only as the value may.
mod threads {
    use super::*;

    type Both = u64;
    type SendOnly = Cell<u64>;
    /// As a `MutexGuard` of a `u64` is.
    struct SyncOnly(PhantomData<*const u64>);
    type Neither = *const u64;

    // SAFETY: it has nothing that could be shared.
    unsafe impl Sync for SyncOnly {}

    assert_impl_all!(Both: Send, Sync);
    assert_impl_all!(SendOnly: Send);
    assert_not_impl_any!(SendOnly: Sync);
    assert_impl_all!(SyncOnly: Sync);
    assert_not_impl_any!(SyncOnly: Send);
    assert_not_impl_any!(Neither: Send, Sync);

    // One thread's: whatever the value is.
    macro_rules! assert_one_thread {
        ($($value:ty),*) => {
            $(
                assert_not_impl_any!(Pool<$value>: Send, Sync);
                assert_not_impl_any!(LazyPool<$value>: Send, Sync);
                assert_not_impl_any!(Reservation<$value>: Send, Sync);
                assert_not_impl_any!(PoolBox<$value>: Send, Sync);
                assert_not_impl_any!(PoolBox<[$value]>: Send, Sync);
                assert_not_impl_any!(PoolBox<MaybeUninit<$value>>: Send, Sync);
                assert_not_impl_any!(Pin<PoolBox<$value>>: Send, Sync);
                assert_not_impl_any!(&'static Pool<$value>: Send, Sync);
                assert_not_impl_any!(&'static PoolBox<$value>: Send, Sync);
                assert_not_impl_any!(&'static mut PoolBox<$value>: Send, Sync);
                assert_not_impl_any!(AllocIter<'static, $value, std::vec::IntoIter<$value>>: Send, Sync);
            )*
        };
    }

    assert_one_thread!(Both, SendOnly, SyncOnly, Neither);
    assert_not_impl_any!(PoolBox<dyn Debug>: Send, Sync);
    assert_not_impl_any!(PoolBox<dyn Debug + Send + Sync>: Send, Sync);
    assert_not_impl_any!(PoolBox<str>: Send, Sync);

    // A thread-safe pool, and its builder over the default parent, are for every thread, whatever the value is. What
    // has looked a thread up is that thread's.
    #[cfg(feature = "std")]
    macro_rules! assert_many_threads {
        ($($value:ty),*) => {
            $(
                assert_impl_all!(SyncPool<$value>: Send, Sync);
                assert_impl_all!(&'static SyncPool<$value>: Send, Sync);
                // On one thread at a time.
                assert_impl_all!(SyncReservation<$value>: Send);
                assert_not_impl_any!(SyncReservation<$value>: Sync);
                assert_impl_all!(PoolBuilder<$value, Global, OnceLock<SyncPoolHandle>>: Send, Sync);
                assert_not_impl_any!(LocalPool<'static, $value>: Send, Sync);
                assert_not_impl_any!(&'static LocalPool<'static, $value>: Send, Sync);
                assert_not_impl_any!(AllocIter<'static, $value, std::vec::IntoIter<$value>, ThisThread<'static>>: Send, Sync);
            )*
        };
    }

    #[cfg(feature = "std")]
    assert_many_threads!(Both, SendOnly, SyncOnly, Neither);

    // Its boxes go where a `Box` goes, and so does what has values in it.
    #[cfg(feature = "std")]
    macro_rules! assert_as_box {
        ($($trait:ident for $value:ty),*) => {
            $(
                assert_impl_all!(Box<$value>: $trait);
                assert_impl_all!(SyncPoolBox<$value>: $trait);
                assert_impl_all!(SyncPoolBox<[$value]>: $trait);
                assert_impl_all!(SyncPoolBox<MaybeUninit<$value>>: $trait);
                assert_impl_all!(Option<SyncPoolBox<$value>>: $trait);
                assert_impl_all!(Pin<SyncPoolBox<$value>>: $trait);
                assert_impl_all!(&'static mut SyncPoolBox<$value>: $trait);
                assert_impl_all!(AllocIter<'static, $value, std::vec::IntoIter<$value>, OnceLock<SyncPoolHandle>>: $trait);
            )*
        };
        ($(not $trait:ident for $value:ty),*) => {
            $(
                assert_not_impl_any!(Box<$value>: $trait);
                assert_not_impl_any!(SyncPoolBox<$value>: $trait);
                assert_not_impl_any!(SyncPoolBox<[$value]>: $trait);
                assert_not_impl_any!(SyncPoolBox<MaybeUninit<$value>>: $trait);
                assert_not_impl_any!(Option<SyncPoolBox<$value>>: $trait);
                assert_not_impl_any!(Pin<SyncPoolBox<$value>>: $trait);
                assert_not_impl_any!(&'static mut SyncPoolBox<$value>: $trait);
                assert_not_impl_any!(AllocIter<'static, $value, std::vec::IntoIter<$value>, OnceLock<SyncPoolHandle>>: $trait);
            )*
        };
    }

    #[cfg(feature = "std")]
    mod as_box {
        use super::*;

        assert_as_box!(Send for Both, Sync for Both, Send for SendOnly, Sync for SyncOnly);
        assert_as_box!(not Sync for SendOnly, not Send for SyncOnly, not Send for Neither, not Sync for Neither);

        // Shared, a box is what its value is when shared.
        assert_impl_all!(&'static SyncPoolBox<Both>: Send, Sync);
        assert_impl_all!(&'static SyncPoolBox<SyncOnly>: Send, Sync);
        assert_not_impl_any!(&'static SyncPoolBox<SendOnly>: Send, Sync);
        assert_not_impl_any!(&'static SyncPoolBox<Neither>: Send, Sync);

        assert_not_impl_any!(SyncPoolBox<dyn Debug>: Send, Sync);
        assert_impl_all!(SyncPoolBox<dyn Debug + Send>: Send);
        assert_not_impl_any!(SyncPoolBox<dyn Debug + Send>: Sync);
        assert_impl_all!(SyncPoolBox<dyn Debug + Sync>: Sync);
        assert_not_impl_any!(SyncPoolBox<dyn Debug + Sync>: Send);
        assert_impl_all!(SyncPoolBox<dyn Debug + Send + Sync>: Send, Sync);
        assert_impl_all!(SyncPoolBox<str>: Send, Sync);
    }

    // A value on its way back.
    assert_impl_all!(TryAllocError<Both>: Send, Sync);
    assert_impl_all!(TryAllocError<SendOnly>: Send);
    assert_not_impl_any!(TryAllocError<SendOnly>: Sync);
    assert_impl_all!(TryAllocError<SyncOnly>: Sync);
    assert_not_impl_any!(TryAllocError<SyncOnly>: Send);
    assert_not_impl_any!(TryAllocError<Neither>: Send, Sync);

    // The handles that name the kinds.
    assert_not_impl_any!(PoolHandle: Send, Sync);
    #[cfg(feature = "std")]
    assert_impl_all!(SyncPoolHandle: Send, Sync);
    #[cfg(feature = "std")]
    assert_not_impl_any!(ThisThread<'static>: Send, Sync);

    // Settings have no value yet: they follow the parent.
    assert_impl_all!(PoolBuilder<Both, Global>: Send, Sync);
    assert_impl_all!(PoolBuilder<Neither, Global>: Send, Sync);
    assert_impl_all!(PoolBuilder<Both, SendOnly>: Send);
    assert_not_impl_any!(PoolBuilder<Both, SendOnly>: Sync);
    assert_impl_all!(PoolBuilder<Both, SyncOnly>: Sync);
    assert_not_impl_any!(PoolBuilder<Both, SyncOnly>: Send);
    assert_not_impl_any!(PoolBuilder<Both, Neither>: Send, Sync);

    // Plain data.
    assert_impl_all!(AllocError: Send, Sync, Copy, Eq);
    assert_impl_all!(BuildError: Send, Sync, Copy, Eq);
    assert_impl_all!(Config: Send, Sync, Clone, Eq);
    assert_impl_all!(Stats: Send, Sync, Copy, Eq);
    assert_impl_all!(Global: Send, Sync, Copy, Eq);
}

mod traits {
    use super::*;

    // Moving the handle does not move the value.
    assert_impl_all!(PoolBox<PhantomPinned>: Unpin);
    assert_impl_all!(PoolBox<[PhantomPinned]>: Unpin);
    assert_impl_all!(Pool<PhantomPinned>: Unpin);
    assert_not_impl_any!(PhantomPinned: Unpin);

    // Two owners of one value would be a double free.
    assert_not_impl_any!(PoolBox<u8>: Copy);
    assert_not_impl_any!(PoolBox<Cell<&'static mut u8>>: Clone);
    assert_not_impl_any!(PoolBox<[Cell<&'static mut u8>]>: Clone);
    assert_not_impl_any!(PoolBox<dyn Debug>: Clone);
    assert_not_impl_any!(PoolBox<MaybeUninit<String>>: Clone);

    // No lifetime but the value's.
    const _: () = is_static::<PoolBox<u8>>();
    const _: () = is_static::<Pool<u8>>();
    assert_impl_all!(Pool<*const u8>: Clone, Default, Debug);
    assert_impl_all!(LazyPool<*const u8>: Clone, Default, Debug);
    assert_impl_all!(TryAllocError<*const u8>: std::error::Error);

    // A value's traits and no others.
    assert_not_impl_any!(PoolBox<*const u8>: Display, Iterator, std::error::Error, std::future::Future);
    assert_not_impl_any!(PoolBox<f64>: Eq, Ord, std::hash::Hash);

    const fn is_static<T: 'static>() {}

    #[cfg(feature = "std")]
    mod sync {
        use super::*;

        assert_impl_all!(SyncPoolBox<PhantomPinned>: Unpin);
        assert_impl_all!(SyncPool<PhantomPinned>: Unpin);
        assert_not_impl_any!(SyncPoolBox<u8>: Copy);
        assert_not_impl_any!(SyncPoolBox<dyn Debug>: Clone);
        const _: () = is_static::<SyncPoolBox<u8>>();
        const _: () = is_static::<SyncPool<u8>>();
        assert_impl_all!(SyncPool<*const u8>: Clone, Default, Debug);
        // A guard is made by its pool alone.
        assert_not_impl_any!(LocalPool<'static, u8>: Clone, Default);
        assert_not_impl_any!(SyncPoolBox<*const u8>: Display, Iterator, std::error::Error, std::future::Future);
        assert_not_impl_any!(SyncPoolBox<f64>: Eq, Ord, std::hash::Hash);

        // Either kind's is not the other's.
        assert_not_impl_any!(SyncPoolBox<u8>: PartialEq<PoolBox<u8>>, From<PoolBox<u8>>);
    }
}

mod variance {
    use super::*;

    // A pool never holds a value, a box owns one, and both give out what a shorter lifetime allows.
    fn a_pool_is_covariant<'a>(pool: Pool<&'static str>) -> Pool<&'a str> {
        pool
    }

    fn a_lazy_pool_is_covariant<'a>(pool: LazyPool<&'static str>) -> LazyPool<&'a str> {
        pool
    }

    fn a_box_is_covariant<'a>(boxed: PoolBox<&'static str>) -> PoolBox<&'a str> {
        boxed
    }

    fn a_dyn_box_is_covariant<'a>(boxed: PoolBox<dyn Debug + 'static>) -> PoolBox<dyn Debug + 'a> {
        boxed
    }

    fn a_slice_box_is_covariant<'a>(boxed: PoolBox<[&'static str]>) -> PoolBox<[&'a str]> {
        boxed
    }

    #[cfg(feature = "std")]
    fn a_sync_pool_is_covariant<'a>(pool: SyncPool<&'static str>) -> SyncPool<&'a str> {
        pool
    }

    #[cfg(feature = "std")]
    fn a_sync_box_is_covariant<'a>(boxed: SyncPoolBox<&'static str>) -> SyncPoolBox<&'a str> {
        boxed
    }

    #[cfg(feature = "std")]
    fn a_local_pool_is_covariant<'a>(pool: LocalPool<'static, &'static str>) -> LocalPool<'a, &'a str> {
        pool
    }

    fn an_iterator_is_covariant<'a>(
        boxes: AllocIter<'static, &'static str, std::vec::IntoIter<&'static str>>,
    ) -> AllocIter<'a, &'a str, std::vec::IntoIter<&'a str>> {
        boxes
    }

    fn an_error_is_covariant<'a>(error: TryAllocError<&'static str>) -> TryAllocError<&'a str> {
        error
    }

    #[test]
    fn one_pool_serves_values_of_a_shorter_lifetime() {
        let pool: Pool<&'static str> = Pool::new();
        let long: PoolBox<&'static str> = pool.alloc("static");
        let text = String::from("local");
        let short = a_pool_is_covariant(pool.clone()).alloc(text.as_str());
        assert_eq!((*long, *short, pool.len()), ("static", "local", 2));
        let both = [a_box_is_covariant(long), short];
        assert_eq!(both.map(PoolBox::into_inner), ["static", "local"]);
        assert!(pool.is_empty());
    }
}

mod drop_check {
    use super::*;

    #[test]
    fn a_pool_may_be_declared_before_what_its_values_borrow() {
        let pool = Pool::new();
        let text = String::from("text");
        let boxed = pool.alloc(text.as_str());
        assert_eq!(*boxed, "text");
    }

    #[test]
    fn a_pool_may_outlive_what_its_values_borrowed() {
        let pool = Pool::new();
        {
            let text = String::from("text");
            assert_eq!(*pool.alloc(text.as_str()), "text");
        }
        assert!(pool.is_empty());
        drop(pool);
    }

    #[test]
    fn a_pool_and_what_its_values_borrow_may_live_in_one_struct_of_references() {
        struct Index<'a> {
            words: Pool<&'a str>,
            boxes: Vec<PoolBox<&'a str>>,
        }

        let text = String::from("a b c");
        let mut index = Index { words: Pool::new(), boxes: Vec::new() };
        index.boxes.extend(index.words.alloc_iter(text.split(' ')));
        assert_eq!(index.words.len(), 3);
    }

    #[test]
    fn a_box_of_a_trait_object_may_hold_borrowed_data() {
        let text = String::from("text");
        let pool = Pool::new();
        let boxed: PoolBox<dyn Display + '_> = unsize!(pool.alloc(text.as_str()), dyn Display + '_);
        let inferred = unsize!(pool.alloc(text.as_str()), dyn Display);
        assert_eq!(format!("{boxed}{inferred}"), "texttext");
    }
}

/// As `Box`: a box of a cell may be looked at after a panic exactly if the cell may.
#[test]
fn a_box_is_as_unwind_safe_as_its_value_and_a_pool_always_is() {
    assert_impl_all!(Pool<Cell<u8>>: UnwindSafe, RefUnwindSafe);
    assert_impl_all!(LazyPool<Cell<u8>>: UnwindSafe, RefUnwindSafe);
    assert_impl_all!(PoolBox<Cell<u8>>: UnwindSafe);
    assert_impl_all!(Box<Cell<u8>>: UnwindSafe);
    assert_not_impl_any!(PoolBox<Cell<u8>>: RefUnwindSafe);
    assert_not_impl_any!(Box<Cell<u8>>: RefUnwindSafe);
    assert_not_impl_any!(PoolBox<&'static mut u8>: UnwindSafe);
    assert_not_impl_any!(Box<&'static mut u8>: UnwindSafe);
    #[cfg(feature = "std")]
    {
        assert_impl_all!(SyncPool<Cell<u8>>: UnwindSafe, RefUnwindSafe);
        assert_impl_all!(LocalPool<'static, Cell<u8>>: UnwindSafe, RefUnwindSafe);
        assert_impl_all!(SyncPoolBox<Cell<u8>>: UnwindSafe);
        assert_not_impl_any!(SyncPoolBox<Cell<u8>>: RefUnwindSafe);
        assert_not_impl_any!(SyncPoolBox<&'static mut u8>: UnwindSafe);
    }
}
