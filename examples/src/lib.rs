//! What several of the programs need, and what no program is about: chance, counted memory, times, a table.

pub mod heap;
mod random;
mod table;
mod timing;

pub use random::{Random, mix};
pub use table::{Better, Column, Table};
pub use timing::{median, time};
