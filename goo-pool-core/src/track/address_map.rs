//! A map from addresses, with a hash that is good enough for them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map from chunks' addresses.
///
/// Nobody chooses them in order to make the map slow, so the default hash would be a price for nothing.
pub(crate) type AddressMap<V> = HashMap<usize, V, BuildHasherDefault<Fold>>;

/// One wide multiplication, folded: every bit of the address reaches both ends of the hash, of which a map uses both.
#[derive(Default)]
pub(crate) struct Fold(u64);

impl Hasher for Fold {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_usize(usize::from(byte)));
    }

    #[inline]
    fn write_usize(&mut self, address: usize) {
        // The golden ratio's bits, as Fibonacci hashing has them.
        let wide = u128::from(self.0 ^ address as u64) * 0x9e37_79b9_7f4a_7c15;
        self.0 = wide as u64 ^ (wide >> 64) as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
