//! What `instructions.sh` runs under callgrind: so many allocations and frees, each through a function of its own
//! that can be told apart there.
//!
//! ```text
//! count API recent TIMES     one object, again and again: the chunk freed last serves the next
//! count API word TIMES       TIMES objects allocated from one word of the bitmap, then freed into it
//! ```
//!
//! API is `core`, `typed`, `classes` (a pool of many sizes, as a container calls it: the layout is known as the program runs) or
//! `global` (one for many threads, as the global allocator).

use std::{alloc::Layout, env, hint::black_box, process::ExitCode, ptr::NonNull};

use goo_pool_benches::objects::{Object as _, Words};
use goo_pool_core::{ClassPool, RawPool, SyncClassPool};
use goo_pool_typed::{Pool, PoolBox};

/// 32 bytes, no destructor.
type Object = Words<4>;

/// Objects that are not counted: one stays, so that no block becomes empty; two are freed before the others,
/// and meet what happens once in 64 frees.
const UNCOUNTED: usize = 3;

/// Chunks in one word of a bitmap.
const WORD: usize = 64;

/// The functions under the glass. They must stay functions, with names that a script can name.
mod probe {
    use std::{
        alloc::{GlobalAlloc, Layout},
        ptr::NonNull,
    };

    use allocator_api2_02::alloc::Allocator;
    use goo_pool_benches::objects::Object as _;
    use goo_pool_core::{ClassPool, RawPool, SyncClassPool};
    use goo_pool_typed::{Pool, PoolBox};

    use super::Object;

    #[unsafe(export_name = "probe_core_alloc")]
    #[inline(never)]
    pub(crate) fn core_alloc(pool: &RawPool) -> Option<NonNull<u8>> {
        pool.allocate().ok()
    }

    /// # Safety
    ///
    /// As for `RawPool::deallocate`.
    #[unsafe(export_name = "probe_core_free")]
    #[inline(never)]
    pub(crate) unsafe fn core_free(pool: &RawPool, chunk: NonNull<u8>) {
        // SAFETY: the caller's promise.
        unsafe { pool.deallocate(chunk) };
    }

    #[unsafe(export_name = "probe_typed_alloc")]
    #[inline(never)]
    pub(crate) fn typed_alloc(pool: &Pool<Object>, cookie: u64) -> PoolBox<Object> {
        pool.alloc(Object::new(cookie))
    }

    #[unsafe(export_name = "probe_typed_free")]
    #[inline(never)]
    pub(crate) fn typed_free(object: PoolBox<Object>) {
        drop(object);
    }

    #[unsafe(export_name = "probe_classes_alloc")]
    #[inline(never)]
    pub(crate) fn classes_alloc(pool: &ClassPool, layout: Layout) -> Option<NonNull<[u8]>> {
        Allocator::allocate(&pool, layout).ok()
    }

    /// # Safety
    ///
    /// As for `ClassPool::deallocate`.
    #[unsafe(export_name = "probe_classes_free")]
    #[inline(never)]
    pub(crate) unsafe fn classes_free(pool: &ClassPool, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { pool.deallocate(ptr, layout) };
    }

    /// # Safety
    ///
    /// As for `GlobalAlloc::alloc`.
    #[unsafe(export_name = "probe_global_alloc")]
    #[inline(never)]
    pub(crate) unsafe fn global_alloc(pool: &SyncClassPool, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { pool.alloc(layout) }
    }

