//! What a contestant has to do.

/// What can be put into a pool here: `Unpin`, because two of the rivals ask for it.
pub trait Value: Unpin + 'static {}

impl<T: Unpin + 'static> Value for T {}

/// One contestant.
///
/// An adapter says how its library is called and does nothing else; the loops are in
/// [`live`](crate::live), [`list`](crate::list) and [`tree`](crate::tree), once for all.
/// Handles move, so no object can be freed twice.
pub trait Subject: 'static {
    /// The name of its row.
    const NAME: &'static str;

    /// Whether each object has a place of its own. Only the do-nothing subject says no; its sums are not checked.
    const KEEPS_OBJECTS: bool = true;

    /// The pool, or nothing for a general allocator.
    type Pool<T: Value>;

    /// What owns or names an object.
    type Handle<T: Value>;

    /// Makes an empty pool, as the library's documentation does first.
    fn pool<T: Value>() -> Self::Pool<T>;

    /// Moves `value` into the pool.
    fn alloc<T: Value>(pool: &mut Self::Pool<T>, value: T) -> Self::Handle<T>;

    /// The object.
    ///
    /// # Safety
    ///
    /// `handle` came from `alloc` of this pool.
    unsafe fn get<'a, T: Value>(pool: &'a Self::Pool<T>, handle: &'a Self::Handle<T>) -> &'a T;

    /// The object, to be changed.
    ///
    /// # Safety
    ///
    /// `handle` came from `alloc` of this pool.
    unsafe fn get_mut<'a, T: Value>(pool: &'a mut Self::Pool<T>, handle: &'a mut Self::Handle<T>) -> &'a mut T;

    /// Drops the object and gives its memory back to the pool.
    ///
    /// # Safety
    ///
    /// `handle` came from `alloc` of this pool.
    unsafe fn free<T: Value>(pool: &mut Self::Pool<T>, handle: Self::Handle<T>);

    /// One word that stands for the object: its address, or the key where a handle has no address.
    fn word<T: Value>(handle: &Self::Handle<T>) -> *const u8;

    /// Called when all objects have been given to `free`: the only moment at which an arena gets its
    /// memory back.
    ///
    /// # Safety
    ///
    /// Every handle that came from `alloc` of this pool has been given to `free`.
    #[inline(always)]
    unsafe fn all_freed<T: Value>(_pool: &mut Self::Pool<T>) {}
}

/// A subject that can free everything at once, without touching the objects.
pub trait Reset: Subject {
    /// Frees every object of the pool.
    ///
    /// # Safety
    ///
    /// No handle of this pool is used after this call.
    unsafe fn reset<T: Value>(pool: &mut Self::Pool<T>);
}

/// Lets the optimizer believe that somebody looks at the new object and changes it, so that it is really allocated,
/// really written, and really read again.
///
/// The word goes into a register, and nothing else happens. `black_box` on the word would store it first, and with the
/// value, or with its result used further on, there would be a round trip through memory in every operation,
/// as large as what we measure.
#[inline(always)]
pub fn observe<S: Subject, T: Value>(handle: &S::Handle<T>) {
    touch(S::word(handle));
}

/// [`observe`] for an object's address.
#[inline(always)]
pub fn touch(word: *const u8) {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    // SAFETY: no instruction at all.
    unsafe {
        std::arch::asm!("/* {} */", in(reg) word, options(nostack, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    std::hint::black_box(word);
}
