/*
 * goo_allocator.h: allocators as values, and pools of chunks of one size.
 *
 * The C interface of goo-pool-core (feature `capi`). CAPI.md has programs to start from, and how to build and link.
 *
 * OWNERSHIP. Who calls a `..._create` function owns the allocator and ends it, once, with `a->destroy(a)`. Memory goes
 * back to the allocator that gave it. A pool takes its memory from its parent, the pool's own record too, and destroying
 * the pool gives all of it back, also chunks that were never freed. So a parent is destroyed after its pools.
 *
 * UNITS. Sizes and alignments are bytes. Chunks are counted in chunks.
 *
 * ERRORS. An allocation that cannot be made follows the allocator's `strategy`: it ends the process with a message,
 * returns NULL, or calls a handler and tries again, GOO_ALLOC_MAX_RETRIES times at most. So do requests that make no
 * sense: an alignment that is 0 or no power of two, a size beyond the address space, more than a chunk from a pool. NULL
 * for an allocator or a pool gives NULL or does nothing. errno means nothing, and nothing throws.
 *
 * THREADS. A pool belongs to one thread at a time, and calls its parent on it. A system allocator, the built-in
 * default one among them, is for any number of threads at a time: also its statistics, read with goo_get_alloc_stats().
 * Its other fields are set before other threads have it. goo_set_default_allocator() and goo_get_default_allocator()
 * may be called on any thread at any time; a default that is a pool is for one thread.
 *
 * HANDLERS AND PARENTS are functions of yours that are called in the middle of an allocation. They may allocate and free, in
 * the same allocator too, and write to the fields that are yours. A handler may also reset the pool. They must return (no
 * longjmp, no exception), and not destroy the allocator that calls them; a parent may not reset it either.
 */
#ifndef GOO_ALLOCATOR_H
#define GOO_ALLOCATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How an allocation is to be made; add them up with |. Other bits are ignored. */
typedef enum GooAllocOptions {
    /* Nothing special: the bytes are whatever they are. */
    GOO_ALLOC_DEFAULT = 0,
    /* The `size` bytes asked for are 0; for realloc, those that are new. */
    GOO_ALLOC_ZERO = 1,
    /* No meaning of its own: the alignment asked for is always kept. */
    GOO_ALLOC_ALIGNED = 2,
    /* No meaning: a pool gives whole chunks, and the system allocator what was asked for. */
    GOO_ALLOC_EXACT = 4,
    /* No meaning: goo_pool_reset() frees all chunks, these too. */
    GOO_ALLOC_PERSISTENT = 8,
    /* Aligned to a page of 4096 bytes at least. A pool can do that if its chunks are so aligned. */
    GOO_ALLOC_PAGE = 16,
    /* Where NULL would be returned the process ends with a message. A strategy that retries does so first. */
    GOO_ALLOC_NO_FAIL = 32
} GooAllocOptions;

/* What an allocator does when it cannot do what is asked. Other numbers mean _NULL. */
typedef enum GooAllocStrategy {
    /* Calls `out_of_mem_fn` once, if there is one, and ends the process (abort) with a message on stderr. */
    GOO_ALLOC_STRATEGY_PANIC = 0,
    /* Returns NULL. */
    GOO_ALLOC_STRATEGY_NULL = 1,
    /* Calls `out_of_mem_fn` and tries again, GOO_ALLOC_MAX_RETRIES times at most, then returns NULL. The handler ends that
     * early by setting another strategy. While a handler runs on a thread none is called there: an allocation of the
     * handler's own that fails returns NULL. */
    GOO_ALLOC_STRATEGY_RETRY = 2,
    /* The same: there is no collector here; if the program has one, its handler runs it. */
    GOO_ALLOC_STRATEGY_GC = 3
} GooAllocStrategy;

/* How often one failing allocation calls the handler. */
#define GOO_ALLOC_MAX_RETRIES 8

/* Called when an allocator has no memory. */
typedef void (*GooOutOfMemFn)(void);

/*
 * What an allocator has counted while `track_stats` was set. total_allocations == total_frees + allocation_count.
 * In a pool every allocation counts as a whole chunk.
 */
typedef struct GooAllocStats {
    size_t bytes_allocated;     /* bytes of live allocations */
    size_t bytes_reserved;      /* bytes taken for them from the system, or by a pool from its parent */
    size_t max_bytes_allocated; /* the most that bytes_allocated ever was */
    size_t allocation_count;    /* live allocations */
    size_t total_allocations;   /* allocations made; failed ones are not among them */
    size_t total_frees;         /* allocations freed, by free, realloc to 0, or goo_pool_reset() */
    size_t failed_allocations;  /* calls that failed, each once, however often it was retried */
} GooAllocStats;

/*
 * An allocator: one of this library's, or your own, with your own functions in the first four fields (`realloc` and
 * `destroy` of a parent are not called, and may be NULL). Our functions take NULL for `self`, and return NULL or do nothing.
 *
 * `strategy`, `out_of_mem_fn`, `track_stats` and `stats` are yours to read and write at any time; `context` is yours
 * alone: this library neither sets nor reads it. Change `track_stats` while nothing is live: what comes while it is off
 * is not counted, and not missed when it goes.
 */
