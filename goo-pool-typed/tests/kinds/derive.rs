//! `#[derive(Pooled)]`: every shape of type, and every option.
#![cfg(feature = "derive")]

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::num::NonZeroU8;
use std::rc::Rc;

use crate::kind::{Pool, PoolBox};
use goo_pool_typed::{AllocError, Pooled};

/// A pool that is full from the start.
fn full<T>() -> Pool<T> {
    Pool::builder().max_chunks(0).build().expect("an empty pool needs no memory")
}

fn is_pooled<T: Pooled>() {}

mod shapes {
    use super::*;

    #[derive(Pooled, Debug, PartialEq)]
    struct Named {
        id: u64,
        name: String,
    }

    #[test]
    fn named_struct_takes_its_fields_in_declaration_order() {
        let pool = Pool::new();
        let seven = Named::new_in(&pool, 7, "seven".to_owned());
        let eight = Named::try_new_in(&pool, 8, "eight".to_owned()).expect("room for a chunk");
        assert_eq!(*seven, Named { id: 7, name: "seven".to_owned() });
        assert_eq!(*eight, Named { id: 8, name: "eight".to_owned() });
        assert_eq!(pool.len(), 2);
        is_pooled::<Named>();
    }

    #[derive(Pooled, Debug, PartialEq)]
    struct Tuple(u8, String);

    #[test]
    fn tuple_struct_is_built() {
        let pool = Pool::new();
        assert_eq!(*Tuple::new_in(&pool, 1, "one".to_owned()), Tuple(1, "one".to_owned()));
    }

    #[derive(Pooled, Debug, PartialEq)]
    struct Unit;

    #[derive(Pooled, Debug, PartialEq)]
    struct EmptyBraces {}

    #[derive(Pooled, Debug, PartialEq)]
    struct EmptyParens();

    #[test]
    fn struct_without_fields_is_built() {
        assert_eq!(*Unit::new_in(&Pool::new()), Unit);
        assert_eq!(*EmptyBraces::new_in(&Pool::new()), EmptyBraces {});
        assert_eq!(*EmptyParens::new_in(&Pool::new()), EmptyParens());
        assert!(Unit::try_new_in(&full()).is_err());
    }

    #[derive(Pooled, Debug, PartialEq)]
    #[repr(align(256))]
    struct OverAligned {
        byte: u8,
        word: u64,
    }

    #[test]
    fn over_aligned_struct_is_built_at_its_alignment() {
        let pool = Pool::new();
        let values: Vec<_> = (0..3).map(|n| OverAligned::new_in(&pool, n, n.into())).collect();
        for (n, value) in (0..).zip(&values) {
            assert_eq!((&raw const **value).addr() % 256, 0);
            assert_eq!(**value, OverAligned { byte: n, word: n.into() });
        }
    }

    #[derive(Pooled)]
    #[repr(C, packed)]
    struct Packed<T> {
        tag: u8,
        value: T,
        #[pooled(default)]
        rest: [u16; 40],
    }

    #[test]
    fn packed_struct_is_built_and_dropped() {
        let counted = Rc::new(());
        let pool = Pool::new();
        let value = Packed::new_in(&pool, 9, counted.clone());
        assert_eq!(value.tag, 9);
        assert_eq!({ value.rest }, [0; 40]);
        let Packed { value, .. } = PoolBox::into_inner(value);
        assert!(Rc::ptr_eq(&value, &counted));
        drop(Packed::new_in(&pool, 9, counted.clone()));
        drop(value);
        assert_eq!(Rc::strong_count(&counted), 1);
    }

    #[derive(Pooled, Debug, PartialEq)]
    enum Shape {
        Empty,
        Circle(f64),
        Rectangle { width: f64, height: f64 },
        HTTPServer2Go,
        r#Fn,
        EmptyBraces {},
        EmptyParens(),
    }

