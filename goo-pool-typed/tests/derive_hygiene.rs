//! `#[derive(Pooled)]` in hostile surroundings: names that clash, lints that forbid.
#![cfg(all(feature = "derive", feature = "std"))]
// The `unsafe` in generated code is the derive's, not the user's. Names and lints of the user
// never meet what is generated.
#![forbid(unsafe_code)]
#![allow(missing_debug_implementations, reason = "of no use here")]
#![deny(warnings, missing_docs, unreachable_pub, unused_qualifications, clippy::pedantic)]
#![deny(clippy::undocumented_unsafe_blocks, clippy::multiple_unsafe_ops_per_block)]
#![deny(single_use_lifetimes, unused_lifetimes, elided_lifetimes_in_paths, let_underscore_drop)]

use goo_pool_typed::{DefaultPool, Pool, PoolBox, Pooled, SyncPoolBox};

/// Fields called like what the generated code has.
#[derive(Pooled)]
pub struct Locals {
    pool: u8,
    slot: u8,
    chunk: u8,
    guards: u8,
    self_: u8,
    field0: u8,
    field1: u8,
    value: u8,
    #[pooled(default = pool + slot + field0)]
    sum: u8,
}

#[test]
fn fields_are_called_like_generated_locals() {
    let v = Locals::new_in(&Pool::new(), 1, 2, 3, 4, 5, 6, 7, 8);
    let fields = [v.pool, v.slot, v.chunk, v.guards, v.self_, v.field0, v.field1, v.value];
    assert_eq!((fields, v.sum), ([1, 2, 3, 4, 5, 6, 7, 8], 9));
}

/// Variants with such fields.
#[derive(Pooled, Debug, PartialEq)]
pub enum LocalsOfVariants {
    /// Named.
    Named {
        /// Like the parameter.
        pool: u8,
        /// Like the closure's.
        value: u8,
    },
    /// Arguments that look like tuple fields'.
    Tuple(#[pooled(rename = "pool")] u8, #[pooled(rename = "field0")] u8, u8),
}

#[test]
fn variants_have_fields_called_like_generated_locals() {
    let pool = Pool::new();
    let named = LocalsOfVariants::new_named_in(&pool, 1, 2);
    assert_eq!(*named, LocalsOfVariants::Named { pool: 1, value: 2 });
    let tuple = LocalsOfVariants::new_tuple_in(&pool, 1, 2, 3);
    assert_eq!(*tuple, LocalsOfVariants::Tuple(1, 2, 3));
}

/// Raw identifiers everywhere.
#[derive(Pooled)]
#[allow(non_camel_case_types, reason = "keywords are in lower case")]
pub struct r#struct<'r#fn, r#enum: Copy> {
    r#type: &'r#fn r#enum,
    #[pooled(rename = "r#match")]
    r#loop: u8,
    #[pooled(default = *r#type)]
    r#while: r#enum,
}

/// Parameters whose names lints would mention.
#[derive(Pooled)]
#[allow(non_camel_case_types, non_snake_case, non_upper_case_globals, reason = "the type's own")]
pub struct OddParameters<'Odd, odd, const n: usize> {
    f: [&'Odd odd; n],
}

/// Raw names of constructors.
#[derive(Pooled)]
#[pooled(rename = "r#move")]
pub struct RawRename;

