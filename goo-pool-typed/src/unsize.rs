//! From a box of a sized type to one of a trait object or a slice, on stable Rust.

/// Turns a [`PoolBox<T>`](crate::PoolBox) into a `PoolBox<dyn Trait>` or a `PoolBox<[U]>`.
///
/// `unsize!(boxed, dyn Trait)` is what the compiler does by itself for `Box`; only types from std may ask
/// for that. It costs nothing, and allows exactly the coercions that the compiler allows for a raw pointer.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::{Pool, PoolBox, unsize};
/// use std::fmt::Display;
///
/// let numbers = Pool::new();
/// let texts = Pool::new();
/// let things: Vec<PoolBox<dyn Display>> =
///     vec![unsize!(numbers.alloc(7), dyn Display), unsize!(texts.alloc("seven"), dyn Display)];
/// assert_eq!(things[0].to_string() + &things[1].to_string(), "7seven");
///
/// let array = Pool::new().alloc([1, 2, 3]);
/// let slice: PoolBox<[i32]> = unsize!(array, [i32]);
/// assert_eq!(slice.len(), 3);
/// ```
///
/// Anything else does not compile:
///
/// ```compile_fail
/// # use goo_pool_typed::{Pool, PoolBox, unsize};
/// let wrong: PoolBox<u8> = unsize!(Pool::new().alloc(1_u32), u8);
/// ```
#[macro_export]
macro_rules! unsize {
    ($boxed:expr, $target:ty $(,)?) => {{
        let (sized, kind) = $crate::__private::into_raw($boxed);
        let raw: *mut $target = sized;
        // SAFETY: the pointer came from `into_raw`, and the compiler allowed nothing but an unsizing coercion,
        // which keeps the address, the provenance and the value's layout.
        unsafe { $crate::__private::from_raw(raw, kind) }
    }};
}