    #[test]
    fn each_variant_has_its_constructors() {
        let pool = Pool::new();
        assert_eq!(*Shape::new_empty_in(&pool), Shape::Empty);
        assert_eq!(*Shape::new_circle_in(&pool, 2.0), Shape::Circle(2.0));
        let rectangle = Shape::Rectangle { width: 3.0, height: 4.0 };
        assert_eq!(*Shape::new_rectangle_in(&pool, 3.0, 4.0), rectangle);
        assert_eq!(*Shape::new_http_server2_go_in(&pool), Shape::HTTPServer2Go);
        assert_eq!(*Shape::new_fn_in(&pool), Shape::r#Fn);
        assert_eq!(*Shape::new_empty_braces_in(&pool), Shape::EmptyBraces {});
        assert_eq!(*Shape::new_empty_parens_in(&pool), Shape::EmptyParens());
        assert_eq!(Shape::try_new_circle_in(&pool, 2.0).as_deref(), Ok(&Shape::Circle(2.0)));
        is_pooled::<Shape>();
    }

    #[derive(Pooled, Debug, PartialEq)]
    #[repr(u8)]
    enum Discriminants {
        Five = 5,
        Six(u8) = 6,
    }

    #[test]
    fn enum_with_discriminants_is_built() {
        let pool = Pool::new();
        assert_eq!(*Discriminants::new_five_in(&pool), Discriminants::Five);
        assert_eq!(*Discriminants::new_six_in(&pool, 1), Discriminants::Six(1));
    }

    #[derive(Pooled)]
    struct List<T> {
        value: T,
        next: Option<PoolBox<Self>>,
    }

    #[test]
    fn nodes_own_nodes_of_the_same_pool() {
        let pool = Pool::new();
        let list = (1..=3).rev().fold(None, |next, n| Some(List::new_in(&pool, n, next)));
        assert_eq!(pool.len(), 3);
        let mut sum = 0;
        let mut at = &list;
        while let Some(node) = at {
            sum += node.value;
            at = &node.next;
        }
        assert_eq!(sum, 6);
        drop(list);
        assert_eq!(pool.len(), 0);
    }
}

mod generics {
    use super::*;

    #[derive(Pooled, Debug, PartialEq)]
    struct Pair<A, B: Clone = u8>
    where
        A: Debug,
    {
        a: A,
        b: B,
    }

    #[test]
    fn bounds_defaults_and_where_clauses_are_kept() {
        let pool = Pool::new();
        assert_eq!(*Pair::new_in(&pool, "a", 1u8), Pair { a: "a", b: 1 });
        is_pooled::<Pair<()>>();
    }

    #[derive(Pooled)]
    struct Borrowed<'a, 'b: 'a, T: ?Sized> {
        first: &'a T,
        second: &'b str,
        call: &'a dyn Fn(&str) -> usize,
    }

    #[test]
    fn struct_borrows_from_outside_the_pool() {
        let text = "long-lived".to_owned();
        let slice = [1, 2, 3];
        let len = |s: &str| s.len();
        let pool = Pool::new();
        let value = Borrowed::<[i32]>::new_in(&pool, &slice, &text, &len);
        assert_eq!(value.first.len(), 3);
        assert_eq!((value.call)(value.second), 10);
    }

    #[derive(Pooled)]
    struct MaybeUnsized<T: ?Sized>
    where
        T: Debug,
    {
        head: u8,
        tail: T,
    }

    #[test]
    fn parameter_that_may_be_unsized_is_built_where_it_is_sized() {
        let value = MaybeUnsized::new_in(&Pool::new(), 5, 6);
        assert_eq!((value.head, value.tail), (5, 6));
    }

    #[derive(Pooled, Debug, PartialEq)]
    struct Grid<T, const W: usize, const H: usize> {
        cells: [[T; W]; H],
    }

    #[test]
    fn const_parameters_are_kept() {
        let grid = Grid::new_in(&Pool::new(), [[1, 2, 3], [4, 5, 6]]);
        assert_eq!(*grid, Grid { cells: [[1, 2, 3], [4, 5, 6]] });
    }

    #[derive(Pooled)]
    enum Tree<'a, K, V>
    where
        K: Ord,
    {
        Leaf,
        Node { key: &'a K, value: V, left: Option<PoolBox<Tree<'a, K, V>>> },
    }

    #[test]
    fn generic_enum_is_built() {
        let pool = Pool::new();
        let key = 3;
        let leaf = Tree::<_, String>::new_leaf_in(&pool);
        let tree = Tree::new_node_in(&pool, &key, "three".to_owned(), Some(leaf));
        let Tree::Node { key: 3, value, left: Some(left) } = &*tree else { panic!("a node with a leaf") };
        assert!(value == "three" && matches!(**left, Tree::Leaf));
    }
}

mod container_options {
    use super::*;

    mod inner {
        use super::*;

        // The type is private to this module, its constructors are not, and the other way round.
        #[derive(Pooled)]
        #[pooled(vis = "pub(crate)")]
        pub(super) struct Quoted(pub(super) u8);

        #[derive(Pooled)]
        #[pooled(vis(pub(in crate::kinds::derive::container_options)))]
        pub(super) struct Parenthesized(pub(super) u8);

        #[derive(Pooled)]
        #[pooled(vis(), rename = "built_in")]
        pub(super) struct Private(pub(super) u8);

