use goo_pool_typed::Pooled;

#[derive(Pooled)]
union Bits {
    int: u32,
    float: f32,
}

fn main() {}
