//! Every option at once.

use std::marker::PhantomData;

use goo_pool_typed::{Pool, Pooled};

pub mod reexport {
    pub use goo_pool_typed as pools;
}

pub mod shapes {
    use super::*;

    #[derive(Pooled)]
    #[pooled(crate = crate::reexport::pools, vis(pub(crate)), rename = "make", bound = "T: From<u8>")]
    pub struct Struct<T> {
        #[pooled(default)]
        pub(crate) a: u8,
        #[pooled(default = T::from(2))]
        pub(crate) b: T,
        #[pooled(into)]
        pub(crate) c: u32,
        #[pooled(rename = "delta")]
        pub(crate) d: u8,
        pub(crate) e: PhantomData<T>,
    }

    #[derive(Pooled)]
    #[pooled(vis = "pub")]
    pub enum Enum {
        #[pooled(rename = "first")]
        First(#[pooled(default = 1)] u8),
        #[pooled(skip)]
        Second,
        Third {
            #[pooled(into, rename = "text")]
            name: String,
        },
    }
}

fn main() {
    let value = shapes::Struct::<u64>::make(&Pool::new(), 3u8, 4);
    assert_eq!((value.a, value.b, value.c, value.d, value.e), (0, 2, 3, 4, PhantomData));
    let pool = Pool::new();
    assert!(matches!(*shapes::Enum::first(&pool), shapes::Enum::First(1)));
    let third = shapes::Enum::try_new_third_in(&pool, "third");
    assert!(matches!(&*third.unwrap(), shapes::Enum::Third { name } if name == "third"));
    let _ = shapes::Enum::Second;
}
