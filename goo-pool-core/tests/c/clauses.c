/* Each promise of the header, as a C program sees it. */
#include <string.h>

#include "check.h"
#include "goo_allocator.h"

static bool all_are(const void *memory, unsigned char byte, size_t from, size_t to) {
    const unsigned char *bytes = memory;
    for (size_t at = from; at < to; at++) {
        if (bytes[at] != byte) {
            return false;
        }
    }
    return true;
}

static bool is_aligned(const void *memory, size_t alignment) {
    return (uintptr_t)memory % alignment == 0;
}

static void check_sums(GooAllocator *allocator) {
    GooAllocStats stats = goo_get_alloc_stats(allocator);
    CHECK(memcmp(&stats, &allocator->stats, sizeof stats) == 0);
    CHECK(stats.total_allocations == stats.total_frees + stats.allocation_count);
    CHECK(stats.bytes_allocated <= stats.max_bytes_allocated);
}

/* A system allocator that returns NULL. */
static GooAllocator *new_system(void) {
    GooAllocator *system = goo_system_allocator_create();
    CHECK(system != NULL);
    CHECK(system->strategy == GOO_ALLOC_STRATEGY_PANIC && system->track_stats && system->out_of_mem_fn == NULL);
    system->strategy = GOO_ALLOC_STRATEGY_NULL;
    return system;
}

/* Nothing of it is left. */
static void end_system(GooAllocator *system) {
    check_sums(system);
    CHECK(system->stats.bytes_allocated == 0 && system->stats.bytes_reserved == 0);
    system->destroy(system);
}

static void the_first_member_is_the_allocator(void) {
    CHECK(offsetof(GooPoolAllocator, allocator) == 0);
    GooAllocator *system = new_system();
    GooPoolAllocator *pool = goo_pool_allocator_create(system, 60, 8, 10);
    CHECK((void *)pool == (void *)&pool->allocator);
    CHECK(pool->parent == system && pool->chunk_size == 64 && pool->alignment == 64);
    CHECK(pool->allocator.strategy == GOO_ALLOC_STRATEGY_NULL && pool->allocator.track_stats);
    pool->allocator.destroy(&pool->allocator);
    end_system(system);
}

static void chunks_are_aligned(void) {
    GooAllocator *system = new_system();
    for (size_t alignment = 1; alignment <= 8192; alignment *= 2) {
        for (size_t size = 1; size < 300; size = 2 * size + 1) {
            GooPoolAllocator *pool = goo_pool_allocator_create(system, size, alignment, 5);
            CHECK(pool != NULL);
            GooAllocator *a = &pool->allocator;
            for (int i = 0; i < 100; i++) {
                void *chunk = a->alloc(a, size, alignment, GOO_ALLOC_ALIGNED | GOO_ALLOC_EXACT | GOO_ALLOC_PERSISTENT);
                CHECK(chunk != NULL && is_aligned(chunk, alignment));
                memset(chunk, 0xa5, size);
            }
            a->destroy(a);
        }
    }
    for (size_t alignment = 1; alignment <= 65536; alignment *= 2) {
        void *memory = system->alloc(system, 100, alignment, GOO_ALLOC_DEFAULT);
        CHECK(memory != NULL && is_aligned(memory, alignment));
        memset(memory, 0xa5, 100);
        system->free(system, memory, 100, alignment);
    }
    void *page = system->alloc(system, 100, 8, GOO_ALLOC_PAGE);
    CHECK(is_aligned(page, 4096));
    system->free(system, page, 100, 8);
    end_system(system);
}

