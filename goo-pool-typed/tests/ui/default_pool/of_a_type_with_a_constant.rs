//! Nor has it constants.
use goo_pool_typed::Pooled;

#[derive(Pooled)]
#[pooled(thread_local)]
enum Page<const N: usize> {
    Full([u8; N]),
    Empty,
}

fn main() {
    let _ = (Page::new_full([0; 10]), Page::<3>::try_new_empty());
}
