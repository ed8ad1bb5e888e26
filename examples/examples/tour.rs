//! A walk through the API: raw chunks, objects of one type, and what a `PoolBox` can do.
//!
//! ```text
//! cargo run --release --example tour
//! ```

use std::alloc::Layout;
use std::error::Error;
use std::fmt;

use goo_pool_core::RawPool;
use goo_pool_typed::{AllocError, Pool, PoolBox, Pooled, unsize};

fn main() -> Result<(), Box<dyn Error>> {
    raw_chunks()?;
    objects_of_one_type();
    a_pool_that_is_full()?;
    values_built_in_place();
    values_taken_out();
    boxes_that_outlive_their_pool();
    boxes_of_different_types();
    Ok(())
}

/// Memory without a type: chunks of 128 bytes on multiples of 16.
fn raw_chunks() -> Result<(), Box<dyn Error>> {
    let layout = Layout::from_size_align(128, 16)?;
    let pool = RawPool::new(layout)?;

    let first = pool.allocate()?;
    let second = pool.allocate_zeroed()?;
    for chunk in [first, second] {
        assert!(pool.owns(chunk.as_ptr()));
        assert_eq!(chunk.addr().get() % layout.align(), 0);
    }
    // SAFETY: `second` is ours until it is given back, and all its 128 bytes are initialised.
    let bytes = unsafe { second.cast::<[u8; 128]>().as_ref() };
    assert_eq!(bytes, &[0; 128]);
    println!("raw chunks:   {}", pool.stats());

    // SAFETY: `first` came from this pool and is not used again.
    unsafe { pool.deallocate(first) };
    assert_eq!(pool.len(), 1);

    // All chunks at once. The memory stays, to be handed out again.
    let capacity = pool.capacity();
    // SAFETY: neither `second` nor `bytes` is used again.
    unsafe { pool.reset() };
    assert_eq!((pool.len(), pool.capacity()), (0, capacity));
    println!("  after reset {}", pool.stats());
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Pooled)]
struct MyObject {
    id: u32,
    name: [u8; 32],
    value: f64,
}

/// Objects of one type: a `Pool<T>` hands out `PoolBox<T>`, which is used like a `Box<T>`.
fn objects_of_one_type() {
    let pool = Pool::new();

    // `new_in` is what the derive writes. It takes the fields in order and writes them straight into the chunk.
    let mut object = MyObject::new_in(&pool, 1, name("first"), 3.5);
    object.value *= 2.0;
    assert_eq!((object.id, object.value), (1, 7.0));

    // A finished value moves in with `alloc`, and a clone goes into the same pool.
    let moved_in = pool.alloc(MyObject { id: 2, ..(*object).clone() });
    let copy = moved_in.clone();
    assert_eq!(copy, moved_in);
    assert_eq!(pool.len(), 3);

    // A box is one pointer, also in an `Option`.
    assert_eq!(size_of::<Option<PoolBox<MyObject>>>(), size_of::<usize>());

    // Freed when dropped, in any order. The chunk freed last is the next to be used, still warm in the cache.
    let freed = PoolBox::as_ptr(&moved_in);
    drop(moved_in);
    let third = MyObject::new_in(&pool, 3, name("third"), 0.0);
    assert_eq!(PoolBox::as_ptr(&third), freed);
    println!("objects:      {}", pool.stats());
}

fn name(text: &str) -> [u8; 32] {
    let mut name = [0; 32];
    name[..text.len()].copy_from_slice(text.as_bytes());
    name
}

/// A pool with a limit fails with an error that gives the value back.
fn a_pool_that_is_full() -> Result<(), Box<dyn Error>> {
    let pool = Pool::builder().capacity(2).max_chunks(2).build()?;
    let one = pool.alloc("one".to_owned());
    let two = pool.alloc("two".to_owned());

    let refused = pool.try_alloc("three".to_owned()).expect_err("the limit is two");
    assert_eq!(refused.error(), AllocError::LimitReached { max_chunks: 2 });
    println!("full:         {}", refused.error());
    let three = refused.into_value();

    // Room for one is room for one.
    drop(one);
    let three = pool.try_alloc(three).map_err(|refused| refused.error())?;
    assert_eq!((two.as_str(), three.as_str()), ("two", "three"));
    Ok(())
}

/// A closure can build the value, and may use the pool to do it.
fn values_built_in_place() {
    struct Chain {
        length: usize,
        rest: Option<PoolBox<Chain>>,
    }

    fn chain(pool: &Pool<Chain>, length: usize) -> PoolBox<Chain> {
        pool.alloc_with(|| Chain { length, rest: (length > 1).then(|| chain(pool, length - 1)) })
    }

    let pool = Pool::new();
    let mut links = chain(&pool, 10);
    assert_eq!(pool.len(), 10);

    // Cut in the middle: what hangs on the dropped link goes with it.
    links.rest.as_mut().expect("ten links").rest = None;
    assert_eq!((links.length, pool.len()), (10, 2));
    println!("in place:     {} of {} links left", pool.len(), links.length);

    // Or reserve the chunk now and write the value later.
    let slot = pool.alloc_uninit();
    let other = PoolBox::write(slot, Chain { length: 1, rest: None });
    assert_eq!((other.length, pool.len()), (1, 3));
}

/// Out of the box, and out of Rust's hands.
fn values_taken_out() {
    let pool = Pool::new();
    let text: String = PoolBox::into_inner(pool.alloc("by value".to_owned()));
    assert!(pool.is_empty());

    // For C, or for a list whose links are pointers: the pointer now stands for the box.
    let raw: *mut String = PoolBox::into_raw(pool.alloc(text));
    assert_eq!(pool.len(), 1);
    // SAFETY: `raw` came from `into_raw` and is turned back once.
    let text = unsafe { PoolBox::from_raw(raw) };
    println!("taken out:    {text}");
}

/// A box has no lifetime. It keeps the memory that it lies in, and that goes when the last box does.
fn boxes_that_outlive_their_pool() {
    let boxes: Vec<PoolBox<String>> = {
        let pool = Pool::new();
        ["still", "here"].map(|word| pool.alloc(word.to_owned())).into()
    };
    // The pool is still there for those who have a box of it.
    let pool = PoolBox::pool(&boxes[0]);
    assert_eq!(pool.len(), 2);
    println!("outliving:    {} {}", boxes[0], boxes[1]);
}

/// `unsize!` turns a box into one of a trait object, which comes from its own type's pool as before.
fn boxes_of_different_types() {
    struct Square(u32);
    struct Disc(u32);

    trait Shape: fmt::Debug {
        fn area(&self) -> f64;
    }

    impl fmt::Debug for Square {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "square of side {}", self.0)
        }
    }

    impl fmt::Debug for Disc {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "disc of radius {}", self.0)
        }
    }

    impl Shape for Square {
        fn area(&self) -> f64 {
            f64::from(self.0).powi(2)
        }
    }

    impl Shape for Disc {
        fn area(&self) -> f64 {
            f64::from(self.0).powi(2) * std::f64::consts::PI
        }
    }

    let (squares, discs) = (Pool::new(), Pool::new());
    let mut shapes: Vec<PoolBox<dyn Shape>> =
        vec![unsize!(squares.alloc(Square(2)), dyn Shape), unsize!(discs.alloc(Disc(1)), dyn Shape)];
    shapes.sort_by(|a, b| a.area().total_cmp(&b.area()));
    println!("trait object: {shapes:?}");

    drop(shapes);
    assert_eq!((squares.len(), discs.len()), (0, 0));
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_tour_holds_what_it_says() {
        super::main().expect("no step of it fails");
    }
}