static void senseless_arguments_give_null(void) {
    GooAllocator *system = new_system();
    CHECK(goo_pool_allocator_create(NULL, 64, 8, 10) == NULL);
    CHECK(goo_pool_allocator_create(system, 64, 0, 10) == NULL);
    CHECK(goo_pool_allocator_create(system, 64, 24, 10) == NULL);
    CHECK(goo_pool_allocator_create(system, 64, 8, 0) == NULL);
    CHECK(goo_pool_allocator_create(system, 0, 8, 10) == NULL);
    CHECK(goo_pool_allocator_create(system, SIZE_MAX, 8, 10) == NULL);
    CHECK(goo_pool_allocator_create(system, 64, 8, SIZE_MAX) == NULL);
    CHECK(goo_pool_allocator_create(system, 64, 8, SIZE_MAX / 64 + 2) == NULL);
    CHECK(goo_pool_allocator_create(system, 1, SIZE_MAX / 2 + 1, 1) == NULL);
    CHECK(goo_pool_allocator_create_sized(NULL, 64, 8, 10) == NULL);
    CHECK(goo_pool_allocator_create_sized(system, 64, 0, 10) == NULL);
    CHECK(goo_pool_allocator_create_sized(system, 64, 8, 0) == NULL);
    CHECK(goo_pool_allocator_create_sized(system, SIZE_MAX / 2, 8, 1000) == NULL);
    GooAllocator empty = {0};
    CHECK(goo_pool_allocator_create(&empty, 64, 8, 10) == NULL);

    GooPoolAllocator *pool = goo_pool_allocator_create(system, 64, 8, 10);
    GooAllocator *allocators[] = {system, &pool->allocator};
    for (int i = 0; i < 2; i++) {
        GooAllocator *a = allocators[i];
        size_t failed = a->stats.failed_allocations;
        CHECK(a->alloc(a, 8, 0, GOO_ALLOC_DEFAULT) == NULL);
        CHECK(a->alloc(a, 8, 3, GOO_ALLOC_DEFAULT) == NULL);
        CHECK(a->alloc(a, SIZE_MAX, 8, GOO_ALLOC_ZERO) == NULL);
        CHECK(a->alloc(a, SIZE_MAX - 8, 8, GOO_ALLOC_ZERO) == NULL);
        CHECK(a->alloc(a, SIZE_MAX / 2, 8, GOO_ALLOC_ZERO) == NULL);
        CHECK(a->stats.failed_allocations == failed + 5);
        void *memory = a->alloc(a, 8, 8, GOO_ALLOC_DEFAULT);
        memset(memory, 1, 8);
        CHECK(a->realloc(a, memory, 8, SIZE_MAX, 8, GOO_ALLOC_DEFAULT) == NULL);
        CHECK(a->realloc(a, memory, 8, 16, 0, GOO_ALLOC_DEFAULT) == NULL);
        CHECK(all_are(memory, 1, 0, 8));
        a->free(a, memory, 8, 8);
        a->free(a, NULL, 8, 8);
        CHECK(a->alloc(NULL, 8, 8, GOO_ALLOC_DEFAULT) == NULL);
        CHECK(a->realloc(NULL, NULL, 0, 8, 8, GOO_ALLOC_DEFAULT) == NULL);
        a->free(NULL, NULL, 8, 8);
        a->destroy(NULL);
        check_sums(a);
    }
    size_t number = 1;
    goo_pool_get_stats(NULL, &number, NULL);
    CHECK(number == 0);
    goo_pool_get_stats(pool, NULL, NULL);
    goo_pool_reset(NULL);
    goo_scope_cleanup(NULL);
    goo_free(NULL, 1);
    pool->allocator.destroy(&pool->allocator);
    end_system(system);
}

static GooAllocator *failing;
static int calls;

static void count(void) {
    calls++;
}

static void fail_again(void) {
    calls++;
    CHECK(failing->alloc(failing, SIZE_MAX, 8, GOO_ALLOC_DEFAULT) == NULL);
}

static int calls_when_it_fails(GooOutOfMemFn handler, GooAllocStrategy strategy) {
    calls = 0;
    failing->out_of_mem_fn = handler;
    failing->strategy = strategy;
    CHECK(failing->alloc(failing, SIZE_MAX, 8, GOO_ALLOC_DEFAULT) == NULL);
    CHECK(failing->alloc(failing, 8, 0, GOO_ALLOC_DEFAULT) == NULL);
    return calls;
}

static void retries_are_bounded(void) {
    GooAllocator *system = new_system();
    GooPoolAllocator *pool = goo_pool_allocator_create(system, 64, 8, 10);
    GooAllocator *allocators[] = {system, &pool->allocator};
    for (int i = 0; i < 2; i++) {
        failing = allocators[i];
        CHECK(calls_when_it_fails(NULL, GOO_ALLOC_STRATEGY_RETRY) == 0);
        CHECK(calls_when_it_fails(count, GOO_ALLOC_STRATEGY_NULL) == 0);
        CHECK(calls_when_it_fails(count, GOO_ALLOC_STRATEGY_RETRY) == 2 * GOO_ALLOC_MAX_RETRIES);
        CHECK(calls_when_it_fails(count, GOO_ALLOC_STRATEGY_GC) == 2 * GOO_ALLOC_MAX_RETRIES);
        CHECK(calls_when_it_fails(fail_again, GOO_ALLOC_STRATEGY_RETRY) == 2 * GOO_ALLOC_MAX_RETRIES);
        CHECK(calls_when_it_fails(count, (GooAllocStrategy)99) == 0);
        failing->strategy = GOO_ALLOC_STRATEGY_NULL;
    }
    pool->allocator.destroy(&pool->allocator);
    end_system(system);
}

