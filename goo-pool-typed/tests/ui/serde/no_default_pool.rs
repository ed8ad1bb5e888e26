//! Without a seed there is no pool to read into, unless the type has one of its own.

use goo_pool_typed::PoolBox;
use serde::{Deserialize, de::DeserializeOwned};

#[derive(Deserialize)]
struct Point(u32);

fn read<T: DeserializeOwned>() {}

fn main() {
    read::<PoolBox<Point>>();
}
