//! A seed borrows its pool.

use goo_pool_typed::Pool;
use serde::de::DeserializeSeed;

fn main() {
    let seed = {
        let pool = Pool::<u32>::new();
        pool.seed()
    };
    let _ = seed.deserialize(serde_json::json!(1));
}
