/*
 * The loops of the benches in C: the same for each contestant, which is a pair of expressions. Reads lines from the standard
 * input, `<contestant> <workload> <operations>`, and answers each with the nanoseconds that it took.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "goo_allocator.h"

enum { FILL = 1000, FEW = 1000, MANY = 300000 };

/* 64 bytes; the number tells which object it is when it is freed. */
typedef struct Object {
    uint64_t number, rest[7];
} Object;

static GooAllocator *counting, *plain;

/* Nobody knows any more what is in memory, so that an object is really made. */
#define OBSERVE(object) __asm__ volatile("" : : "r"(object) : "memory")

static Object *made(void *memory, uint64_t number) {
    if (memory == NULL) {
        fputs("no memory\n", stderr);
        exit(1);
    }
    Object *object = memory;
    object->number = number;
    memset(object->rest, 0, sizeof object->rest);
    OBSERVE(object);
    return object;
}

static void expect(uint64_t found, uint64_t expected) {
    if (found != expected) {
        fprintf(stderr, "%llu instead of %llu\n", (unsigned long long)found, (unsigned long long)expected);
        exit(1);
    }
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t random_state = 0x9e3779b97f4a7c15;

static size_t random_below(size_t limit) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (size_t)(((random_state >> 32) * limit) >> 32);
}

static size_t order[FILL];

static void shuffle(void) {
    for (size_t i = 0; i < FILL; i++) {
        size_t j = random_below(i + 1);
        order[i] = order[j];
        order[j] = i;
    }
}

/* The loops for a contestant. ALLOC is an expression, FREE(object) another. */
#define LOOPS(NAME, ALLOC, FREE)                                                                    \
    static uint64_t NAME##_pair(uint64_t operations) {                                              \
        uint64_t sum = 0, start = now();                                                            \
        for (uint64_t i = 0; i < operations; i++) {                                                 \
            Object *object = made(ALLOC, i);                                                        \
            sum += object->number;                                                                  \
            FREE(object);                                                                           \
        }                                                                                           \
        uint64_t time = now() - start;                                                              \
        expect(sum, operations * (operations - 1) / 2);                                             \
        return time;                                                                                \
    }                                                                                               \
                                                                                                    \
    static uint64_t NAME##_fill_drain(uint64_t operations) {                                        \
        static Object *objects[FILL];                                                               \
        uint64_t sum = 0, rounds = (operations + FILL - 1) / FILL, start = now();                   \
        for (uint64_t round = 0; round < rounds; round++) {                                         \
            for (size_t i = 0; i < FILL; i++) {                                                     \
                objects[i] = made(ALLOC, i);                                                        \
            }                                                                                       \
            for (size_t i = 0; i < FILL; i++) {                                                     \
                Object *object = objects[order[i]];                                                 \
                sum += object->number;                                                              \
                FREE(object);                                                                       \
            }                                                                                       \
        }                                                                                           \
        uint64_t time = now() - start;                                                              \
        expect(sum, rounds * ((uint64_t)FILL * (FILL - 1) / 2));                                    \
        return time * operations / (rounds * FILL);                                                 \
    }                                                                                               \
                                                                                                    \
    /* They stay alive from run to run. */                                                          \
    static uint64_t NAME##_replace(uint64_t operations, Object **objects, size_t count) {           \
        for (size_t i = 0; i < count && objects[i] == NULL; i++) {                                  \
            objects[i] = made(ALLOC, i);                                                            \
        }                                                                                           \
        uint64_t sum = 0, expected = 0, start = now();                                              \
        for (uint64_t i = 0; i < operations; i++) {                                                 \
            size_t at = random_below(count);                                                        \
            Object *object = objects[at];                                                           \
            sum += object->number;                                                                  \
            FREE(object);                                                                           \
            objects[at] = made(ALLOC, at);                                                          \
            expected += at;                                                                         \
        }                                                                                           \
        uint64_t time = now() - start;                                                              \
        expect(sum, expected);                                                                      \
        return time;                                                                                \
    }                                                                                               \
                                                                                                    \
    static uint64_t NAME##_run(const char *workload, uint64_t operations) {                         \
        static Object *few[FEW], *many[MANY];                                                       \
        if (strcmp(workload, "pair") == 0) {                                                        \
            return NAME##_pair(operations);                                                         \
        }                                                                                           \
        if (strcmp(workload, "fill_drain") == 0) {                                                  \
            return NAME##_fill_drain(operations);                                                   \
        }                                                                                           \
        if (strcmp(workload, "replace_1k") == 0) {                                                  \
            return NAME##_replace(operations, few, FEW);                                            \
        }                                                                                           \
        if (strcmp(workload, "replace_300k") == 0) {                                                \
            return NAME##_replace(operations, many, MANY);                                          \
        }                                                                                           \
        fprintf(stderr, "no workload %s\n", workload);                                              \
        exit(2);                                                                                    \
    }

#define FROM(allocator) (allocator)->alloc(allocator, sizeof(Object), 16, GOO_ALLOC_DEFAULT)

#define FREE_PLAIN(object) plain->free(plain, object, sizeof(Object), 16)
LOOPS(plain, FROM(plain), FREE_PLAIN)

#define FREE_COUNTING(object) counting->free(counting, object, sizeof(Object), 16)
LOOPS(counting, FROM(counting), FREE_COUNTING)

#define FREE_DEFAULT(object) goo_free(object, sizeof(Object))
LOOPS(goo, goo_alloc(sizeof(Object)), FREE_DEFAULT)
LOOPS(goo_plain, goo_alloc(sizeof(Object)), FREE_DEFAULT)

LOOPS(malloc, malloc(sizeof(Object)), free)

static GooAllocator *new_pool(bool track_stats) {
    GooPoolAllocator *pool = goo_pool_allocator_create(goo_get_default_allocator(), sizeof(Object), 16, FILL);
    if (pool == NULL) {
        fputs("no pool\n", stderr);
        exit(1);
    }
    pool->allocator.track_stats = track_stats;
    return &pool->allocator;
}

int main(void) {
    counting = new_pool(true);
    plain = new_pool(false);
    shuffle();
    char contestant[32], workload[32];
    unsigned long long operations;
    while (scanf("%31s %31s %llu", contestant, workload, &operations) == 3) {
        const struct {
            const char *name;
            uint64_t (*run)(const char *, uint64_t);
        } contestants[] = {
            {"plain", plain_run}, {"counting", counting_run}, {"goo", goo_run}, {"goo_plain", goo_plain_run},
            {"malloc", malloc_run},
        };
        size_t at = 0;
        while (strcmp(contestants[at].name, contestant) != 0) {
            if (++at == sizeof contestants / sizeof *contestants) {
                fprintf(stderr, "no contestant %s\n", contestant);
                return 2;
            }
        }
        goo_get_default_allocator()->track_stats = contestants[at].run == goo_run;
        printf("%llu\n", (unsigned long long)contestants[at].run(workload, operations));
        fflush(stdout);
    }
    return 0;
}
