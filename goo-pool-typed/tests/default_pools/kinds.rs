//! What a `Box` has, for both kinds of default pools.

use std::cell::Cell;
use std::fmt::Debug;
use std::pin::Pin;

use goo_pool_typed::generic::{Kind, PoolBox, PoolHandle, SyncPoolHandle};
use goo_pool_typed::{AllocError, DefaultPool, LazyPool, SyncPool, default_pool};

/// A generic type, with a default pool for some of its instances.
#[derive(Debug, Default, Clone, PartialEq)]
struct List<T, const KIND: char> {
    value: T,
}

type Local<T> = List<T, 'l'>;
type Global<T> = List<T, 'g'>;

/// An own pool for each test that counts.
macro_rules! pools {
    ($($payload:ty),*) => {
        $(default_pool!(thread_local, Local<$payload>);
        default_pool!(global, Global<$payload>,);)*
    };
}

pools!(u8, u16, u32, u64, i8, i16, String);

/// Calls `$check` for both kinds of a payload.
macro_rules! both {
    ($check:ident, $payload:ty) => {
        $check::<Local<$payload>, PoolHandle>();
        $check::<Global<$payload>, SyncPoolHandle>();
    };
}

trait Value: DefaultPool + Default + Debug + Clone + PartialEq {}

impl<T: DefaultPool + Default + Debug + Clone + PartialEq> Value for T {}

#[test]
fn every_way_to_a_box_leads_to_the_default_pool() {
    fn check<T: Value<Handle = H>, H: Kind>() {
        let pinned: Pin<PoolBox<T, H>> = PoolBox::pin(T::default());
        let boxes: Vec<PoolBox<T, H>> = vec![
            PoolBox::new(T::default()),
            PoolBox::try_new(T::default()).unwrap(),
            PoolBox::new_with(T::default),
            PoolBox::write(PoolBox::<T, H>::new_uninit(), T::default()),
            PoolBox::from(T::default()),
            T::default().into(),
            PoolBox::default(),
            T::default_pool().alloc(T::default()),
            T::with_default_pool(|pool| pool.alloc_with(T::default)).into_same(),
        ];
        assert_eq!(T::default_pool().len(), 10);
        for boxed in &boxes {
            assert_eq!(**boxed, *pinned);
            assert!(PoolBox::pool(boxed).ptr_eq(&T::default_pool()));
        }
        let clones = boxes.clone();
        assert_eq!(T::default_pool().len(), 19);
        drop((boxes, clones, pinned));
        assert!(T::default_pool().is_empty());
    }
    both!(check, String);
}

/// The kind that a lazy pool hands out is the kind itself; the compiler cannot know that of every `H`.
trait IntoSame<T> {
    fn into_same(self) -> T;
}

impl<T> IntoSame<T> for T {
    fn into_same(self) -> T {
        self
    }
}

#[test]
fn a_pools_numbers_and_memory_are_at_hand() {
    fn check<T: Value<Handle = H>, H: Kind>() {
        let pool = T::default_pool();
        assert_eq!((pool.len(), pool.capacity()), (0, 0));
        pool.reserve(1000).unwrap();
        let capacity = T::default_pool().capacity();
        assert!(capacity >= 1000);
        let boxes: Vec<PoolBox<T, H>> = (0..1000).map(|_| PoolBox::default()).collect();
        assert_eq!(T::with_default_pool(|pool| pool.capacity()), capacity);
        assert_eq!(T::default_pool().stats().live_chunks, 1000);
        drop(boxes);
        T::default_pool().shrink_to_fit();
        assert_eq!(T::default_pool().capacity(), 0);
        let after: PoolBox<T, H> = PoolBox::default();
        assert_eq!((*after == T::default(), pool.len()), (true, 1));
    }
    both!(check, u64);
}

#[test]
fn instances_and_kinds_of_a_type_have_pools_of_their_own() {
    let one = PoolBox::from(Local { value: 1_u8 });
    let other = PoolBox::from(Local { value: 1_u16 });
    let third = PoolBox::from(Global { value: 1_u8 });
    let _: (&PoolBox<Local<u8>>, &PoolBox<Local<u16>>) = (&one, &other);
    let _: &PoolBox<Global<u8>, SyncPoolHandle> = &third;
    let lens = (Local::<u8>::default_pool().len(), Local::<u16>::default_pool().len());
    assert_eq!((lens, Global::<u8>::default_pool().len()), ((1, 1), 1));
}

