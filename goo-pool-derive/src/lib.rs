//! `#[derive(Pooled)]`: constructors that build a value straight in a chunk of a `goo-pool` pool.
//!
//! Use it through `goo_pool_typed::Pooled`, which is this macro and the trait that it implements.
//! [`Pooled`] says what is generated, and has an example of every option.
//!
//! In the source, go on with `input.rs` (the user's type as the derive sees it), `options.rs` (the
//! grammar of `#[pooled(...)]`), `check.rs` (all that can be wrong), `expand.rs` (the constructors) and `links.rs` (what
//! `#[pooled(link)]` writes).

use proc_macro::TokenStream;
use syn::DeriveInput;

mod check;
mod default_pool;
mod errors;
mod expand;
mod generics;
mod input;
mod links;
mod names;
mod options;

use errors::Errors;
use expand::Body;
use input::Input;

/// Writes constructors that build the value in a pool, and implements the trait `Pooled`.
///
/// | for | constructors |
/// |---|---|
/// | a struct | `new_in(&Pool<Self>, fields...) -> PoolBox<Self>` |
/// | | `try_new_in(&Pool<Self>, fields...) -> Result<PoolBox<Self>, AllocError>` |
/// | each variant of an enum | `new_variant_in` and `try_new_variant_in`, the variant in snake case |
/// | a type with a pool of its own (`thread_local`, `global`) | all of these again, without the pool and without `_in` |
///
/// They are as visible as the type, and have an argument for each field, in declaration order. The pool may be of any
/// kind: from a `SyncPool` or a `LocalPool`, it is a `SyncPoolBox` that comes.
///
/// ```
/// use goo_pool_typed::{Pool, PoolBox, Pooled};
///
/// #[derive(Pooled)]
/// struct List<T> {
///     value: T,
///     next: Option<PoolBox<List<T>>>,
/// }
///
/// #[derive(Pooled)]
/// enum Tree {
///     Leaf(i64),
///     BinaryNode { left: PoolBox<Tree>, right: PoolBox<Tree> },
/// }
///
/// # fn main() -> Result<(), goo_pool_typed::AllocError> {
/// let pool = Pool::new();
/// let list = List::new_in(&pool, "first", Some(List::new_in(&pool, "second", None)));
/// assert_eq!((list.value, pool.len()), ("first", 2));
///
/// let pool = Pool::new();
/// let (left, right) = (Tree::new_leaf_in(&pool, 1), Tree::new_leaf_in(&pool, 2));
/// let tree = Tree::try_new_binary_node_in(&pool, left, right)?;
/// assert!(matches!(&*tree, Tree::BinaryNode { left, .. } if matches!(**left, Tree::Leaf(1))));
/// # Ok(())
/// # }
/// ```
///
/// One type serves both kinds, unless it owns boxes itself:
///
/// ```
/// use goo_pool_typed::{Pool, Pooled, SyncPool};
///
/// #[derive(Pooled)]
/// struct Record {
///     name: String,
/// }
///
/// static RECORDS: SyncPool<Record> = SyncPool::new();
///
/// let here = Record::new_in(&Pool::new(), String::from("stays"));
/// let anywhere = Record::new_in(&RECORDS, String::from("goes"));
/// std::thread::spawn(move || println!("{}", anywhere.name));
/// println!("{}", here.name);
/// ```
///
/// # What happens, in order
///
/// 1. A chunk is reserved. If the pool has reached its limit or memory runs out, nothing of the
///    type's own code has run: the arguments are dropped, and the result is an error (`try_`), a
///    panic (the limit) or what `Box::new` does (memory).
/// 2. The fields are evaluated in declaration order: conversions and default expressions run. They
///    may use the pool. If one panics, the fields before it and the arguments not yet used are
///    dropped, and the chunk goes back.
/// 3. A field of a struct is written into the chunk before the next one is evaluated. So the struct
///    as a whole is never on the stack, not even without optimisation, and may be larger than it.
///
/// What goes over the stack in a build without optimisation:
///
/// - arguments, as those of any function;
/// - the value of one field at a time; but an array goes element by element, whatever its size, if
///   the field's type is written as an array and it has a plain `default`, or `default = [x; N]`
///   where `x` is a literal, a constant, a `const` block or such an array;
/// - a whole variant of an enum, because where its fields lie, only the compiler knows;
/// - a whole `#[repr(packed)]` struct, because its fields may be misaligned.
///
/// # Options of the type
///
/// `#[pooled(vis = "...")]` or `#[pooled(vis(...))]`: the constructors' visibility, instead of the
/// type's. Nothing between the quotes or parentheses is private.
///
/// `#[pooled(rename = "name")]`, on a struct: the constructors are `name` and `try_name`.
///
/// ```
/// mod shapes {
///     #[derive(goo_pool_typed::Pooled)]
///     #[pooled(vis = "", rename = "unchecked_in")]
///     pub struct Square {
///         side: f64,
///     }
///
///     # use goo_pool_typed::{Pool, PoolBox};
///     impl Square {
///         pub fn new_in(pool: &Pool<Self>, side: f64) -> Option<PoolBox<Self>> {
///             (side > 0.0).then(|| Self::unchecked_in(pool, side))
///         }
///     }
/// }
///
/// assert!(shapes::Square::new_in(&goo_pool_typed::Pool::new(), -1.0).is_none());
/// ```
///
/// `#[pooled(crate = path)]`: where `goo_pool_typed` is, if a crate re-exports it or it has another
/// name in `Cargo.toml`.
///
/// ```
/// mod memory {
///     pub use goo_pool_typed as pools;
/// }
///
/// #[derive(memory::pools::Pooled)]
/// #[pooled(crate = memory::pools)]
/// struct Node(u32);
/// # assert_eq!(Node::new_in(&memory::pools::Pool::new(), 1).0, 1);
/// ```
///
/// `#[pooled(bound = "...")]`: bounds that the default expressions need, in the form of a
/// where-clause. Without this option a generic field with a plain `default` adds the bound that its
/// own type is `Default`; with it, nothing is added but what it says.
///
/// ```
/// use goo_pool_typed::{Pool, Pooled};
///
/// #[derive(Pooled)]
/// #[pooled(bound = "T: From<u8>")]
/// struct Counter<T> {
///     #[pooled(default = T::from(1))]
///     next: T,
/// }
///
/// assert_eq!(Counter::<u64>::new_in(&Pool::new()).next, 1);
/// ```
///
/// `#[pooled(thread_local)]` or `#[pooled(global)]`: a pool of the type's own, one for each thread or one for all. It
/// implements `DefaultPool`, so that `PoolBox::new(value)`, or `SyncPoolBox::new(value)`, needs no pool; and each constructor
/// has a second one that takes none, without the `_in` of its name. So `rename` has to end in `_in` then.
///
/// ```
/// use goo_pool_typed::{PoolBox, Pooled, SyncPoolBox};
///
/// #[derive(Pooled)]
/// #[pooled(thread_local)]
/// struct Node {
///     value: u32,
///     next: Option<PoolBox<Node>>,
/// }
///
/// let list = Node::new(1, Some(Node::try_new(2, None)?));
/// assert_eq!(list.value + list.next.as_ref().unwrap().value, 3);
///
/// #[derive(Pooled)]
/// #[pooled(global, rename = "message_in")]
/// struct Message {
///     text: String,
/// }
///
/// impl Message {
///     fn new(text: &str) -> SyncPoolBox<Self> {
///         Self::message(text.trim().to_string()) // `new` was wanted for this
///     }
/// }
///
/// let message = Message::new(" from anywhere ");
/// std::thread::spawn(move || assert_eq!(message.text, "from anywhere")).join().unwrap();
/// # Ok::<(), goo_pool_typed::AllocError>(())
/// ```
///
/// A generic type has none: a variable of a thread or of all has no parameters. Make a pool where it is needed, or give one
/// instance a pool of its own with `default_pool!(thread_local, List<u32>)`. Both need the feature `std`.
///
/// `#[pooled(clone)]` and `#[pooled(walk)]`, on a type with links: see [Links](#links).
///
/// # Options of a variant
///
/// `#[pooled(rename = "name")]`: the constructors are `name` and `try_name`.
///
/// `#[pooled(skip)]`: no constructors.
///
/// ```
/// use goo_pool_typed::{Pool, Pooled};
///
/// #[derive(Pooled)]
/// enum Token {
///     #[pooled(rename = "number")]
///     Number(u32),
///     #[pooled(skip)]
///     End,
/// }
///
/// let number = Token::number(&Pool::new(), 7);
/// assert!(matches!(*number, Token::Number(7)));
/// # let _ = Token::End;
/// ```
///
/// # Options of a field
///
/// `#[pooled(default)]`: no argument; the value is `Default::default()`. For an array of any length
/// it is the default of each element.
///
/// `#[pooled(default = expression)]`: no argument; the value is that of the expression. It may use
/// `Self`, the arguments of fields that come later, and all arguments that are `Copy`.
///
/// `#[pooled(into)]`: the argument is an `impl Into` of the field's type. For an `Option<PoolBox<Self>>`
/// that is a box or an option.
///
/// `#[pooled(rename = "name")]`: the argument's name. It is `field0`, `field1` and so on for a tuple's
/// fields.
///
/// `#[pooled(link)]`: the field owns other nodes of the same type. See [Links](#links).
///
/// A field of type `PhantomData`, recognised by that name, has no argument.
///
/// ```
/// use std::marker::PhantomData;
///
/// use goo_pool_typed::{Pool, Pooled};
///
/// #[derive(Pooled)]
/// struct Page<K> {
///     #[pooled(default = text.len())]
///     len: usize,
///     text: String,
///     #[pooled(into, rename = "author")]
///     written_by: String,
///     #[pooled(default)]
///     bytes: [u8; 4096],
///     kind: PhantomData<K>,
/// }
/// # type Kind = ();
///
/// let page = Page::<Kind>::new_in(&Pool::new(), String::from("four"), "somebody");
/// assert_eq!((page.len, &*page.text, &*page.written_by), (4, "four", "somebody"));
/// assert_eq!(page.bytes, [0; 4096]);
/// # let PhantomData = page.kind;
/// ```
///
/// # Links
///
/// A type with fields that are marked with `#[pooled(link)]` gets a `Drop` which goes through the nodes in a loop, so that
/// lists and trees of any depth are dropped on any stack. What can be marked is an `Option<PoolBox<Self>>`, a `Vec` or another
/// collection of these, and the same with `SyncPoolBox`, `PoolRc` and `PoolArc`. In the same way
///
/// - `#[pooled(clone)]` on the type implements `Clone`,
/// - `#[pooled(walk)]` on the type writes a method `links`, as visible as the constructors: an iterator over the node and all
///   nodes behind its links.
///
/// ```
/// use goo_pool_typed::{Pool, PoolBox, Pooled};
///
/// #[derive(Pooled)]
/// #[pooled(clone, walk)]
/// enum Tree {
///     Leaf(i64),
///     Branch(#[pooled(link)] Vec<PoolBox<Tree>>),
/// }
///
/// let pool = Pool::new();
/// let mut tree = Tree::new_leaf_in(&pool, 1);
/// for value in 2..=100_000 {
///     tree = Tree::new_branch_in(&pool, vec![Tree::new_leaf_in(&pool, value), tree]);
/// }
/// let clone = tree.clone();
/// drop(tree);
/// let values = clone.links().map(|node| if let Tree::Leaf(value) = node { *value } else { 0 });
/// assert_eq!(values.sum::<i64>(), 5_000_050_000);
/// ```
///
/// Since the type has a `Drop` then, fields cannot be moved out of it, and it cannot have another one. That, the order
/// in which nodes are dropped, cloned and walked, and what happens when one panics or memory runs out, says the module `links`
/// of `goo_pool_typed`.
///
/// As the compiler's own derive, `clone` asks for `T: Clone` for each parameter `T` of the type, unless there is a `bound`: then
/// for what that says.
///
/// # Unsafe code
///
/// The generated code of a struct has `unsafe` blocks around pointers to its fields, and nothing of
/// the user's inside them. The lint `unsafe_code` does not look into a derive's code, so a crate
/// with `#![forbid(unsafe_code)]` can derive `Pooled`.
///
/// An attribute macro that stands below the derive may change the struct after the derive has seen
/// it. If the fields are then other ones, or packed, that is a compile error.
#[proc_macro_derive(Pooled, attributes(pooled))]
pub fn derive_pooled(item: TokenStream) -> TokenStream {
    let item = match syn::parse::<DeriveInput>(item) {
        Ok(item) => item,
        Err(error) => return error.into_compile_error().into(),
    };
    let mut errors = Errors::default();
    let input = Input::read(item, &mut errors);
    check::check(&input, &mut errors);
    match errors.into_tokens() {
        None => expand::expand(&input, Body::Whole).into(),
        Some(mut tokens) => {
            tokens.extend(expand::expand(&input, Body::Stub));
            tokens.into()
        }
    }
}
