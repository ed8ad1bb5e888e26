use goo_pool_typed::Pool;

struct Loud<'a>(&'a str);

impl Drop for Loud<'_> {
    fn drop(&mut self) {
        println!("{}", self.0);
    }
}

fn main() {
    let pool = Pool::new();
    let scope = pool.scope();
    let name = String::from("gone before the scope");
    scope.alloc(Loud(&name));
}
