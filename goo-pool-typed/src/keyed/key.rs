//! What names a value: its slot's index, and which of the slot's values it is.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;
use core::num::NonZeroU32;

/// Names a value in a [`KeyedPool`](crate::KeyedPool): 8 bytes, also as an `Option`, that may be copied and stored anywhere.
///
/// It is no reference, so it does not borrow the pool, and it does not dangle: when its value is removed, the key is *stale*,
/// and the pool says `None` to it for ever. A key that is used with another pool than its own gives `None`, or some value of that
/// pool.
///
/// Keys of one pool differ as long as the pool lives. They are ordered, so that they can be sorted and put into a
/// `BTreeMap`, but the order has no meaning.
///
/// # Examples
///
/// ```
/// use goo_pool_typed::{Key, KeyedPool};
///
/// struct Employee {
///     name: &'static str,
///     boss: Option<Key<Employee>>,
/// }
///
/// let mut staff = KeyedPool::new();
/// let ada = staff.insert(Employee { name: "Ada", boss: None });
/// let ben = staff.insert(Employee { name: "Ben", boss: Some(ada) });
/// let boss = |key| staff[key].boss.map(|boss| staff[boss].name);
/// assert_eq!((boss(ada), boss(ben)), (None, Some("Ada")));
/// assert_eq!(size_of::<Option<Key<Employee>>>(), 8);
/// ```
pub struct Key<T> {
    index: u32,
    /// Invariant: odd, as the generations of live slots are.
    generation: NonZeroU32,
    /// Whatever `T` is, a key may be copied and sent: it holds none.
    value: PhantomData<fn() -> T>,
}

const _: () = assert!(size_of::<Key<()>>() == 8 && size_of::<Option<Key<()>>>() == 8);

impl<T> Key<T> {
    /// `None` if the generation is even: no live value has such a one.
    #[inline]
    pub(super) const fn new(index: u32, generation: u32) -> Option<Self> {
        match NonZeroU32::new(generation) {
            Some(generation) if generation.get() % 2 == 1 => Some(Self { index, generation, value: PhantomData }),
            _ => None,
        }
    }

    /// # Safety
    ///
    /// 1. The generation is odd.
    #[inline]
    pub(super) const unsafe fn of_live(index: u32, generation: u32) -> Self {
        debug_assert!(generation % 2 == 1, "the slot is vacant");
        // SAFETY: (1).
        Self { index, generation: unsafe { NonZeroU32::new_unchecked(generation) }, value: PhantomData }
    }

    #[inline]
    pub(super) const fn index(self) -> u32 {
        self.index
    }

    /// It is odd.
    #[inline]
    pub(super) const fn generation(self) -> u32 {
        self.generation.get()
    }

    /// The key as a number that is not 0, for what cannot hold a `Key`: C, a file, an atomic.
    ///
    /// # Examples
    ///
    /// ```
    /// use goo_pool_typed::{Key, KeyedPool};
    ///
    /// let mut pool = KeyedPool::new();
    /// let user_data: u64 = pool.insert("connection").to_bits();
    /// let key = Key::from_bits(user_data).expect("it came from `to_bits`");
    /// assert_eq!(pool[key], "connection");
    /// ```
    #[must_use]
    #[inline]
    pub const fn to_bits(self) -> u64 {
        (self.generation.get() as u64) << 32 | self.index as u64
    }

    /// The key that [`to_bits`](Self::to_bits) made a number of; `None` for most numbers that it never gives.
    ///
    /// Any number may be tried: at worst the key is one of some other value, never of memory that is none.
    #[must_use]
    #[inline]
    pub const fn from_bits(bits: u64) -> Option<Self> {
        Self::new(bits as u32, (bits >> 32) as u32)
    }
}

// By hand, since derived ones would ask the same of `T`.

impl<T> Clone for Key<T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> PartialEq for Key<T> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.to_bits() == other.to_bits()
    }
}

impl<T> Eq for Key<T> {}

impl<T> PartialOrd for Key<T> {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Key<T> {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.to_bits().cmp(&other.to_bits())
    }
}

impl<T> Hash for Key<T> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.to_bits().hash(state);
    }
}

/// As the slot, and which of its values it is: `Key(7v3)`.
impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}v{})", self.index, self.generation.get() / 2)
    }
}