        impl Private {
            pub(super) fn new_in(pool: &Pool<Self>) -> u8 {
                Self::built_in(pool, 1).0
            }
        }
    }

    #[test]
    fn vis_sets_who_may_call_the_constructors() {
        assert_eq!(inner::Quoted::new_in(&Pool::new(), 1).0, 1);
        assert_eq!(inner::Parenthesized::new_in(&Pool::new(), 1).0, 1);
        assert_eq!(inner::Private::new_in(&Pool::new()), 1);
    }

    #[derive(Pooled)]
    #[pooled(rename = "make")]
    struct Renamed(u8);

    #[test]
    fn rename_names_both_constructors_of_a_struct() {
        let pool = Pool::new();
        assert_eq!(Renamed::make(&pool, 1).0, 1);
        assert_eq!(Renamed::try_make(&pool, 2).map(|b| b.0), Ok(2));
    }

    mod reexport {
        pub(super) use goo_pool_typed as pools;
    }

    #[derive(Pooled)]
    #[pooled(crate = self::reexport::pools)]
    struct PathOfTheCrate(u8);

    #[derive(Pooled)]
    #[pooled(crate = "reexport::pools", rename = "make")]
    struct QuotedPathOfTheCrate(u8);

    #[test]
    fn crate_is_the_path_of_the_library() {
        assert_eq!(PathOfTheCrate::new_in(&Pool::new(), 1).0, 1);
        assert_eq!(QuotedPathOfTheCrate::make(&Pool::new(), 1).0, 1);
    }

    #[derive(Pooled)]
    #[pooled(bound = "T: Make, U: 'static")]
    struct Bounded<T, U> {
        #[pooled(default = T::make())]
        made: T,
        given: U,
    }

    trait Make {
        fn make() -> Self;
    }

    impl Make for u8 {
        fn make() -> Self {
            77
        }
    }

    #[test]
    fn bound_is_what_a_default_expression_may_use() {
        let value = Bounded::<u8, _>::new_in(&Pool::new(), "given");
        assert_eq!((value.made, value.given), (77, "given"));
    }
}

mod variant_options {
    use super::*;

    #[derive(Pooled, Debug, PartialEq)]
    enum Token {
        #[pooled(rename = "number")]
        Number(u32),
        #[pooled(skip)]
        #[expect(dead_code, reason = "has no constructor, and nothing else builds it")]
        Skipped(u32),
        // Would clash if the variant above were not skipped or renamed.
        Word(String),
    }

    impl Token {
        fn new_skipped_in(_: &Pool<Self>) -> &'static str {
            "the derive left this name alone"
        }
    }

    #[test]
    fn rename_and_skip_apply_to_their_variant() {
        let pool = Pool::new();
        assert_eq!(*Token::number(&pool, 1), Token::Number(1));
        assert_eq!(Token::try_number(&pool, 1).as_deref(), Ok(&Token::Number(1)));
        assert_eq!(*Token::new_word_in(&pool, "w".to_owned()), Token::Word("w".to_owned()));
        assert_eq!(Token::new_skipped_in(&pool), "the derive left this name alone");
    }
}

mod field_options {
    use super::*;

    const START: u32 = 100;

    fn start() -> u32 {
        START
    }

    #[derive(Pooled)]
    struct Defaults {
        #[pooled(default)]
        zero: u32,
        given: u32,
        #[pooled(default = START + 1)]
        constant: u32,
        #[pooled(default = start())]
        call: u32,
        #[pooled(default = Vec::<Option<(u8, u8)>>::new())]
        generics_and_commas: Vec<Option<(u8, u8)>>,
        #[pooled(default = Self::LIMIT)]
        of_self: u32,
        #[pooled(default = { let x = 3; x * 2 })]
        block: u32,
        #[pooled(default = Box::new("coerced"))]
        coerced: Box<dyn Debug>,
    }

    impl Defaults {
        const LIMIT: u32 = 9;
    }

    #[test]
    fn defaults_take_no_argument() {
        let value = Defaults::new_in(&Pool::new(), 5);
        assert_eq!([value.zero, value.given, value.constant], [0, 5, 101]);
        assert_eq!([value.call, value.of_self, value.block], [100, 9, 6]);
        assert!(value.generics_and_commas.is_empty());
        assert_eq!(format!("{:?}", value.coerced), "\"coerced\"");
    }

    #[derive(Pooled)]
    struct Derived {
        #[pooled(default = text.len() + usize::from(extra))]
        len: usize,
        text: String,
        extra: u8,
        #[pooled(default = extra + 1)]
        after: u8,
    }

