//! The program as it was.

pub(crate) use std::boxed::Box;

#[path = "counts.rs"]
pub(crate) mod counts;

#[expect(clippy::boxed_local, reason = "for the program it is not one")]
fn unbox<T>(boxed: Box<T>) -> T {
    *boxed
}
