//! What several of the programs need, and what no program is about: chance, counted memory, a table.

pub mod heap;
mod random;
mod table;

pub use random::{Random, mix};
pub use table::{Better, Column, Table, median};
