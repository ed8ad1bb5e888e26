//! A type's own pool is of one kind, and so are the boxes that are read.

use goo_pool_typed::{Pooled, SyncPoolBox};
use serde::{Deserialize, de::DeserializeOwned};

#[derive(Pooled, Deserialize)]
#[pooled(thread_local)]
struct Point(u32);

fn read<T: DeserializeOwned>() {}

fn main() {
    read::<SyncPoolBox<Point>>();
}
