use goo_pool_typed::KeyedPool;

struct Loud<'a>(&'a str);

impl Drop for Loud<'_> {
    fn drop(&mut self) {
        println!("{}", self.0);
    }
}

fn main() {
    let mut pool = KeyedPool::new();
    let name = String::from("gone before the pool");
    pool.insert(Loud(&name));
}
