use goo_pool_typed::Pooled;

#[derive(Pooled)]
enum Never {}

fn main() {}
