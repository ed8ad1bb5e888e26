//! `#[derive(Pooled)]` builds structs larger than the stack, also without optimisation: only one field at a
//! time goes over the stack, and a field written as an array only element by element.
//!
//! In a debug build `pool.alloc(Large { .. })` and `pool.alloc_with(|| Large { .. })` overflow the same
//! stack: there the value is made on the stack as a whole, and moved from there.
#![cfg(feature = "derive")]

use std::thread;

use crate::kind::{Pool, PoolBox};
use goo_pool_typed::Pooled;

/// The stack of each test: room for one field of a struct of 64, and for what runs besides.
const STACK: usize = 128 << 10;
/// The size of a field in a struct of 64 such fields: 4 MiB, many times the stack.
const FIELD: usize = if cfg!(miri) { 16 } else { 64 << 10 };
/// The size of an array which alone is many times the stack.
const HUGE: usize = if cfg!(miri) { 1024 } else { 4 << 20 };

fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(STACK).spawn(test);
    thread.expect("a thread").join().expect("the test on the thread passes");
}

/// Not an array for the derive, which sees the name alone.
type Bytes = [u8; FIELD];

fn bytes(byte: u8) -> Bytes {
    [byte; FIELD]
}

macro_rules! large {
    ($($field:ident)*) => {
        #[derive(Pooled)]
        struct Large {
            step: u8,
            $(#[pooled(default = bytes(step * stringify!($field).len() as u8))] $field: Bytes,)*
        }

        impl Large {
            fn fields(&self) -> impl Iterator<Item = (&str, &Bytes)> {
                [$((stringify!($field), &self.$field)),*].into_iter()
            }
        }
    };
}

large! {
    a aa aaa aaaa aaaaa aaaaaa aaaaaaa aaaaaaaa b bb bbb bbbb bbbbb bbbbbb bbbbbbb bbbbbbbb
    c cc ccc cccc ccccc cccccc ccccccc cccccccc d dd ddd dddd ddddd dddddd ddddddd dddddddd
    e ee eee eeee eeeee eeeeee eeeeeee eeeeeeee f ff fff ffff fffff ffffff fffffff ffffffff
    g gg ggg gggg ggggg gggggg ggggggg gggggggg h hh hhh hhhh hhhhh hhhhhh hhhhhhh hhhhhhhh
}

#[test]
fn struct_of_many_large_fields_needs_the_stack_of_one() {
    assert!(cfg!(miri) || size_of::<Large>() > 30 * STACK);
    on_a_small_stack(|| {
        let pool = Pool::new();
        let large: [PoolBox<Large>; 2] = [Large::new_in(&pool, 3), Large::new_in(&pool, 5)];
        for large in large {
            for (name, field) in large.fields() {
                let expected = large.step * u8::try_from(name.len()).expect("a short name");
                assert!(field.iter().all(|byte| *byte == expected), "field {name}");
            }
        }
    });
}

/// Arrays that the derive sees.
#[derive(Pooled)]
struct Huge<T, const N: usize> {
    #[pooled(default)]
    zeros: [u8; HUGE],
    #[pooled(default = [7; HUGE])]
    sevens: [u8; HUGE],
    #[pooled(default = [[1.5; 32]; HUGE / 128])]
    matrix: [[f32; 32]; HUGE / 128],
    #[pooled(default)]
    rows: [[u64; 128]; HUGE / 1024],
    #[pooled(default = [const { None }; HUGE / 8])]
    boxes: [Option<Box<u8>>; HUGE / 8],
    #[pooled(default)]
    generic: [T; N],
}

#[test]
fn array_larger_than_the_stack_is_written_element_by_element() {
    on_a_small_stack(|| {
        let pool = Pool::new();
        let huge = Huge::<u16, { HUGE / 2 }>::new_in(&pool);
        assert!(huge.zeros.iter().all(|n| *n == 0));
        assert!(huge.sevens.iter().all(|n| *n == 7));
        assert!(huge.matrix.iter().flatten().all(|n| *n == 1.5));
        assert!(huge.rows.iter().flatten().all(|n| *n == 0));
        assert!(huge.boxes.iter().all(Option::is_none));
        assert!(huge.generic.iter().all(|n| *n == 0));
    });
}