    #[test]
    fn default_expression_sees_the_arguments() {
        let value = Derived::new_in(&Pool::new(), "four".to_owned(), 10);
        assert_eq!((value.len, &*value.text, value.extra, value.after), (14, "four", 10, 11));
    }

    #[derive(Pooled)]
    struct Range {
        #[pooled(rename = "from")]
        start: u8,
        #[pooled(default = from + 1)]
        end: u8,
    }

    #[test]
    fn rename_names_the_argument() {
        let range = Range::new_in(&Pool::new(), 3);
        assert_eq!((range.start, range.end), (3, 4));
    }

    #[derive(Pooled)]
    struct Chain {
        #[pooled(into)]
        next: Option<PoolBox<Self>>,
    }

    #[test]
    fn into_takes_a_box_for_an_option() {
        let pool = Pool::new();
        let chain = Chain::new_in(&pool, Chain::new_in(&pool, None));
        assert!(chain.next.as_ref().is_some_and(|end| end.next.is_none()));
    }

    #[derive(Pooled)]
    struct Converted<'a, T> {
        #[pooled(into)]
        name: String,
        #[pooled(into)]
        text: Cow<'a, str>,
        #[pooled(into)]
        boxed: Box<T>,
        #[pooled(into, rename = "callback")]
        call: Box<dyn Fn() -> u8 + 'a>,
    }

    #[test]
    fn into_converts_the_argument() {
        let owned = "borrowed".to_owned();
        let call: Box<dyn Fn() -> u8> = Box::new(|| 3);
        let value = Converted::new_in(&Pool::new(), 'c', owned.as_str(), 4u16, call);
        assert_eq!((&*value.name, &*value.text, *value.boxed), ("c", "borrowed", 4));
        assert_eq!((value.call)(), 3);
    }

    #[derive(Pooled, Debug, PartialEq)]
    enum InVariants {
        Tuple(#[pooled(default = 4)] u8, u16, #[pooled(into)] String),
        Struct {
            #[pooled(default)]
            a: u8,
            #[pooled(rename = "letter")]
            b: char,
            #[pooled(default)]
            c: [u8; 64],
            marker: PhantomData<u8>,
        },
    }

    #[test]
    fn field_options_work_in_variants() {
        let pool = Pool::new();
        let tuple = InVariants::new_tuple_in(&pool, 5, "x");
        assert_eq!(*tuple, InVariants::Tuple(4, 5, "x".to_owned()));
        let braces = InVariants::new_struct_in(&pool, 'b');
        let expected = InVariants::Struct { a: 0, b: 'b', c: [0; 64], marker: PhantomData };
        assert_eq!(*braces, expected);
    }

    #[derive(Pooled)]
    struct Marked<'a, T, U = PhantomData<T>> {
        marker: PhantomData<(T, U)>,
        by_path: ::std::marker::PhantomData<&'a T>,
        value: u8,
    }

    #[test]
    fn phantom_data_takes_no_argument() {
        let value = Marked::<String>::new_in(&Pool::new(), 6);
        assert_eq!(value.value, 6);
        let _: (PhantomData<_>, PhantomData<_>) = (value.marker, value.by_path);
    }

    #[derive(Pooled)]
    struct GenericDefaults<T, const N: usize> {
        #[pooled(default)]
        value: T,
        #[pooled(default)]
        no_bound_needed: Vec<Rc<NoDefault>>,
        #[pooled(default)]
        array: [T; N],
    }

    struct NoDefault;

    #[derive(Pooled)]
    struct NoBound<T> {
        #[pooled(default)]
        values: Vec<T>,
        #[pooled(default)]
        none: Option<PoolBox<NoBound<T>>>,
    }

    #[test]
    fn default_asks_only_for_what_the_field_needs() {
        let value = GenericDefaults::<u8, 50>::new_in(&Pool::new());
        assert_eq!((value.value, value.array), (0, [0; 50]));
        assert!(value.no_bound_needed.is_empty());
        let value = NoBound::<NoDefault>::new_in(&Pool::new());
        assert!(value.values.is_empty() && value.none.is_none());
    }
}

mod arrays {
    use super::*;

    const SEVEN: NonZeroU8 = NonZeroU8::new(7).unwrap();
    const NO_BOX: Option<Box<u8>> = None;
    const LEN: usize = 40;