#[test]
fn raw_identifiers_are_names_like_others() {
    let value = r#struct::new_in(&Pool::new(), &'t', 1);
    assert_eq!((value.r#type, value.r#loop, value.r#while), (&'t', 1, 't'));
    assert_eq!(*OddParameters::new_in(&Pool::new(), [&1]).f[0], 1);
    let renamed: PoolBox<RawRename> = RawRename::r#move(&Pool::new());
    drop(renamed);
    assert!(RawRename::try_move(&Pool::new()).is_ok());
}

/// Fields that exist in some configurations.
#[derive(Pooled)]
pub struct Configured {
    #[cfg(not(test))]
    _absent: NoSuchType,
    #[cfg(test)]
    present: u8,
    #[cfg_attr(test, pooled(default = 5))]
    defaulted_in_tests: u8,
    #[cfg_attr(not(test), pooled(nonsense))]
    not_nonsense_in_tests: u8,
}

/// The same in tuples and variants.
#[derive(Pooled, Debug, PartialEq)]
pub enum ConfiguredEnum {
    /// Absent.
    #[cfg(not(test))]
    Absent(NoSuchType),
    /// Present.
    Present(#[cfg(not(test))] NoSuchType, u8, #[cfg(test)] u16),
}

#[test]
fn absent_fields_and_variants_are_neither_arguments_nor_written() {
    let value = Configured::new_in(&Pool::new(), 1, 2);
    let fields = (value.present, value.defaulted_in_tests, value.not_nonsense_in_tests);
    assert_eq!(fields, (1, 5, 2));
    let value = ConfiguredEnum::new_present_in(&Pool::new(), 1, 2);
    assert_eq!(*value, ConfiguredEnum::Present(1, 2));
}

/// Names of the user that shadow all that generated code could lean on.
pub mod shadowed {
    #![no_implicit_prelude]
    #![allow(dead_code, non_snake_case, reason = "they are there to be in the way")]

    use ::goo_pool_typed::Pooled;

    /// Not the one of the prelude.
    pub struct Option;
    /// Nor this.
    pub struct Result;
    pub(crate) struct Pool;
    pub(crate) struct PoolBox;
    pub(crate) struct AllocError;
    pub(crate) struct Default;
    pub(crate) trait Into {}
    pub(crate) trait Sized {}
    pub(crate) mod core {}
    pub(crate) mod std {}
    pub(crate) mod alloc {}
    pub(crate) mod goo_pool_typed {}

    pub(crate) fn Ok() {}
    pub(crate) fn Err() {}
    pub(crate) fn Some() {}

    /// Uses every option.
    #[derive(Pooled)]
    pub struct Fields<T> {
        pub(crate) a: Option,
        pub(crate) b: Result,
        #[pooled(into)]
        pub(crate) c: u16,
        #[pooled(default)]
        pub(crate) d: [u8; 3],
        #[pooled(default = [[1; 2]; 3])]
        pub(crate) e: [[u8; 2]; 3],
        pub(crate) f: ::core::marker::PhantomData<T>,
        #[pooled(default)]
        pub(crate) g: T,
    }

    /// The same as a variant.
    #[derive(Pooled)]
    pub enum Variants<T> {
        /// Ok is a function here.
        Ok(Option, #[pooled(into)] u16, #[pooled(default)] [[u8; 50]; 2], #[pooled(default)] T),
        /// Err, too.
        Err(::core::marker::PhantomData<T>),
    }
}

/// The same for default pools.
pub mod shadowed_with_default_pools {
    #![no_implicit_prelude]
    #![allow(dead_code, reason = "they are there to be in the way")]

    use ::goo_pool_typed::{Pooled, default_pool};

    /// Like the type parameter of the method.
    #[derive(Pooled)]
    #[pooled(thread_local)]
    pub struct R(pub(crate) Option);

    /// Not the one of the prelude.
    pub struct Option;
    pub(crate) struct LazyPool;
    pub(crate) struct SyncPool;
    pub(crate) struct PoolHandle;
    pub(crate) trait DefaultPool {}
    pub(crate) trait FnOnce {}
    pub(crate) mod std {}
    pub(crate) mod core {}
    pub(crate) fn thread_local() {}

    /// Uses the other kind.
    #[derive(Pooled)]
    #[pooled(global)]
    pub enum Variants {
        /// Ok is a function elsewhere.
        Ok(#[pooled(into)] u16, #[pooled(default)] [u8; 3]),
    }

    /// A parameter like the static.
    #[derive(Debug)]
    pub struct Sized<const N: usize>;

    pub(crate) const POOL: usize = 3;

    default_pool!(global, Sized<POOL>);
}

#[test]
fn default_pools_need_no_names_either() {
    use shadowed_with_default_pools::{Option, R, Sized, Variants};

    let value = R::new(Option);
    assert_eq!((size_of_val(&value.0), R::default_pool().len()), (0, 1));
    assert!(matches!(*Variants::new_ok(1u8), Variants::Ok(1, [0, 0, 0])));
    drop::<SyncPoolBox<Sized<3>>>(SyncPoolBox::new(Sized));
}

/// Names of the user that shadow all that the code for links could lean on.
pub mod shadowed_links {
    #![no_implicit_prelude]
    #![allow(dead_code, reason = "they are there to be in the way")]

    use ::goo_pool_typed::{PoolBox, Pooled};

    pub(crate) trait Clone {}
    pub(crate) trait Drop {}
    pub(crate) trait Iterator {}
    pub(crate) trait Links {}
    pub(crate) struct Walk;
    pub(crate) struct Pending;
    pub(crate) struct None;

    pub(crate) fn drop() {}
    pub(crate) fn clone() {}

    /// Fields called like generated locals.
    #[derive(Pooled)]
    #[pooled(clone, walk)]
    pub struct Fields<T> {
        pub(crate) node: T,
        #[pooled(link)]
        pub(crate) pending: ::std::option::Option<PoolBox<Self>>,
        #[pooled(link)]
        pub(crate) walk: ::std::vec::Vec<PoolBox<Fields<T>>>,
        pub(crate) clones: u8,
        pub(crate) link0: u8,
        pub(crate) from1: u8,
    }

    /// The same as variants.
    #[derive(Pooled)]
    #[pooled(clone, walk)]
    pub enum Variants<T> {
        /// Some is nothing else here.
        Some(#[pooled(link)] ::std::option::Option<PoolBox<Self>>, T),
        /// None is a struct here.
        None,
        /// Named.
        Named {
            /// A link.
            #[pooled(link)]
            clone: [::std::option::Option<PoolBox<Self>>; 2],
            /// None.
            to0: T,
        },
    }
}

#[test]
fn names_may_be_shadowed_that_links_need() {
    use shadowed_links::{Fields, Variants};

    let pool = Pool::new();
    let leaf = Fields::new_in(&pool, 'b', None, Vec::new(), 1, 2, 3);
    let node = Fields::new_in(&pool, 'a', Some(leaf), Vec::new(), 4, 5, 6).clone();
    assert!(
        node.links().map(|node| (node.node, node.clones, node.link0, node.from1)).eq([('a', 4, 5, 6), ('b', 1, 2, 3)])
    );
    let pool = Pool::new();
    let some = Variants::new_some_in(&pool, Some(Variants::new_none_in(&pool)), 1);
    assert_eq!(Variants::new_named_in(&pool, [None, Some(some)], 2).clone().links().count(), 3);
}

/// Parameters whose names lints would mention, and old links.
#[derive(Pooled)]
#[pooled(clone, walk)]
#[allow(non_camel_case_types, non_snake_case, non_upper_case_globals, reason = "the type's own")]
#[deprecated]
pub struct OddLinks<'Odd, odd, const n: usize>
where
    odd: Copy,
{
    values: [&'Odd odd; n],
    /// Still here.
    #[deprecated]
    #[pooled(link)]
    pub old: Option<PoolBox<OddLinks<'Odd, odd, n>>>,
}

/// Links that exist in some configurations.
#[derive(Pooled)]
#[pooled(clone, walk)]
pub struct ConfiguredLinks {
    #[cfg(not(test))]
    #[pooled(link)]
    _absent: NoSuchType,
    #[cfg_attr(test, pooled(link))]
    next: Option<PoolBox<ConfiguredLinks>>,
}

/// A field without its own name for the type.
type Next = Option<PoolBox<Renamed>>;

/// Its links are known by what they are, not by how that is written.
#[derive(Pooled)]
#[pooled(walk, vis = "pub(crate)")]
pub struct Renamed {
    #[pooled(link, rename = "following", into)]
    next: Next,
}

#[test]
fn links_may_be_old_configured_or_renamed() {
    let pool = Pool::new();
    #[allow(deprecated, reason = "what it is about")]
    let old = OddLinks::new_in(&pool, [&1], Some(OddLinks::new_in(&pool, [&2], None)));
    #[allow(deprecated, reason = "what it is about")]
    let values: Vec<i32> = old.clone().links().map(|node| *node.values[0]).collect();
    assert_eq!(values, [1, 2]);
    let pool = Pool::new();
    let configured = ConfiguredLinks::new_in(&pool, Some(ConfiguredLinks::new_in(&pool, None)));
    assert_eq!(configured.clone().links().count(), 2);
    let pool = Pool::new();
    assert_eq!(Renamed::new_in(&pool, Renamed::new_in(&pool, None)).links().count(), 2);
}

#[test]
fn prelude_and_library_names_may_be_shadowed() {
    let pool = Pool::<shadowed::Fields<String>>::new();
    let value = shadowed::Fields::new_in(&pool, shadowed::Option, shadowed::Result, 1u8);
    assert_eq!((value.c, value.d, value.e, &*value.g), (1, [0; 3], [[1, 1]; 3], ""));
    let value = shadowed::Variants::<u8>::new_ok_in(&Pool::new(), shadowed::Option, 2u8);
    assert!(matches!(*value, shadowed::Variants::Ok(_, 2, [[0, ..], _], 0)));
    assert!(shadowed::Variants::<()>::try_new_err_in(&Pool::new()).is_ok());
}

/// A constructor's own name on the type, as a method of a trait.
pub trait Rival: Sized {
    /// Never called.
    fn new_in(_: u8) -> Self;
    /// Never called.
    fn try_new_in(_: u8) -> Self;
}

/// Implements it.
#[derive(Pooled)]
pub struct HasRival(u8);

impl Rival for HasRival {
    fn new_in(_: u8) -> Self {
        unreachable!()
    }
    fn try_new_in(_: u8) -> Self {
        unreachable!()
    }
}

#[test]
fn traits_may_have_functions_of_the_same_names() {
    assert_eq!(HasRival::new_in(&Pool::new(), 1).0, 1);
}

/// A struct that derefs to something with the same fields.
#[derive(Pooled)]
pub struct Derefs {
    inner: HasRival,
    value: u8,
}

impl std::ops::Deref for Derefs {
    type Target = HasRival;
    fn deref(&self) -> &HasRival {
        unreachable!("a field of a chunk is not reached through `Deref`")
    }
}

#[test]
fn fields_are_not_reached_through_deref() {
    let value = Derefs::new_in(&Pool::new(), HasRival(1), 2);
    assert_eq!((value.inner.0, value.value), (1, 2));
}

// What lints would say of code that a person wrote.

/// Nobody calls most of its constructors.
#[derive(Pooled)]
enum Private {
    One,
    Two,
}

/// Nor those without a pool, nor the pool.
#[derive(Pooled)]
#[pooled(thread_local)]
struct PrivateWithPool;

#[test]
fn constructors_of_a_private_type_may_be_unused() {
    assert!(matches!(*Private::new_one_in(&Pool::new()), Private::One));
    assert!(!matches!(Private::Two, Private::One));
    drop(PoolBox::new(PrivateWithPool));
}

/// Has more arguments than clippy likes, and names that it does not.
#[derive(Pooled)]
#[allow(non_snake_case, reason = "the field's own warning")]
pub struct ManyArguments {
    aB: u8,
    ab: u8,
    c: u8,
    d: u8,
    e: u8,
    f: u8,
    g: u8,
    h: u8,
    i: u8,
}

/// Has as many as clippy likes, but one more with the pool.
#[derive(Pooled)]
#[pooled(global)]
pub struct ManyOrTooMany(u8, u8, u8, u8, u8, u8, u8);

/// Is deprecated, as are its parts.
#[derive(Pooled)]
#[pooled(thread_local)]
#[deprecated]
pub struct Deprecated {
    /// Still here.
    #[deprecated]
    pub old: u8,
}

/// Has deprecated parts.
#[derive(Pooled)]
pub enum HasDeprecated {
    /// Old.
    #[deprecated]
    Old(#[deprecated] u8),
}

struct LessVisible;

/// A public type with a private one inside.
#[derive(Pooled)]
pub struct HoldsLessVisible {
    _private: LessVisible,
}

/// Diverging and odd expressions.
#[derive(Pooled)]
pub struct OddExpressions {
    #[pooled(default = return 3)]
    a: u8,
    #[pooled(default = if cfg!(test) { 4 } else { unreachable!() })]
    b: u8,
    #[pooled(default = Some("5").and_then(|s| s.parse().ok()).unwrap_or_default())]
    c: u8,
}

#[test]
fn expressions_cannot_leave_the_constructor() {
    let value = OddExpressions::new_in(&Pool::new());
    assert_eq!((value.a, value.b, value.c), (3, 4, 5));
}

#[test]
fn a_field_of_any_case_is_built() {
    let v = ManyArguments::new_in(&Pool::new(), 1, 2, 3, 4, 5, 6, 7, 8, 9);
    assert_eq!([v.aB, v.ab, v.c, v.d, v.e, v.f, v.g, v.h, v.i], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
}
