//! A value may borrow from what it was read from, and then cannot stay for longer.

use goo_pool_typed::Pool;
use serde::de::DeserializeSeed;

fn main() {
    let pool = Pool::<&str>::new();
    let text = {
        let json = String::from("\"text\"");
        pool.seed().deserialize(&mut serde_json::Deserializer::from_str(&json)).unwrap()
    };
    println!("{text}");
}
