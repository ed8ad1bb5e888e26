use goo_pool_typed::Pooled;

#[derive(Pooled)]
struct Node {
    #[pooled(default = std::mem::zeroed())]
    value: u32,
    #[pooled(default = [const { std::mem::zeroed() }; 4])]
    array: [u32; 4],
}

#[derive(Pooled)]
enum Shape {
    Circle(#[pooled(default = std::mem::zeroed())] u32),
}

fn main() {}
