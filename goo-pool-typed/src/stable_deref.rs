//! `stable_deref_trait`: the value stays where it is while its owner moves.

use stable_deref_trait::{CloneStableDeref, StableDeref};

use crate::generic::{Kind, PoolBox, PoolRc};

// SAFETY: a chunk stays where it is until its box is gone, wherever that moves and whatever its value does: `deref` and
// `deref_mut` read the box's pointer, which never changes.
unsafe impl<T: ?Sized, H: Kind> StableDeref for PoolBox<T, H> {}

// SAFETY: the same. While there is a handle the value is not moved: that takes the only one, by value or by `&mut`.
unsafe impl<T: ?Sized, H: Kind> StableDeref for PoolRc<T, H> {}

// SAFETY: a clone is a handle to the same value.
unsafe impl<T: ?Sized, H: Kind> CloneStableDeref for PoolRc<T, H> {}