static void realloc_stays_in_the_chunk(void) {
    GooAllocator *system = new_system();
    GooPoolAllocator *pool = goo_pool_allocator_create(system, 128, 8, 10);
    GooAllocator *a = &pool->allocator;
    void *chunk = a->realloc(a, NULL, 0, 10, 8, GOO_ALLOC_DEFAULT);
    memset(chunk, 0xa5, 128);
    CHECK(a->realloc(a, chunk, 10, 100, 8, GOO_ALLOC_ZERO) == chunk);
    CHECK(all_are(chunk, 0xa5, 0, 10) && all_are(chunk, 0, 10, 100) && all_are(chunk, 0xa5, 100, 128));
    CHECK(a->realloc(a, chunk, 100, 50, 8, GOO_ALLOC_ZERO) == chunk);
    CHECK(a->realloc(a, chunk, 50, 128, 8, GOO_ALLOC_DEFAULT) == chunk);
    CHECK(all_are(chunk, 0xa5, 100, 128));
    CHECK(a->realloc(a, chunk, 128, 129, 8, GOO_ALLOC_DEFAULT) == NULL);
    CHECK(a->stats.allocation_count == 1 && a->stats.total_allocations == 1);
    CHECK(a->realloc(a, chunk, 128, 0, 8, GOO_ALLOC_DEFAULT) == NULL);
    CHECK(a->stats.allocation_count == 0 && a->stats.total_frees == 1);
    a->destroy(a);

    char *text = system->alloc(system, 10, 8, GOO_ALLOC_DEFAULT);
    memset(text, 1, 10);
    text = system->realloc(system, text, 10, 100000, 8, GOO_ALLOC_ZERO);
    CHECK(all_are(text, 1, 0, 10) && all_are(text, 0, 10, 100000));
    text = system->realloc(system, text, 100000, 5, 4096, GOO_ALLOC_ZERO);
    CHECK(all_are(text, 1, 0, 5) && is_aligned(text, 4096));
    CHECK(system->stats.bytes_allocated == 5 && system->stats.max_bytes_allocated == 100000);
    system->free(system, text, 0, 0);
    end_system(system);
}

static void reset_frees_all(void) {
    GooAllocator *system = new_system();
    GooPoolAllocator *pool = goo_pool_allocator_create_sized(system, 32, 8, 100);
    GooAllocator *a = &pool->allocator;
    size_t free_chunks, total_chunks;
    for (int round = 1; round <= 10; round++) {
        for (int i = 0; i < 1000; i++) {
            CHECK(a->alloc(a, 32, 8, GOO_ALLOC_PERSISTENT) != NULL);
        }
        goo_pool_get_stats(pool, &free_chunks, &total_chunks);
        CHECK(total_chunks - free_chunks == 1000);
        size_t reserved = a->stats.bytes_reserved;
        CHECK(reserved == system->stats.bytes_allocated);
        goo_pool_reset(pool);
        goo_pool_get_stats(pool, &free_chunks, &total_chunks);
        CHECK(total_chunks == free_chunks);
        check_sums(a);
        CHECK(a->stats.total_frees == 1000 * (size_t)round && a->stats.bytes_allocated == 0);
        CHECK(a->stats.max_bytes_allocated == 32000 && a->stats.bytes_reserved == reserved);
    }
    a->destroy(a);
    end_system(system);
}

static void fields_are_the_programs(void) {
    GooAllocator *system = new_system();
    GooPoolAllocator *pool = goo_pool_allocator_create(system, 32, 8, 100);
    GooAllocator *a = &pool->allocator;
    int mine;
    a->context = &mine;
    a->track_stats = false;
    void *chunk = a->alloc(a, 32, 8, GOO_ALLOC_DEFAULT);
    CHECK(a->stats.total_allocations == 0);
    a->free(a, chunk, 32, 8);
    a->track_stats = true;
    memset(&a->stats, 0, sizeof a->stats);
    chunk = a->alloc(a, 32, 8, GOO_ALLOC_DEFAULT);
    CHECK(a->stats.total_allocations == 1 && a->stats.bytes_allocated == 32);
    a->free(a, chunk, 32, 8);
    CHECK(a->context == &mine);
    a->destroy(a);
    end_system(system);
}

