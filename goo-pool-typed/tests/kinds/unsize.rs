//! `unsize!`: boxes of trait objects and slices, and the way back.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::{Debug, Display};
use std::rc::Rc;

use crate::common::{Ledger, scaled};
use crate::kind::{Pool, PoolBox};
use goo_pool_typed::unsize;

trait Shape {
    fn area(&self) -> f64;
    fn grow(&mut self, by: f64);
    fn boxed_clone(&self) -> PoolBox<dyn Shape>;
}

#[derive(Clone)]
struct Square {
    side: f64,
    pool: Pool<Square>,
}

#[derive(Clone)]
struct Disc {
    radius: f64,
    name: String,
    pool: Pool<Disc>,
}

impl Shape for Square {
    fn area(&self) -> f64 {
        self.side * self.side
    }

    fn grow(&mut self, by: f64) {
        self.side *= by;
    }

    fn boxed_clone(&self) -> PoolBox<dyn Shape> {
        unsize!(self.pool.alloc(self.clone()), dyn Shape)
    }
}

impl Shape for Disc {
    fn area(&self) -> f64 {
        assert_eq!(self.name, "disc");
        3.0 * self.radius * self.radius
    }

    fn grow(&mut self, by: f64) {
        self.radius *= by;
    }

    fn boxed_clone(&self) -> PoolBox<dyn Shape> {
        unsize!(self.pool.alloc(self.clone()), dyn Shape)
    }
}

#[test]
fn boxes_of_different_types_share_a_collection() {
    let (squares, discs) = (Pool::new(), Pool::new());
    let mut shapes: Vec<PoolBox<dyn Shape>> = Vec::new();
    for n in 0..10 {
        let side = f64::from(n);
        shapes.push(unsize!(squares.alloc(Square { side, pool: squares.clone() }), dyn Shape));
        let disc = Disc { radius: side, name: String::from("disc"), pool: discs.clone() };
        shapes.push(unsize!(discs.alloc(disc), dyn Shape));
    }
    shapes.iter_mut().for_each(|shape| shape.grow(2.0));
    let area = |shapes: &[PoolBox<dyn Shape>]| shapes.iter().map(|shape| shape.area()).sum::<f64>();
    assert_eq!(area(&shapes), 4.0 * 4.0 * 285.0);
    let clones: Vec<_> = shapes[..10].iter().map(|shape| shape.boxed_clone()).collect();
    assert_eq!((squares.len(), discs.len()), (15, 15));
    drop(shapes);
    assert_eq!(area(&clones), 4.0 * 4.0 * 30.0);
    drop(clones);
    assert_eq!((squares.len(), discs.len()), (0, 0));
}

#[test]
fn the_macro_takes_any_expression_once_and_any_path() {
    let mut calls = 0;
    let mut next = || {
        calls += 1;
        Pool::new().alloc(calls)
    };
    let boxed: PoolBox<dyn Debug> = unsize!(next(), dyn Debug);
    assert_eq!((format!("{boxed:?}"), calls), (String::from("1"), 1));
    // Names of the caller's that the macro's own could hide.
    let (sized, raw) = (Pool::new().alloc(2), Pool::new().alloc(3));
    let boxes = [goo_pool_typed::unsize!(sized, dyn Debug), goo_pool_typed::unsize!(raw, dyn Debug,)];
    assert_eq!(format!("{boxes:?}"), "[2, 3]");
}

#[test]
fn a_trait_object_keeps_address_and_pool() {
    let pool = Pool::new();
    let boxed = pool.alloc([7_u64; 3]);
    let address = PoolBox::as_ptr(&boxed);
    let object = unsize!(boxed, dyn Debug);
    assert!(std::ptr::addr_eq(address, PoolBox::as_ptr(&object)));
    let raw = PoolBox::into_raw(object);
    // SAFETY: it came from `into_raw`, once.
    let object = unsafe { PoolBox::from_raw(raw) };
    assert_eq!((format!("{object:?}"), pool.len()), (String::from("[7, 7, 7]"), 1));
    drop(object);
    assert!(pool.is_empty());
}

/// What a trait object's destructor frees is found from the size and alignment in its table.
#[test]
fn trait_objects_of_every_shape_go_back_to_their_own_pool() {
    #[derive(Debug)]
    struct Empty;
    #[derive(Debug)]
    #[repr(align(256))]
    struct EmptyAligned;
    #[derive(Debug)]
    #[repr(align(8192))]
    struct Aligned(#[expect(dead_code, reason = "for its size")] u8);

    fn check<T: Debug + 'static>(make: fn() -> T) {
        let pool = Pool::new();
        let count = scaled(150, 5);
        let mut boxes: Vec<PoolBox<dyn Debug>> = (0..count).map(|_| unsize!(pool.alloc(make()), dyn Debug)).collect();
        assert!(boxes.iter().all(|boxed| PoolBox::as_ptr(boxed).cast::<u8>().addr() % align_of::<T>() == 0));
        let expected = format!("{:?}", make());
        assert!(boxes.iter().all(|boxed| format!("{boxed:?}") == expected));
        boxes.drain(1..3);
        assert_eq!(pool.len(), count - 2);
        drop(pool);
        drop(boxes);
    }

    check(|| ());
    check(|| Empty);
    check(|| EmptyAligned);
    check(|| Aligned(1));
    check(|| 1_u8);
    check(|| [1_u8; 3]);
    check(|| 1_u128);
    check(|| [1_u64; 7]);
    check(|| [1_u16; 5000]);
    check(|| vec![String::from("owned")]);
}