typedef struct GooAllocator {
    /* `size` bytes aligned to `alignment`, a power of two; or see `strategy`. A size of 0 is allowed, and gives memory of
     * its own. The system allocator aligns to 16 at least. */
    void *(*alloc)(struct GooAllocator *self, size_t size, size_t alignment, GooAllocOptions options);
    /* The contents of `ptr` in `new_size` bytes; what `ptr` was is gone, unless NULL comes back: then it is as it was. A
     * NULL `ptr` makes this alloc, a `new_size` of 0 makes it free. In a pool what fits into a chunk stays where it is, and
     * what does not fails. With GOO_ALLOC_ZERO the bytes from `old_size` on are 0, so for a pool that must be the size that
     * was asked for. */
    void *(*realloc)(struct GooAllocator *self, void *ptr, size_t old_size, size_t new_size, size_t alignment,
                     GooAllocOptions options);
    /* Takes `ptr` back, which may be NULL. Allocators of this library do not need to be told the size and the alignment
     * right: 0 will do. If the library looks for misuse (a debug build, or the feature `hardened`) a pool reports what is not a
     * live chunk of its own on stderr, and leaves it alone; otherwise that is undefined behaviour. */
    void (*free)(struct GooAllocator *self, void *ptr, size_t size, size_t alignment);
    /* Ends the allocator. If it was the default one, the built-in one is again. */
    void (*destroy)(struct GooAllocator *self);

    GooAllocStrategy strategy;
    GooOutOfMemFn out_of_mem_fn;
    void *context;
    bool track_stats;
    GooAllocStats stats;
} GooAllocator;

/* A pool. `&pool->allocator` is the pool as an allocator. */
typedef struct GooPoolAllocator {
    GooAllocator allocator;
    /* To read only. The chunk size is the one asked for, rounded up to the alignment; the alignment may be larger than the one
     * asked for, up to 64, where it divides the chunk size. */
    GooAllocator *parent;
    size_t chunk_size;
    size_t alignment;
    /* Ours. */
    void *engine;
} GooPoolAllocator;

/*
 * A new allocator over the system's memory, or NULL. Its strategy is PANIC, and it tracks statistics. You own it. Each piece of
 * memory takes 16 bytes more than was asked for, or as much as its alignment where that is larger.
 */
GooAllocator *goo_system_allocator_create(void);

/*
 * A pool of chunks of `chunk_size` bytes aligned to `alignment`, with room for `initial_capacity` of them; it grows when
 * that is not enough. Its strategy is NULL, and it tracks statistics. You own it. NULL if `parent` is NULL, has no alloc
 * or free, or no memory; if the chunk size or the capacity is 0, the alignment 0 or not a power of two, or all that
 * does not fit into the address space. Mind that the parent's strategy comes before the pool's.
 *
 * The parent is asked for pieces aligned to the pool's blocks (4 KiB and more). If it cannot do that it is asked for more with
 * an alignment of 16, so an allocator that keeps no larger alignment will do.
 */
GooPoolAllocator *goo_pool_allocator_create(GooAllocator *parent, size_t chunk_size, size_t alignment,
                                            size_t initial_capacity);

/*
 * The same with blocks of `chunks_per_block` chunks, and room for so many. The number is rounded up to what fills a
 * power of two of bytes, 4096 at least; a block has 4096 chunks at most.
 */
GooPoolAllocator *goo_pool_allocator_create_sized(GooAllocator *parent, size_t chunk_size, size_t alignment,
                                                  size_t chunks_per_block);

/*
 * Frees all chunks at once and keeps the memory; nobody may use one after that. Takes a step for each piece of memory from
 * the parent, and touches no chunk. The statistics count every chunk that was live as freed.
 */
void goo_pool_reset(GooPoolAllocator *pool);

/* How many chunks are free, and how many there are, free or not; 0 for a NULL pool. Either place may be NULL. Counts bits, one
 * step for each 64 chunks. */
void goo_pool_get_stats(GooPoolAllocator *pool, size_t *free_chunks, size_t *total_chunks);

/* The statistics of an allocator; of the default one for NULL. */
GooAllocStats goo_get_alloc_stats(GooAllocator *allocator);

/*
 * The default allocator, for the functions below. It is a built-in system allocator until another is set; setting NULL brings
 * that one back. It is not owned: who created it destroys it.
 */
GooAllocator *goo_get_default_allocator(void);
void goo_set_default_allocator(GooAllocator *allocator);

/* Sets the default allocator's `out_of_mem_fn`. */
void goo_set_out_of_mem_handler(GooOutOfMemFn handler);

/*
 * Memory from the default allocator. What they return belongs to the caller until it is freed, with the default
 * allocator that it came from. goo_alloc, goo_alloc_zero and goo_realloc ask for an alignment of 8.
 */
void *goo_alloc(size_t size);
void *goo_alloc_zero(size_t size);
void *goo_alloc_aligned(size_t size, size_t alignment);
void *goo_realloc(void *ptr, size_t old_size, size_t new_size);
void goo_free(void *ptr, size_t size);
void goo_free_aligned(void *ptr, size_t size, size_t alignment);

/* Frees what `*variable` points to, through the default allocator, and makes it NULL. The allocator is told a size of 0. */
void goo_scope_cleanup(void **variable);

/*
 * Declares `void *name`, memory from the default allocator that is freed at the end of the scope (also on return, break and
 * goto; not on longjmp or exit). To keep the memory set `name` to NULL. Needs gcc or clang. The default allocator must be the
 * same at both ends, and if it is one of your own, its `free` must not need the size.
 */
#if defined(__GNUC__)
#define GOO_SCOPE_ALLOC(name, size) __attribute__((cleanup(goo_scope_cleanup))) void *name = goo_alloc(size)
#endif

#ifdef __cplusplus
} /* extern "C" */

/* In C++ two enumerators added up are an int, which is no GooAllocOptions. */
inline GooAllocOptions operator|(GooAllocOptions left, GooAllocOptions right) {
    return static_cast<GooAllocOptions>(static_cast<unsigned>(left) | static_cast<unsigned>(right));
}
#endif

#endif /* GOO_ALLOCATOR_H */
