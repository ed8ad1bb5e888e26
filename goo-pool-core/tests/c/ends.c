/* Ends in the way that its argument says; the test looks at how. */
#include <string.h>

#include "check.h"
#include "goo_allocator.h"

static void tell(void) {
    fputs("the handler was told\n", stderr);
}

int main(int count, char **arguments) {
    CHECK(count == 2);
    const char *how = arguments[1];
    GooAllocator *system = goo_system_allocator_create();
    GooPoolAllocator *pool = goo_pool_allocator_create(system, 64, 8, 10);
    GooAllocator *a = &pool->allocator;
    a->out_of_mem_fn = tell;
    system->out_of_mem_fn = tell;
    if (strcmp(how, "pool panics") == 0) {
        a->strategy = GOO_ALLOC_STRATEGY_PANIC;
        a->alloc(a, 65, 8, GOO_ALLOC_DEFAULT);
    } else if (strcmp(how, "pool does not fail") == 0) {
        a->alloc(a, 64, 0, GOO_ALLOC_NO_FAIL);
    } else if (strcmp(how, "pool retries and does not fail") == 0) {
        a->strategy = GOO_ALLOC_STRATEGY_RETRY;
        a->alloc(a, 65, 8, GOO_ALLOC_NO_FAIL);
    } else if (strcmp(how, "system panics") == 0) {
        system->alloc(system, SIZE_MAX / 2, 8, GOO_ALLOC_DEFAULT);
    } else if (strcmp(how, "default panics") == 0) {
        goo_alloc(SIZE_MAX);
    } else if (strcmp(how, "realloc panics") == 0) {
        system->realloc(system, system->alloc(system, 8, 8, GOO_ALLOC_ZERO), 8, SIZE_MAX, 8, GOO_ALLOC_DEFAULT);
    } else if (strcmp(how, "double free") == 0) {
        void *chunk = a->alloc(a, 64, 8, GOO_ALLOC_DEFAULT);
        a->free(a, chunk, 64, 8);
        a->free(a, chunk, 64, 8);
        CHECK(a->stats.total_frees == 1);
        a->destroy(a);
        system->destroy(system);
        return 0;
    } else if (strcmp(how, "foreign pointer") == 0) {
        int foreign;
        a->free(a, &foreign, sizeof foreign, 4);
        CHECK(a->realloc(a, &foreign, sizeof foreign, 8, 4, GOO_ALLOC_ZERO) == NULL);
        CHECK(a->stats.total_frees == 0);
        a->destroy(a);
        system->destroy(system);
        return 0;
    } else if (strcmp(how, "write after free") == 0) {
        unsigned char *chunk = a->alloc(a, 64, 8, GOO_ALLOC_DEFAULT);
        a->free(a, chunk, 64, 8);
        chunk[5] = 1;
        a->alloc(a, 64, 8, GOO_ALLOC_DEFAULT);
    }
    return 2; /* it came back */
}
