use goo_pool_typed::Scope;

fn add<'a>(scope: &Scope<&'a str>, short: &'a str) {
    scope.alloc(short);
}

fn main() {
    let pool = goo_pool_typed::Pool::<&'static str>::new();
    let mut scope: Scope<&'static str> = pool.scope();
    {
        let short = String::from("short");
        add(&scope, &short);
    }
    println!("{:?}", scope.iter_mut().next());
}
