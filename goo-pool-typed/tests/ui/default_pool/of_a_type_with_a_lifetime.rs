//! A static outlives every lifetime.
use goo_pool_typed::{Pooled, SyncPoolBox};

#[derive(Pooled)]
#[pooled(global)]
struct Word<'t> {
    text: &'t str,
}

fn main() {
    let word: SyncPoolBox<Word<'_>> = Word::new("word");
    let _ = word.text;
}
