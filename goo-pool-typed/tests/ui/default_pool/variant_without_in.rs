//! The same for a variant.
use goo_pool_typed::Pooled;

#[derive(Pooled)]
#[pooled(global)]
enum Token {
    #[pooled(rename = "number")]
    Number(u32),
    #[pooled(rename = "self_in")]
    This,
    End,
}

fn main() {
    let _ = Token::new_end();
}