    #[derive(Pooled)]
    struct Arrays {
        #[pooled(default)]
        longer_than_std_has_default_for: [u8; 100],
        #[pooled(default)]
        nested: [[String; 33]; LEN],
        #[pooled(default = [5; 100])]
        literal: [u16; 100],
        #[pooled(default = [-1.5; LEN])]
        negative: [f32; LEN],
        #[pooled(default = [[true; 2]; 40])]
        literal_rows: [[bool; 2]; LEN],
        #[pooled(default = [SEVEN; 40])]
        constant: [NonZeroU8; LEN],
        #[pooled(default = [NO_BOX; LEN])]
        constant_that_is_not_copy: [Option<Box<u8>>; LEN],
        #[pooled(default = [const { Vec::new() }; LEN])]
        const_block: [Vec<u8>; LEN],
        #[pooled(default = [fill; LEN])]
        argument: [u8; LEN],
        #[pooled(default = [counted(); LEN])]
        evaluated_once: [u8; LEN],
        #[pooled(default = [String::from("not Copy"); 1])]
        one: [String; 1],
        #[pooled(default = [SEVEN; 0])]
        none: [NonZeroU8; 0],
        fill: u8,
    }

    fn counted() -> u8 {
        thread_local!(static CALLS: Cell<u8> = const { Cell::new(0) });
        CALLS.with(|calls| {
            calls.set(calls.get() + 1);
            calls.get()
        })
    }

    #[test]
    fn arrays_have_the_value_that_the_expression_has() {
        let a = Arrays::new_in(&Pool::new(), 9);
        assert_eq!(a.longer_than_std_has_default_for, [0; 100]);
        assert!(a.nested.iter().flatten().all(String::is_empty));
        assert_eq!(a.literal, [5; 100]);
        assert_eq!(a.negative, [-1.5; LEN]);
        assert_eq!(a.literal_rows, [[true; 2]; LEN]);
        assert_eq!(a.constant, [SEVEN; LEN]);
        assert_eq!(a.constant_that_is_not_copy, [NO_BOX; LEN]);
        assert!(a.const_block.iter().all(Vec::is_empty));
        assert_eq!(a.argument, [9; LEN]);
        assert_eq!(a.evaluated_once, [1; LEN], "one call, copied");
        assert_eq!(a.one, ["not Copy"]);
        assert_eq!((a.none, a.fill), ([], 9));
    }

    macro_rules! captured {
        ($ty:ty, $marker:ty, $value:expr) => {
            #[derive(Pooled)]
            struct Captured {
                #[pooled(default)]
                array: $ty,
                #[pooled(default = $value)]
                filled: $ty,
                marker: $marker,
                #[pooled(default = 2 * $value[0])]
                precedence: u8,
            }
        };
    }

    captured!([u8; 99], PhantomData<u8>, [1 + 1; 99]);

    #[test]
    fn types_and_expressions_may_come_from_a_macro() {
        let value = Captured::new_in(&Pool::new());
        assert_eq!((value.array, value.filled), ([0; 99], [2; 99]));
        assert_eq!((value.marker, value.precedence), (PhantomData, 4));
    }
}

mod full_pool {
    use super::*;

    #[derive(Pooled, Debug)]
    struct Watched {
        #[pooled(default = evaluated())]
        _first: u8,
        _argument: Rc<()>,
        #[pooled(into)]
        _converted: Converted,
    }

    fn evaluated() -> u8 {
        panic!("evaluated, although the pool is full")
    }

    #[derive(Debug)]
    struct Converted;

    impl From<Rc<()>> for Converted {
        fn from(_: Rc<()>) -> Self {
            panic!("converted, although the pool is full")
        }
    }

    #[derive(Pooled, Debug)]
    enum WatchedEnum {
        Variant {
            #[pooled(default = evaluated())]
            _first: u8,
            _argument: Rc<()>,
            #[pooled(into)]
            _converted: Converted,
        },
    }

    #[test]
    fn full_pool_evaluates_nothing_and_drops_the_arguments() {
        let counted = Rc::new(());
        let limit = AllocError::LimitReached { max_chunks: 0 };
        let error = Watched::try_new_in(&full(), counted.clone(), counted.clone());
        assert_eq!(error.expect_err("there is no room"), limit);
        assert_eq!(Rc::strong_count(&counted), 1);
        let error = WatchedEnum::try_new_variant_in(&full(), counted.clone(), counted.clone());
        assert_eq!(error.expect_err("there is no room"), limit);
        assert_eq!(Rc::strong_count(&counted), 1);
    }

    #[test]
    #[should_panic(expected = "limit")]
    fn constructor_without_a_result_panics_at_the_limit() {
        let _ = Watched::new_in(&full(), Rc::new(()), Rc::new(()));
    }
}