static void scopes_and_the_default(void) {
    GooAllocator *built_in = goo_get_default_allocator();
    CHECK(built_in != NULL);
    GooAllocStats before = goo_get_alloc_stats(NULL);
    void *kept;
    {
        GOO_SCOPE_ALLOC(first, 100);
        GOO_SCOPE_ALLOC(second, 200);
        memset(first, 1, 100);
        memset(second, 2, 200);
        CHECK(goo_get_alloc_stats(NULL).bytes_allocated == before.bytes_allocated + 300);
        kept = second;
        second = NULL;
    }
    CHECK(goo_get_alloc_stats(NULL).bytes_allocated == before.bytes_allocated + 200);
    CHECK(all_are(kept, 2, 0, 200));
    goo_free(kept, 200);
    for (int i = 0; i < 3; i++) {
        GOO_SCOPE_ALLOC(left_early, 50);
        if (i == 1) {
            continue;
        }
        memset(left_early, 1, 50);
    }

    unsigned char *memory = goo_alloc_zero(1000);
    CHECK(all_are(memory, 0, 0, 1000));
    memory = goo_realloc(memory, 1000, 100000);
    CHECK(all_are(memory, 0, 0, 1000));
    goo_free(memory, 100000);
    memory = goo_alloc_aligned(1000, 512);
    CHECK(is_aligned(memory, 512));
    goo_free_aligned(memory, 1000, 512);

    GooPoolAllocator *pool = goo_pool_allocator_create(built_in, 24, 8, 10);
    goo_set_default_allocator(&pool->allocator);
    CHECK(goo_get_default_allocator() == &pool->allocator);
    goo_set_out_of_mem_handler(count);
    CHECK(pool->allocator.out_of_mem_fn == count && built_in->out_of_mem_fn == NULL);
    {
        GOO_SCOPE_ALLOC(chunk, 24);
        CHECK(chunk != NULL && pool->allocator.stats.allocation_count == 1);
        CHECK(goo_alloc(25) == NULL);
    }
    CHECK(pool->allocator.stats.allocation_count == 0);
    pool->allocator.destroy(&pool->allocator);
    CHECK(goo_get_default_allocator() == built_in);
    GooAllocator *system = new_system();
    goo_set_default_allocator(system);
    goo_free(goo_alloc(10), 10);
    CHECK(system->stats.total_allocations == 1);
    goo_set_default_allocator(NULL);
    CHECK(goo_get_default_allocator() == built_in);
    built_in->destroy(built_in);
    CHECK(goo_get_default_allocator() == built_in);
    end_system(system);
}

/* A parent that knows no alignment: what many a C program has. */
typedef struct Simple {
    GooAllocator allocator;
    size_t live;
} Simple;

static void *simple_alloc(GooAllocator *self, size_t size, size_t alignment, GooAllocOptions options) {
    (void)alignment, (void)options;
    ((Simple *)self)->live++;
    return malloc(size);
}

static void simple_free(GooAllocator *self, void *ptr, size_t size, size_t alignment) {
    (void)size, (void)alignment;
    ((Simple *)self)->live--;
    free(ptr);
}

static void a_parent_that_knows_no_alignment_will_do(void) {
    Simple simple = {0};
    simple.allocator.alloc = simple_alloc;
    simple.allocator.free = simple_free;
    GooPoolAllocator *outer = goo_pool_allocator_create(&simple.allocator, 100000, 64, 3);
    CHECK(outer != NULL);
    GooPoolAllocator *inner = goo_pool_allocator_create(&outer->allocator, 100, 32, 3);
    CHECK(inner != NULL);
    for (int i = 0; i < 500; i++) {
        void *chunk = inner->allocator.alloc(&inner->allocator, 100, 32, GOO_ALLOC_ZERO);
        CHECK(chunk != NULL && is_aligned(chunk, 32));
        memset(chunk, 0xa5, 100);
    }
    inner->allocator.destroy(&inner->allocator);
    CHECK(outer->allocator.stats.allocation_count == 0);
    outer->allocator.destroy(&outer->allocator);
    CHECK(simple.live == 0);
}

int main(void) {
    the_first_member_is_the_allocator();
    chunks_are_aligned();
    senseless_arguments_give_null();
    retries_are_bounded();
    realloc_stays_in_the_chunk();
    reset_frees_all();
    fields_are_the_programs();
    scopes_and_the_default();
    a_parent_that_knows_no_alignment_will_do();
    puts("all so");
    return 0;
}
