//! The traits that `Rc` and `Arc` have.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::error::Error;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::kind::{PoolRc, PoolWeak, RcPool};
use goo_pool_typed::Counted;

#[test]
fn values_are_compared() {
    let pool = RcPool::new();
    let (one, same, two) = (pool.alloc(1.0), pool.alloc(1.0), pool.alloc(2.0));
    assert!(one == same && one != two && one < two && two >= same);
    let nan = pool.alloc(f64::NAN);
    assert!(nan != nan.clone() && nan.partial_cmp(&one).is_none());
    let words = RcPool::new();
    let (a, b) = (words.alloc("a"), words.alloc("b"));
    assert_eq!((a.cmp(&b), b.clone().max(a.clone())), (Ordering::Less, b.clone()));
    assert_eq!(BTreeSet::from([b, a.clone(), a]).len(), 2);
}

#[test]
fn values_are_shown() {
    let rc = RcPool::new().alloc(String::from("text"));
    assert_eq!(format!("{rc} {rc:?} {rc:>6}"), "text \"text\"   text");
    assert_eq!(format!("{rc:p}"), format!("{:p}", &raw const *rc));
    assert_eq!(format!("{:?} {:?}", PoolRc::downgrade(&rc), PoolWeak::<u8>::new()), "(Weak) (Weak)");
}

#[test]
fn a_handle_is_found_by_its_value() {
    let hash = |value: &dyn Fn(&mut DefaultHasher)| {
        let mut hasher = DefaultHasher::new();
        value(&mut hasher);
        hasher.finish()
    };
    let pool = RcPool::new();
    let key = pool.alloc(5_u32);
    assert_eq!(hash(&|h| key.hash(h)), hash(&|h| 5_u32.hash(h)));
    let map = HashMap::from([(key, "five"), (pool.alloc(6), "six")]);
    assert_eq!((map.get(&5), map.get(&7)), (Some(&"five"), None));
}

#[test]
fn a_value_that_is_not_shared_yet_is_compared_and_shown_as_itself() {
    let pool = RcPool::new();
    let (one, two) = (pool.alloc_box(String::from("one")), pool.alloc_box(String::from("two")));
    assert!(one == pool.alloc_box(String::from("one")) && one != two && one < two);
    assert_eq!((one.cmp(&two), format!("{one} {one:?} {one:>5}")), (Ordering::Less, "one \"one\"   one".into()));
    let keys: HashSet<_> = [one.clone(), one, two].into();
    assert_eq!(keys.len(), 2);
    assert_eq!(*pool.as_pool().alloc_default(), Counted::new(String::new()));
}

#[test]
fn a_handle_stands_for_a_reference() {
    fn len(text: impl AsRef<String>) -> usize {
        text.as_ref().len()
    }

    let rc = RcPool::new().alloc(String::from("text"));
    let borrowed: &String = rc.borrow();
    assert_eq!((len(rc.clone()), borrowed.len(), rc.len()), (4, 4, 4));
}

#[test]
fn an_error_may_be_shared() {
    #[derive(Debug)]
    struct Outer(fmt::Error);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("outer")
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    let rc = RcPool::new().alloc(Outer(fmt::Error));
    let error: &dyn Error = &rc;
    assert_eq!((error.to_string(), error.source().unwrap().to_string()), ("outer".into(), fmt::Error.to_string()));
}

#[test]
fn handles_are_covariant() {
    fn shorter<'a>(rc: PoolRc<&'static str>, weak: PoolWeak<&'static str>) -> (PoolRc<&'a str>, PoolWeak<&'a str>) {
        (rc, weak)
    }

    fn pool<'a>(pool: RcPool<&'static str>) -> RcPool<&'a str> {
        pool
    }

    let long = RcPool::new();
    let rc = long.alloc("static");
    let text = String::from("local");
    let (rc, weak) = shorter(rc.clone(), PoolRc::downgrade(&rc));
    let local = pool(long).alloc(text.as_str());
    assert_eq!([rc, local, weak.upgrade().unwrap()].map(|rc| *rc), ["static", "local", "static"]);
}
