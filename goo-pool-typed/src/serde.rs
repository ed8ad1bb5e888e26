//! What has a value serialises as the value, as `Box` and `Rc` do. The way back is in `seed.rs`.
//!
//! Weak handles are left out: most lead back to where the serialiser comes from (a node's parent), so to follow them would
//! never end. A field that is one says `#[serde(skip)]`.

use core::ops::Deref;

use serde::{Serialize, Serializer};

use crate::generic::{Kind, PoolBox, PoolRc};
use crate::{AnyRecycler, Counted, Recycled};

/// As the value.
impl<T: ?Sized + Serialize, H: Kind> Serialize for PoolBox<T, H> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

/// As the value, once for each handle: that it is shared is lost, as with serde's `Rc`.
impl<T: ?Sized + Serialize, H: Kind> Serialize for PoolRc<T, H> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

/// As the value.
impl<T: ?Sized + Serialize> Serialize for Counted<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

/// As the value that is lent.
impl<R: Deref<Target: AnyRecycler<Value: Serialize>>> Serialize for Recycled<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}