    /// # Safety
    ///
    /// As for `GlobalAlloc::dealloc`.
    #[unsafe(export_name = "probe_global_free")]
    #[inline(never)]
    pub(crate) unsafe fn global_free(pool: &SyncClassPool, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { pool.dealloc(ptr, layout) };
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [api, path, times] = arguments[..] else {
        return usage();
    };
    let Ok(times) = times.parse::<usize>() else {
        return usage();
    };
    match (api, path) {
        ("core", "recent") => recent(Core::new(), times),
        ("typed", "recent") => recent(Typed::new(), times),
        ("classes", "recent") => recent(Classes::new(), times),
        ("global", "recent") => recent(Global::new(), times),
        ("classes", "word") if times <= WORD - UNCOUNTED => word(Classes::new(), times),
        ("global", "word") if times <= WORD - UNCOUNTED => word(Global::new(), times),
        ("core", "word") if times <= WORD - UNCOUNTED => word(Core::new(), times),
        ("typed", "word") if times <= WORD - UNCOUNTED => word(Typed::new(), times),
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: count core|typed|classes|global recent|word TIMES    (word: at most {})", WORD - UNCOUNTED);
    ExitCode::FAILURE
}

/// The ways to call a pool.
trait Api {
    type Handle;
    fn alloc(&self, cookie: usize) -> Self::Handle;
    fn free(&self, handle: Self::Handle);
}

fn recent(api: impl Api, times: usize) {
    let kept = api.alloc(0);
    for cookie in 0..times {
        api.free(black_box(api.alloc(cookie)));
    }
    api.free(kept);
}

fn word(api: impl Api, times: usize) {
    let mut handles: Vec<_> = (0..times + UNCOUNTED).map(|cookie| api.alloc(cookie)).collect();
    let kept = handles.pop();
    // The first goes to the `recent` slot, and the others into the bitmap.
    for handle in handles {
        api.free(handle);
    }
    kept.into_iter().for_each(|handle| api.free(handle));
}

struct Core(RawPool);

impl Core {
    fn new() -> Self {
        Core(RawPool::new(Layout::new::<Object>()).expect("a pool of a small layout"))
    }
}

impl Api for Core {
    type Handle = NonNull<u8>;

    fn alloc(&self, cookie: usize) -> NonNull<u8> {
        let chunk = probe::core_alloc(&self.0).expect("memory for a few objects");
        // SAFETY: the chunk has the layout of an object and is ours.
        unsafe { chunk.cast::<Object>().write(Object::new(cookie as u64)) };
        chunk
    }

    fn free(&self, chunk: NonNull<u8>) {
        // SAFETY: handles come from `alloc` of this value and are given back once, by `recent` and `word` above.
        unsafe { probe::core_free(&self.0, chunk) };
    }
}

struct Typed(Pool<Object>);

impl Typed {
    fn new() -> Self {
        Typed(Pool::new())
    }
}

impl Api for Typed {
    type Handle = PoolBox<Object>;

    fn alloc(&self, cookie: usize) -> PoolBox<Object> {
        probe::typed_alloc(&self.0, cookie as u64)
    }

    fn free(&self, object: PoolBox<Object>) {
        probe::typed_free(object);
    }
}

/// A first segment with a whole word of chunks.
const ROOM: usize = 64 * 1024;

struct Classes(ClassPool);

impl Classes {
    fn new() -> Self {
        Classes(ClassPool::builder().first_segment(ROOM).build().expect("memory for a pool"))
    }
}

impl Api for Classes {
    type Handle = NonNull<Object>;

    fn alloc(&self, cookie: usize) -> NonNull<Object> {
        let chunk = probe::classes_alloc(&self.0, Layout::new::<Object>()).expect("memory for a few objects").cast();
        // SAFETY: the chunk has room for an object and is ours.
        unsafe { chunk.write(Object::new(cookie as u64)) };
        chunk
    }

    fn free(&self, chunk: NonNull<Object>) {
        // SAFETY: as for `Core`.
        unsafe { probe::classes_free(&self.0, chunk.cast(), Layout::new::<Object>()) };
    }
}

struct Global(SyncClassPool);

impl Global {
    fn new() -> Self {
        Global(SyncClassPool::builder().first_segment(ROOM).build_sync().expect("memory for a pool"))
    }
}

impl Api for Global {
    type Handle = NonNull<Object>;

    fn alloc(&self, cookie: usize) -> NonNull<Object> {
        // SAFETY: an object has a size.
        let chunk = unsafe { probe::global_alloc(&self.0, Layout::new::<Object>()) };
        let chunk = NonNull::new(chunk).expect("memory for a few objects").cast();
        // SAFETY: the chunk has room for an object and is ours.
        unsafe { chunk.write(Object::new(cookie as u64)) };
        chunk
    }

    fn free(&self, chunk: NonNull<Object>) {
        // SAFETY: as for `Core`.
        unsafe { probe::global_free(&self.0, chunk.as_ptr().cast(), Layout::new::<Object>()) };
    }
}