#[test]
fn a_closure_is_called_through_its_trait_object() {
    let log = Rc::new(RefCell::new(Vec::new()));
    let mut hooks: Vec<PoolBox<dyn FnMut(u32) -> u32>> = Vec::new();
    for factor in 1..=3 {
        let log = log.clone();
        let hook = move |n| {
            log.borrow_mut().push(n * factor);
            n * factor
        };
        hooks.push(unsize!(Pool::new().alloc(hook), dyn FnMut(u32) -> u32));
    }
    assert_eq!(hooks.iter_mut().fold(1, |n, hook| hook(n)), 6);
    assert_eq!(*log.borrow(), [1, 2, 6]);
    drop(hooks);
    assert_eq!(Rc::strong_count(&log), 1);
}

#[test]
fn a_trait_object_may_drop_a_marker_trait() {
    let boxed = unsize!(Pool::new().alloc(5), dyn Debug + Send + Sync);
    let boxed: PoolBox<dyn Debug> = unsize!(boxed, dyn Debug);
    assert_eq!(format!("{boxed:?}"), "5");
}

#[test]
fn slices_of_every_length_work_as_slices() {
    fn check<const N: usize>() {
        let pool = Pool::new();
        let ledger = Ledger::default();
        let mut slice: PoolBox<[_]> = unsize!(pool.alloc([(); N].map(|()| ledger.entry())), [crate::common::Entry]);
        slice.reverse();
        assert!(slice.iter().map(|entry| entry.number).eq((0..N).rev()));
        let clone = slice.clone();
        assert_eq!((clone.len(), pool.len(), ledger.live()), (N, 2, 2 * N));
        drop(slice);
        assert!(clone.iter().map(|entry| entry.number).eq(N..2 * N));
        drop(clone);
        assert!(pool.is_empty());
        ledger.assert_settled();
    }

    check::<0>();
    check::<1>();
    check::<2>();
    check::<63>();
    check::<300>();
}

#[test]
fn slices_of_values_without_size_clone_every_element() {
    let pool = Pool::new();
    let slice: PoolBox<[()]> = unsize!(pool.alloc([(); 1000]), [()]);
    let clone = slice.clone();
    assert_eq!((clone.len(), pool.len()), (1000, 2));
    assert!(!std::ptr::eq(PoolBox::as_ptr(&slice).cast::<u8>(), PoolBox::as_ptr(&clone).cast()));
}

#[test]
fn a_struct_with_an_array_at_its_end_becomes_one_with_a_slice() {
    #[derive(Debug)]
    struct Packet<B: ?Sized> {
        header: u8,
        body: B,
    }

    let pool = Pool::new();
    let packet = pool.alloc(Packet { header: 1, body: [2_u32, 3, 4] });
    let mut packet: PoolBox<Packet<[u32]>> = unsize!(packet, Packet<[u32]>);
    packet.body[1] = 30;
    assert_eq!(format!("{packet:?}"), "Packet { header: 1, body: [2, 30, 4] }");
    assert_eq!((packet.header, packet.body.len(), pool.len()), (1, 3, 1));
    drop(packet);
    assert!(pool.is_empty());
}

#[test]
fn the_right_downcast_gives_the_value_and_a_wrong_one_the_box() {
    let pool = Pool::new();
    let ledger = Ledger::default();
    let any: PoolBox<dyn Any> = unsize!(pool.alloc(ledger.entry()), dyn Any);
    let address = PoolBox::as_ptr(&any).cast::<u8>();
    let any = any.downcast::<u32>().map(drop).unwrap_err();
    let any = any.downcast::<Ledger>().map(drop).unwrap_err();
    assert_eq!((ledger.live(), pool.len()), (1, 1));
    let entry = any.downcast::<crate::common::Entry>().expect("this is what it is");
    assert!(std::ptr::eq(PoolBox::as_ptr(&entry).cast(), address));
    assert_eq!(PoolBox::into_inner(entry).number, 0);
    ledger.assert_settled();
    assert!(pool.is_empty());
}

#[test]
fn trait_objects_are_keys_where_their_trait_allows_it() {
    let (numbers, texts) = (Pool::new(), Pool::new());
    let mut map = BTreeMap::<String, PoolBox<dyn Display>>::new();
    map.insert(String::from("number"), unsize!(numbers.alloc(1), dyn Display));
    map.insert(String::from("text"), unsize!(texts.alloc("one"), dyn Display));
    let replaced = map.insert(String::from("text"), unsize!(texts.alloc("two"), dyn Display)).unwrap();
    assert_eq!(format!("{replaced} {} {}", map["number"], map["text"]), "one 1 two");
    drop(map);
    assert_eq!((numbers.len(), texts.len()), (0, 1));
}

#[test]
fn a_box_of_any_that_may_be_sent_is_downcast_as_well() {
    let pool = Pool::new();
    let any: PoolBox<dyn Any + Send> = unsize!(pool.alloc(5_u32), dyn Any + Send);
    assert_eq!(*any.downcast::<u32>().unwrap(), 5);
    let any: PoolBox<dyn Any + Send + Sync> = unsize!(pool.alloc(6_u32), dyn Any + Send + Sync);
    let any = any.downcast::<u8>().unwrap_err();
    assert_eq!(*any.downcast::<u32>().unwrap(), 6);
    assert!(pool.is_empty());
}
