//! Containers whose values are named by keys: `cargo bench -p goo-pool-benches --bench keys`.
//!
//! A row is a workload, a number of values and their size in bytes; the figures are for one value.

use goo_pool_benches::contest::{Contest, is_smoke};
use goo_pool_benches::keyed::{Keyed, Value, fill, get, insert, iterate, iterate_left, remove, replace, sum};
use goo_pool_typed::KeyedPool;
use slotmap::{DefaultKey, DenseSlotMap, SlotMap};

/// A row of all contestants.
macro_rules! row {
    ($contest:expr, $name:expr, $values:expr, $bytes:expr, $workload:ident $(, $more:literal)?) => {
        $contest
            .row(format!("{}, {}, {} bytes", $name, thousands($values), $bytes), operations($values))
            .run(<KeyedPool<Value<{ $bytes / 8 }>> as Keyed<_>>::NAME, $workload::<KeyedPool<_>, { $bytes / 8 } $(, $more)?>($values))
            .run(<slab::Slab<Value<1>> as Keyed<_>>::NAME, $workload::<slab::Slab<_>, { $bytes / 8 } $(, $more)?>($values))
            .run(<SlotMap<DefaultKey, Value<1>> as Keyed<_>>::NAME, $workload::<SlotMap<_, _>, { $bytes / 8 } $(, $more)?>($values))
            .run(<DenseSlotMap<DefaultKey, Value<1>> as Keyed<_>>::NAME, $workload::<DenseSlotMap<_, _>, { $bytes / 8 } $(, $more)?>($values))
            .run(<thunderdome::Arena<Value<1>> as Keyed<_>>::NAME, $workload::<thunderdome::Arena<_>, { $bytes / 8 } $(, $more)?>($values))
            .run(<generational_arena::Arena<Value<1>> as Keyed<_>>::NAME, $workload::<generational_arena::Arena<_>, { $bytes / 8 } $(, $more)?>($values))
    };
}

macro_rules! rows {
    ($contest:expr, $values:expr, $bytes:expr) => {
        row!($contest, "fill a new one", $values, $bytes, fill);
        row!($contest, "insert", $values, $bytes, insert);
        row!($contest, "remove", $values, $bytes, remove);
        row!($contest, "get", $values, $bytes, get);
        row!($contest, "replace", $values, $bytes, replace);
        row!($contest, "iterate", $values, $bytes, iterate);
        row!($contest, "sum", $values, $bytes, sum);
        row!($contest, "iterate over half", $values, $bytes, iterate_left, 50);
        row!($contest, "iterate over a hundredth", $values, $bytes, iterate_left, 99);
    };
}

fn main() {
    let mut contest = Contest::new("keys", "what is done, how many values of what size");
    let many = if is_smoke() { 5_000 } else { 1_000_000 };
    rows!(contest, 1_000, 8);
    rows!(contest, 1_000, 64);
    rows!(contest, many, 8);
    rows!(contest, many, 64);
    contest.finish();
}

/// A pass: all values once, and enough of them for the clock.
fn operations(values: usize) -> u64 {
    values.max(200_000) as u64
}

fn thousands(values: usize) -> String {
    if values >= 1_000_000 { format!("{}M", values / 1_000_000) } else { format!("{}k", values / 1_000) }
}