#[test]
fn the_default_pool_lends_itself_while_it_is_lent() {
    fn check<T: Value<Handle = H>, H: Kind>() {
        let boxes = T::with_default_pool(|pool| {
            let inner = T::with_default_pool(|same| {
                drop(same.alloc_uninit());
                [PoolBox::<T, H>::default(), T::default_pool().alloc(T::default())]
            });
            drop(pool.alloc_uninit());
            (inner, PoolBox::<T, H>::default())
        });
        assert_eq!((T::default_pool().len(), boxes.0.len()), (3, 2));
    }
    both!(check, u32);
}

#[test]
fn a_closure_that_is_lent_the_pool_is_called_once() {
    fn check<T: Value<Handle = H>, H: Kind>() {
        let calls = Cell::new(0);
        let value = T::with_default_pool(|_| calls.replace(calls.get() + 1));
        assert_eq!((value, calls.get()), (0, 1));
    }
    both!(check, i8);
}

#[test]
fn a_handle_to_a_default_pool_serves_as_any_pool() {
    let local = Local::<i16>::default_pool();
    let global = Global::<i16>::default_pool();
    let boxes = (local.clone().alloc(Local { value: 1 }), global.local().alloc(Global { value: 2 }));
    assert_eq!(boxes.0.value + boxes.1.value, 3);
    assert_eq!((local.len(), Global::<i16>::default_pool().len()), (1, 1));
}

/// With a limit, by hand.
#[derive(Debug)]
struct Limited<const KIND: char>(String);

thread_local!(static LIMITED: LazyPool<Limited<'l'>> = LazyPool::builder().max_chunks(1).build().unwrap());

impl DefaultPool for Limited<'l'> {
    type Handle = PoolHandle;

    fn with_default_pool<R>(use_it: impl FnOnce(&LazyPool<Self>) -> R) -> R {
        LIMITED.with(use_it)
    }
}

static SHARED_LIMITED: std::sync::LazyLock<SyncPool<Limited<'g'>>> =
    std::sync::LazyLock::new(|| SyncPool::builder().max_chunks(1).build().unwrap());

impl DefaultPool for Limited<'g'> {
    type Handle = SyncPoolHandle;

    fn with_default_pool<R>(use_it: impl FnOnce(&SyncPool<Self>) -> R) -> R {
        use_it(&SHARED_LIMITED)
    }
}

#[test]
fn a_full_default_pool_gives_the_value_back() {
    fn check<T: DefaultPool<Handle = H> + Debug, H: Kind>(make: fn(&str) -> T, text: fn(&T) -> &str) {
        let first = PoolBox::new(make("first"));
        let refused = PoolBox::try_new(make("second")).unwrap_err();
        assert_eq!(refused.error(), AllocError::LimitReached { max_chunks: 1 });
        let second = refused.into_value();
        assert_eq!((text(&first), text(&second)), ("first", "second"));
        assert!(crate::common::panic_of(|| drop(PoolBox::new(make("third")))).contains("limit"));
        // Before the value is made.
        let message = crate::common::panic_of(|| drop(PoolBox::<T, H>::new_with(|| unreachable!("it is not called"))));
        assert!(message.contains("limit"), "{message}");
        drop(first);
        assert_eq!(text(&PoolBox::new(second)), "second");
    }
    check(|text| Limited::<'l'>(text.into()), |limited| &limited.0);
    check(|text| Limited::<'g'>(text.into()), |limited| &limited.0);
}

#[test]
fn a_lazy_pool_is_made_when_it_is_first_used() {
    let pool = LazyPool::<u64>::new();
    assert_eq!((pool.len(), pool.capacity(), pool.stats()), (0, 0, Default::default()));
    pool.shrink_to_fit();
    assert!(pool.ptr_eq(&pool) && !pool.ptr_eq(&LazyPool::default()));
    let clone = pool.clone();
    let boxes = [pool.alloc(1), clone.alloc(2)];
    assert!(pool.ptr_eq(&clone) && !pool.ptr_eq(&LazyPool::new()));
    assert_eq!((pool.len(), clone.len()), (2, 2));
    drop((pool, clone));
    assert_eq!(*boxes[0] + *boxes[1], 3);
    assert_eq!(LazyPool::with_capacity(3).alloc_iter(0..3).map(|boxed| *boxed).sum::<i32>(), 3);
}
