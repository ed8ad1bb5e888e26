//! Orders of reuse for random tests.

use goo_pool_core::Reuse;
use proptest::prelude::*;

pub(crate) fn any_reuse() -> impl Strategy<Value = Reuse> {
    prop_oneof![Just(Reuse::MostRecent), Just(Reuse::LowestAddress), Just(Reuse::Random)]
}
