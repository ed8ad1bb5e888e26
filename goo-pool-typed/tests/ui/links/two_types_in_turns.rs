use goo_pool_typed::{PoolBox, Pooled};

#[derive(Pooled)]
struct Even {
    #[pooled(link)]
    next: Option<PoolBox<Odd>>,
}

#[derive(Pooled)]
struct Odd {
    #[pooled(link)]
    next: Option<PoolBox<Even>>,
}

fn main() {}
